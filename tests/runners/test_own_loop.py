"""A loop of its own for mode async: what becomes of it when it cannot be left."""

import asyncio
import logging
import time

import pytest

from fast_dag import DAG, TimeoutError
from fast_dag.runners.winding_up import Patience, WindingUp


class AnyRun:
    """So little that it fails whoever touches it."""


def steps(log):
    log.append("begun")
    yield


def test_what_is_wound_up_when_patience_has_ended_does_not_touch_the_run():
    patience = Patience()
    patience.end()
    assert WindingUp(AnyRun(), patience).ends == []


def test_patience_that_ends_meanwhile_ends_it(monkeypatch):
    log, patience = [], Patience()
    monkeypatch.setattr("fast_dag.runners.winding_up.ends", lambda run: [steps(log), steps(log)])
    winding = WindingUp(AnyRun(), patience)
    winding.next(winding.ends[0])
    patience.end()
    assert winding.next(winding.ends[1]) is None
    assert log == ["begun"]


def test_a_cleanup_hook_that_holds_up_the_loop_leaves_those_behind_it_out(monkeypatch, caplog):
    faults, called = [], []
    dag = DAG("held")

    @dag.node
    async def waits():
        await asyncio.sleep(5)

    async def holds_up(node):
        called.append("own")
        time.sleep(0.6)  # noqa: ASYNC251 - the point

    async def behind(node):
        called.append("default")

    def watched(self, steps_, outcome=None, *, real=WindingUp.next):
        try:
            return real(self, steps_, outcome)
        except BaseException as error:
            faults.append(error)
            raise

    monkeypatch.setattr(WindingUp, "next", watched)
    dag.set_node_hooks("waits", cleanup=holds_up)
    dag.set_default_hooks(cleanup=behind)
    with caplog.at_level(logging.ERROR, "asyncio"), pytest.raises(TimeoutError):
        dag.run(mode="async", timeout=0.05)
    time.sleep(0.7)
    assert (called, faults, caplog.records) == (["own"], [], [])
