"""Waiting on an event loop for what others do."""

import asyncio
import threading

import pytest
import trio

from fast_dag.runners import registry

LOOPS = pytest.mark.parametrize("run", [lambda main: asyncio.run(main()), trio.run], ids=["asyncio", "trio"])


class Landing:
    """Something that another thread does when somebody waits for it."""

    def __init__(self, *, is_over=False):
        self.is_over, self.threads = is_over, []

    def when_landed(self, callback):
        if self.is_over:
            return False
        thread = threading.Thread(target=callback)
        self.threads.append(thread)
        thread.start()
        return True


@LOOPS
def test_the_loop_goes_on_when_another_thread_has_done_it(run):
    landing = Landing()

    async def main():
        await registry.landed(landing)

    run(main)
    assert len(landing.threads) == 1


@LOOPS
def test_what_is_over_is_not_waited_for(run):
    landing = Landing(is_over=True)

    async def main():
        await registry.landed(landing)

    run(main)
    assert landing.threads == []
