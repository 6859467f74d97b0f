"""Generators that tell what they do, and nodes that read them."""

import asyncio

import anyio.lowlevel
import trio

from tests.conformance.modes import ON_TRIO


def counting(count, log=None):
    """A generator function that gives the numbers below *count*."""
    log = [] if log is None else log

    def counting():
        try:
            for number in range(count):
                log.append(f"makes {number}")
                yield number
        finally:
            log.append("ends")

    return counting


def counting_async(count, log=None):
    """The same as an async generator function."""
    log = [] if log is None else log

    async def counting():
        try:
            for number in range(count):
                await anyio.lowlevel.checkpoint()
                log.append(f"makes {number}")
                yield number
        finally:
            log.append("ends")

    return counting


def summing(log=None):
    """A node function that adds up a stream with a plain for."""
    log = [] if log is None else log

    def summing(numbers):
        log.append("reads")
        total = 0
        for number in numbers:
            log.append(f"takes {number}")
            total += number
        return total

    return summing


def summing_async(log=None):
    """The same with an async for."""
    log = [] if log is None else log

    async def summing(numbers):
        log.append("reads")
        total = 0
        async for number in numbers:
            log.append(f"takes {number}")
            total += number
        return total

    return summing


def waited(mode, function):
    """What an async function gives, on a new loop of the kind that *mode* runs on."""
    return trio.run(function) if mode is ON_TRIO else asyncio.run(function())
