"""How far a run is: counted for displays, and told to a callback."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Callable
from typing import Any

from fast_dag.errors import ValidationError
from fast_dag.run.events import (
    Event,
    NodeEvent,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    RunFinished,
)
from fast_dag.run.wrapping import text_of

ProgressCallback = Callable[[str, str, float], object]
"""Called with the name of a node, what it is doing, and the share of the run that is finished."""


class SerialCallback:
    """A user's progress callback, called by one thread at a time; without one, calls do nothing.

    Nodes call it as they like.  The callback may call it again: that goes straight through.

    Raises:
        ValidationError: *callback* is neither None nor callable.
    """

    def __init__(self, callback: ProgressCallback | None = None) -> None:
        if callback is not None and not callable(callback):
            msg = f"a progress callback must be callable, got {callback!r}"
            raise ValidationError(msg)
        self.callback = callback
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.callback!r}>"

    def __call__(self, node_name: str, status: str, progress: float) -> None:
        """Call back for a node; what the callback raises is a warning, not the node's failure."""
        try:
            self.tell(node_name, status, progress)
        except Exception as error:  # noqa: BLE001 - a user's callback may raise anything
            text = f"{name_of(self.callback)} raised {type(error).__name__}: {text_of(error)}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)

    def tell(self, node_name: str, status: str, progress: float) -> None:
        """Call back and let out what the callback raises; whoever delivers events deals with that."""
        if self.callback is not None:
            with self._lock:
                self.callback(node_name, status, progress)


class CallbackProgress:
    """An observer that calls *callback* when a planned node starts or is finished.

    Nodes of a nested workflow are told as well, but do not count.

    Parameters:
        callback: called with name, status and share, which never falls.
        total: how many nodes are planned, None if nobody can know: then the share is NaN, and 1.0 for the
            last node once the run has ended well.
    """

    def __init__(self, callback: ProgressCallback, total: int | None) -> None:
        self.__qualname__ = name_of(callback)  # warnings about an observer name it so
        serial = callback if isinstance(callback, SerialCallback) else SerialCallback(callback)
        self._tell = serial.tell
        self._finished = Finished(total)
        self._held: tuple[str, str] | None = None
        """What is to be told when the next event shows whether that was the last node."""

    def __call__(self, event: Event) -> None:
        """Tell the callback of *event* if it is one of those."""
        if self._held is not None:
            is_end = isinstance(event, RunFinished) and event.status == "completed"
            self._tell(*self._held, 1.0 if is_end else self._finished.share)
            self._held = None
        status = status_of(event) if isinstance(event, NodeEvent) else None
        if not isinstance(event, NodeEvent) or status is None:
            return
        if status != "started":
            self._finished.add(event.node)
        if self._finished.total is None and status in ("completed", "cached"):
            self._held = event.node, status
        else:
            self._tell(event.node, status, self._finished.share)


class Finished:
    """The planned nodes that are finished, each counted once however often it runs.

    Parameters:
        total: how many nodes are planned, None if nobody can know.
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self._names: set[str] = set()

    def __len__(self) -> int:
        return len(self._names)

    def __str__(self) -> str:
        """The count over the total, as wide at the start as at the end."""
        if self.total is None:
            return str(len(self))
        return f"{len(self):>{len(str(self.total))}}/{self.total}"

    @property
    def share(self) -> float:
        """From 0.0 to 1.0; NaN without a total."""
        if self.total is None:
            return math.nan
        return len(self) / self.total if self.total else 1.0

    def add(self, node: str) -> None:
        """Count *node*, unless its dotted name tells that it is one of a nested workflow."""
        if "." not in node:
            self._names.add(node)


class Standing:
    """Where a run stands: which nodes run or wait for another attempt, and what has gone wrong.

    Parameters:
        total: how many nodes are planned, None if nobody can know.
    """

    def __init__(self, total: int | None) -> None:
        self.finished = Finished(total)
        self.running: dict[str, None] = {}
        """In the order of starting."""
        self.waiting: dict[str, tuple[int, float]] = {}
        """The number of the next attempt, and when it is due, in seconds since the run started."""
        self.retries = 0
        self.failed: set[str] = set()
        self.skipped: set[str] = set()
        self._nests: set[str] = set()
        """Planned nodes that have been seen to run a nested workflow."""

    def take(self, event: NodeEvent) -> None:
        """Bring everything up to date with *event*."""
        if isinstance(event, NodeStarted):
            self._begin(event.node)
        elif isinstance(event, NodeFailed) and event.retry_in is not None:
            self.retries += 1
            if event.index is None:
                self._leave(event.node)
                self.waiting[event.node] = (event.attempt + 1, event.time + event.retry_in)
        elif isinstance(event, NodeFinished | NodeFailed | NodeSkipped):
            self._leave(event.node)
            self.finished.add(event.node)
            self._judge(event)

    @property
    def troubles(self) -> list[str]:
        """How many retries, failures and skipped nodes there have been, as words, as far as there are any."""
        retries = "retry" if self.retries == 1 else "retries"
        counts = ((self.retries, retries), (len(self.failed), "failed"), (len(self.skipped), "skipped"))
        return [f"{count} {word}" for count, word in counts if count]

    def _begin(self, node: str) -> None:
        self.waiting.pop(node, None)
        self.running[node] = None
        outer, dot, _ = node.partition(".")
        if dot:
            self._nests.add(outer)

    def _leave(self, node: str) -> None:
        """Take *node* out of those that run or wait, with whatever it had begun."""
        for names in (self.running, self.waiting):
            names.pop(node, None)
            if node in self._nests:
                for inner in [name for name in names if name.startswith(f"{node}.")]:
                    del names[inner]

    def _judge(self, event: NodeEvent) -> None:
        """Keep the last word on a planned node: a handler may answer for it, a cycle run it again."""
        if "." in event.node:
            return
        self.failed.discard(event.node)
        self.skipped.discard(event.node)
        if isinstance(event, NodeFailed):
            self.failed.add(event.node)
        elif isinstance(event, NodeSkipped):
            self.skipped.add(event.node)


def status_of(event: NodeEvent) -> str | None:
    """What a callback is told about *event*, None for nothing: attempts after the first are not told."""
    if isinstance(event, NodeFinished):
        return "cached" if event.cached else "completed"
    if isinstance(event, NodeStarted):
        return "started" if event.attempt <= 1 else None
    if isinstance(event, NodeFailed):
        return "failed" if event.retry_in is None else None
    return "skipped" if isinstance(event, NodeSkipped) else None


def name_of(callback: Any) -> str:
    """What *callback* is called in a warning."""
    if isinstance(callback, SerialCallback):
        return name_of(callback.callback)
    return f"progress callback {getattr(callback, '__qualname__', type(callback).__qualname__)}"
