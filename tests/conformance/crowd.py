"""Runs that are under way at once, and what tests of caches need to put them in order."""

import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel

from fast_dag import MemoryCache

LONG = 5.0
"""Seconds after which a test that hangs gives up."""


class Doorman(MemoryCache):
    """A cache that tells when *count* look-ups have been made."""

    def __init__(self, count):
        super().__init__()
        self.left = count
        self.everyone_is_in = threading.Event()

    def get(self, key, default=None):
        found = super().get(key, default)
        self.left -= 1
        if self.left <= 0:
            self.everyone_is_in.set()
        return found


def at_once(*calls):
    """What each of the *calls*, all made at once, gives or raises."""
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(call) for call in calls]
        return [future.exception(LONG) or future.result() for future in futures]


def all_but_one(answers, error):
    """The answers besides the one *error* there is."""
    (failed,) = [each for each in answers if isinstance(each, Exception)]
    assert isinstance(failed, error)
    return [each for each in answers if each is not failed]


async def happened(event):
    """Wait for an event that other tasks of the loop bring about."""
    with anyio.fail_after(LONG):
        while not event.is_set():
            await anyio.lowlevel.checkpoint()


def first_stuck_for_ever(dag, **settings):
    """Make a cached node whose first call never ends; an event that says that it has begun."""
    has_begun = threading.Event()

    async def slow():
        if not has_begun.is_set():
            has_begun.set()
            await anyio.sleep_forever()
        return "later"

    dag.cached_node(slow, **settings)
    return has_begun
