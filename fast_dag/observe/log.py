"""A run as lines of the standard library's logging."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from fast_dag.graph.keywords import known_keywords
from fast_dag.observe.lines import LONGEST, error_in_words, on_one_line, shortened
from fast_dag.run import events
from fast_dag.run.brief import brief
from fast_dag.run.events import Event

METRICS: Final = 8
"""Of an iteration; of more there is only the number."""


class LoggingObserver:
    """Writes what happens in a run to a logger, one line an event; nothing is configured.

    Starts of nodes and iterations, elements of maps, conditions, changes of state and checkpoints have the
    level DEBUG; failures, limits that were broken, abandoned calls and warnings WARNING; everything else
    *level*.  Each record has the attributes `kind`, `run_id` and `workflow` of its event.

    Parameters:
        logger: a logger, or the name of one.
        level: of ordinary lines, a number such as `logging.INFO`.

    Raises:
        ValueError: it is no logger, or no level.
        UnknownOptionError: another keyword.
    """

    @known_keywords
    def __init__(self, logger: str | logging.Logger = "fast_dag", level: int = logging.INFO) -> None:
        if isinstance(logger, str):
            logger = logging.getLogger(logger)
        if not callable(getattr(logger, "isEnabledFor", None)):
            msg = f"logger must be a logger or the name of one, got {brief(logger)}"
            raise ValueError(msg)  # noqa: TRY004 - a bad setting is a ValueError, whatever is bad about it
        if not isinstance(level, int) or isinstance(level, bool) or level < 0:
            msg = f"level must be a number such as logging.INFO, got {brief(level)}"
            raise ValueError(msg)
        self._logger = logger
        self._levels = {"chatty": min(level, logging.DEBUG), "ordinary": level}

    def __call__(self, event: Event) -> None:
        """Write a line about *event*, if the logger takes its level."""
        line = LINES.get(event.kind, UNKNOWN)
        level = self._level(line, event)
        if self._logger.isEnabledFor(level):
            told = {"kind": event.kind, "run_id": event.run_id, "workflow": event.workflow}
            self._logger.log(level, "%s", on_one_line(f"{event.workflow}: {line.text(event)}"), extra=told)

    def _level(self, line: Line, event: Event) -> int:
        is_trouble = line.weight == "trouble" or getattr(event, "error", None) is not None
        ordinary = self._levels["ordinary"]
        return max(ordinary, logging.WARNING) if is_trouble else self._levels.get(line.weight, ordinary)


class Line(NamedTuple):
    """How a kind of event is told: chatty, ordinary or trouble, and in which words."""

    weight: str
    text: Callable[[Any], str]


def place(event: events.NodeEvent | events.CycleEvent) -> str:
    """The node or cycle of *event*, with the iteration of each cycle around it, element and attempt."""
    around = f" [{'.'.join(map(str, event.iteration))}]" if event.iteration else ""
    if not isinstance(event, events.NodeEvent):
        return f"cycle {event.cycle}{around}"
    index = getattr(event, "index", None)
    element = "" if index is None else f": element {index}"
    attempt = f", attempt {event.attempt}," if event.attempt > 1 else ""
    return f"{event.node}{around}{element}{attempt}"


def _run_finished(event: events.RunFinished) -> str:
    text = f"run {event.status.replace('_', ' ')} in {event.duration:.3f} s"
    return text if event.error is None else f"{text}: {error_in_words(event.error)}"


def _node_finished(event: events.NodeFinished) -> str:
    return f"{place(event)} finished in {event.duration:.3f} s" + (" (cached)" if event.cached else "")


def _node_failed(event: events.NodeFailed) -> str:
    text = f"{place(event)} failed after {event.duration:.3f} s: {error_in_words(event.error)}"
    if event.retry_in is None:
        return text
    return f"{text}; attempt {event.attempt + 1} in {event.retry_in:.3f} s"


def _node_abandoned(event: events.NodeAbandoned) -> str:
    limit = "" if event.timeout is None else f" after its timeout of {event.timeout:g} s"
    return f"{place(event)} was abandoned{limit}; the call goes on unheard"


def _item_failed(event: events.ItemFailed) -> str:
    words = error_in_words(event.error)
    return f"{place(event)} failed after {event.duration:.3f} s: {words}"


def _cycle_finished(event: events.CycleFinished) -> str:
    detail = f" ({shortened(event.detail, LONGEST)})" if event.detail else ""
    verdict = "" if event.verdict is None else f", verdict {event.verdict}"
    counted = f"{event.iterations} iteration{'' if event.iterations == 1 else 's'}"
    return f"{place(event)} ended by {event.reason}{detail} after {counted}{verdict}"


def _iteration_finished(event: events.IterationFinished) -> str:
    metrics = event.metrics
    listed = ", ".join(f"{name}={brief(value)}" for name, value in metrics.items())
    told = shortened(listed, LONGEST) if len(metrics) <= METRICS else f"{len(metrics)} metrics"
    return f"{place(event)}: iteration {event.index} {event.status} in {event.duration:.3f} s" + (
        f": {told}" if told else ""
    )


def _condition_checked(event: events.ConditionChecked) -> str:
    holds = "holds" if event.result else "does not hold"
    return f"{place(event)}: iteration {event.index}: {shortened(event.condition, LONGEST)} {holds}"


def _state_changed(event: events.StateChanged) -> str:
    whose = f"of {event.node}" if event.node else "that nodes share"
    change = f"from {brief(event.old)} to {brief(event.new)}"
    return f"{place(event)}: iteration {event.index}: state {brief(event.key)} {whose} {change}"


def _violation(event: events.Violated) -> str:
    about = "" if event.cycle is None else f"cycle {event.cycle}: "
    violation = event.violation
    words = violation.message or f"{violation.kind} {violation.value:g}, limit {violation.limit:g}"
    return f"{about}{shortened(words, LONGEST)} ({violation.action})"


def _unknown(event: Event) -> str:
    named = ("node", "cycle", "reason", "message")
    told = [
        f"{name}={brief(getattr(event, name))}" for name in named if getattr(event, name, None) is not None
    ]
    return " ".join([event.kind, *told])


UNKNOWN: Final = Line("ordinary", _unknown)
LINES: Final[dict[str, Line]] = {
    "run_started": Line("ordinary", lambda event: f"run {event.run_id} started, mode {event.mode}"),
    "run_finished": Line("ordinary", _run_finished),
    "node_started": Line("chatty", lambda event: f"{place(event)} started"),
    "node_finished": Line("ordinary", _node_finished),
    "node_failed": Line("trouble", _node_failed),
    "node_skipped": Line(
        "ordinary", lambda event: f"{place(event)} skipped: {shortened(event.reason, LONGEST)}"
    ),
    "node_abandoned": Line("trouble", _node_abandoned),
    "item_finished": Line("chatty", lambda event: f"{place(event)} finished in {event.duration:.3f} s"),
    "item_failed": Line("trouble", _item_failed),
    "cycle_started": Line("ordinary", lambda event: f"{place(event)} entered"),
    "cycle_finished": Line("ordinary", _cycle_finished),
    "iteration_started": Line("chatty", lambda event: f"{place(event)}: iteration {event.index} started"),
    "iteration_finished": Line("ordinary", _iteration_finished),
    "condition_checked": Line("chatty", _condition_checked),
    "state_changed": Line("chatty", _state_changed),
    "transition": Line("ordinary", lambda event: f"{event.source} -> {event.target}"),
    "violation": Line("trouble", _violation),
    "checkpoint_saved": Line(
        "chatty", lambda event: f"{place(event)}: checkpoint after {event.iterations} iterations"
    ),
    "warning": Line("trouble", lambda event: f"{event.code}: {shortened(event.message, LONGEST)}"),
}
"""How each kind is told; one that is not listed by its name and a few of its fields."""
