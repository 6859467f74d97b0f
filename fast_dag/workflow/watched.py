"""Observers of a run, and the tools among them: those are begun before it, and asked by its core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.errors import ValidationError
from fast_dag.graph.signature import is_async_function
from fast_dag.run.brief import brief
from fast_dag.run.tools import Control, Watcher

if TYPE_CHECKING:
    from fast_dag.run.run import Run
    from fast_dag.workflow.options import RunOptions


def check_observer(observer: Any, workflow: str | None = None) -> None:
    """Raise ValidationError unless *observer* can be called with events, or is a tool."""
    if isinstance(observer, type):
        msg = f"an observer must be callable, got the class {observer.__qualname__}: make one of it"
    elif not (callable(observer) or hasattr(observer, "watching")):
        msg = f"an observer must be callable, got {brief(observer)}"
    elif callable(observer) and is_async_function(observer):
        msg = f"an observer is called and not awaited, got async {brief(observer)}: give a plain function"
    else:
        return
    raise ValidationError(msg, workflow)


def watched(run: Run, observers: Sequence[Any], options: RunOptions) -> tuple[list[Watcher], list[Any]]:
    """Begin to watch *run*: the tools at work, and all that is to be called with its events.

    A tool that is there several times (of the workflow and of the call, say) watches once.

    Raises:
        Whatever a tool raises that cannot do what it was made for; those begun before it are ended.
    """
    control = Control(run, str(options.mode), options.max_workers, options.timeout)
    watchers: list[Watcher] = []
    called: list[Any] = []
    begun: set[int] = set()
    try:
        for observer in observers:
            if not hasattr(observer, "watching"):
                called.append(observer)
            elif id(observer) not in begun:
                begun.add(id(observer))
                watchers.append(observer.watching(control))
                called.append(watchers[-1])
    except BaseException:
        for watcher in watchers:
            watcher.close({})
        # Nothing has run: whoever tries again may use the same context.
        run.context.release(None, dict)
        raise
    ledger = run.ledger
    ledger.is_watched = bool(watchers)
    ledger.guards = _asked(watchers, "after_iteration")
    ledger.admit, ledger.left = _asked(watchers, "admit"), _asked(watchers, "left")
    ledger.excuses = _asked(watchers, "excuses")
    return watchers, called


def _asked(watchers: Sequence[Watcher], what: str) -> list[Callable[..., Any]]:
    """What those have as *what* that have it."""
    return [getattr(each, what) for each in watchers if getattr(each, what, None) is not None]
