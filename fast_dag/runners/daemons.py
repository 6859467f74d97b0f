"""Daemon threads for the sync nodes of an event loop: a call that never returns is left to its thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor

Work = Callable[[], None]


class OnDaemon:
    """A call given to a daemon thread: until it has begun it can be dropped, then only left to itself."""

    def __init__(self, pool: Daemons, work: Work) -> None:
        self._pool = pool
        self.work = work
        self.has_begun = False
        self.has_ended = False
        self.given_up = False

    def cancel(self) -> bool:
        """Give the call up; false if it goes on in its thread."""
        return self._pool.give_up(self)


class Daemons:
    """At most *most* threads, started as they are needed, and ended with the run they serve."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: queue.SimpleQueue[OnDaemon | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        """Over what jobs have come to, and over both counts."""
        self._threads = 0
        self._pending = 0
        """Jobs that are queued or being worked on."""

    def submit(self, work: Work) -> OnDaemon:
        """Have *work* done by the next thread that is free."""
        job = OnDaemon(self, work)
        self._jobs.put(job)
        self._count(1)
        return job

    def give_up(self, job: OnDaemon) -> bool:
        """Drop *job*; false if it goes on: its thread is lost with it, and another may take the place."""
        with self._lock:
            job.given_up = True
            goes_on = job.has_begun and not job.has_ended
            self._threads -= goes_on
        if goes_on:
            self._count(-1)
        return not goes_on

    def close(self) -> None:
        """Drop what has not begun; let every thread end when its call is over."""
        self._most = 0
        with suppress(queue.Empty):
            while True:
                self._jobs.get_nowait()
        self._jobs.put(None)

    def _count(self, change: int) -> None:
        """Note that jobs came or went; start a thread if they are more than there are threads."""
        with self._lock:
            self._pending += change
            is_short = self._pending > self._threads < self._most
            self._threads += is_short
        if is_short:
            threading.Thread(target=self._serve, name=f"fast_dag-{self._threads}", daemon=True).start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not self._do(job):
                return
            self._count(-1)
        self._jobs.put(None)  # for the next thread

    def _do(self, job: OnDaemon) -> bool:
        """Do the work of *job* unless it was dropped; false if it was given up meanwhile."""
        with self._lock:
            if job.given_up:
                return True
            job.has_begun = True
        job.work()
        del job.work  # it holds the request, which holds the job
        with self._lock:
            job.has_ended = True
            return not job.given_up


class Borrowed(Daemons):
    """The threads of an executor that the caller brings, and goes on using."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(0)  # no threads of our own
        self._executor = executor

    def submit(self, work: Work) -> OnDaemon:
        """Have *work* done by the next thread that is free."""
        job = OnDaemon(self, work)
        self._executor.submit(self._do, job)
        return job
