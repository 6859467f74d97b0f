"""Calls observers that show the time now and then, while nothing happens that they could be told of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakMethod

Refuse = Callable[[Any, Exception], None]


class Ticking:
    """A delivery, and a daemon thread that refreshes some observers until it has delivered for the last time.

    Parameters:
        deliver: delivers events; called with ``last=True`` when the run is over.
        shown: those whose `refresh` is called every *seconds*, at any time and in that thread; may get
            shorter meanwhile.
        refuse: a method that is called in that thread with one of them that raised, and its error.
    """

    def __init__(
        self, deliver: Callable[..., None], shown: Sequence[Any], seconds: float, refuse: Refuse
    ) -> None:
        self._deliver = deliver
        self._over = threading.Event()
        # It must not hold this object, or through it the run, for longer than that is needed.
        about = self._over, shown, seconds, WeakMethod(refuse)
        threading.Thread(target=_tick, args=about, name="fast_dag-ticks", daemon=True).start()

    def __call__(self, *, last: bool = False) -> None:
        """Deliver; the *last* time end the thread, which is not waited for."""
        try:
            self._deliver(last=last)
        finally:
            if last:
                self._over.set()


def _tick(over: threading.Event, shown: Sequence[Any], seconds: float, weakly: WeakMethod[Refuse]) -> None:
    while not over.wait(seconds):
        for each in list(shown):
            try:
                each.refresh()
            except Exception as error:  # as of an event
                refuse = weakly()
                if refuse is not None:
                    refuse(each, error)
                del refuse
