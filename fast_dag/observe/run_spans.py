"""What the events of one run mean to its spans, and to the counters of all runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from fast_dag.observe.lines import LONGEST, error_in_words, shortened
from fast_dag.observe.places import Places
from fast_dag.observe.spans import CYCLE, ITERATION, NODE, Begin, Mark, Spans
from fast_dag.run import events
from fast_dag.run.events import Event
from fast_dag.run.results import CycleResult
from fast_dag.run.wrapping import text_of

SECOND: Final = 1_000_000_000
METRICS: Final = 32
"""Of an iteration that become attributes of its span."""
NAMES: Final = 64
"""Of run inputs that become an attribute."""
FRAMES: Final = 20
"""Of a traceback, the innermost ones."""

Attributes = Mapping[str, Any]


class Instruments:
    """The counters and histograms of all runs."""

    def __init__(self, meter: Any) -> None:
        counter, histogram = meter.create_counter, meter.create_histogram
        self.nodes = counter("fast_dag.nodes", "{execution}", "Executions of nodes that have ended")
        self.failures = counter("fast_dag.node.failures", "{attempt}", "Attempts that have failed")
        self.retries = counter("fast_dag.node.retries", "{attempt}", "Attempts that are made again")
        self.hits = counter("fast_dag.cache.hits", "{execution}", "Results that came from a cache")
        self.durations = histogram("fast_dag.node.duration", "s", "Work of an attempt")
        self.runs = histogram("fast_dag.run.duration", "s", "Runs from their start to their end")


class RunSpans:
    """Makes the spans of one run.

    Parameters:
        begin: makes a span; below none it is below the one that is current where the run is called.
        failed: the status of spans of what has failed.
        instruments: what is counted.
        places: where the nodes and cycles of the run stand.
    """

    def __init__(self, begin: Begin, failed: Any, instruments: Instruments, places: Places) -> None:
        self._begin, self._failed, self._instruments, self._places = begin, failed, instruments, places
        self._zero = 0
        """The nanosecond that times of events count from."""
        self._now = 0
        self._root: Any = None
        self._spans: Any = None

    def __call__(self, event: Event) -> None:
        """Take an event; of kinds that make no span and tell nothing of one, nothing is done."""
        if self._root is None:
            self._zero = time.time_ns() - int(event.time * SECOND)
        self._now = self._zero + int(event.time * SECOND)
        take = TAKES.get(event.kind)
        if take is not None:
            take(self, event)

    def close(self, results: Mapping[str, CycleResult]) -> None:  # noqa: ARG002 - what any tool is told
        """End what is still open: calls that nobody waits for, or a run whose end nobody told."""
        if self._root is not None:
            for span in self._spans.left():
                span.set_attributes({"fast_dag.unfinished": True})
                span.end(end_time=self._now)
            self._root.end(end_time=self._now)

    def run_started(self, event: events.RunStarted) -> None:
        """Begin the span of the run."""
        self._root = self._begin(
            f"run {event.workflow}",
            None,
            self._now,
            {
                "fast_dag.workflow": event.workflow,
                "fast_dag.run_id": event.run_id,
                "fast_dag.mode": event.mode,
                "fast_dag.inputs": event.input_names[:NAMES],
            },
        )
        self._spans = Spans(self._begin, self._places, self._root)

    def run_finished(self, event: events.RunFinished) -> None:
        """Say how the run ended; `close` ends its span, after those of what it has left."""
        self._root.set_attribute("fast_dag.status", event.status)
        if event.error is not None:
            self._fail(self._root, event.error)
        told = {"fast_dag.workflow": event.workflow, "fast_dag.status": event.status}
        self._instruments.runs.record(event.duration, told)

    def node_started(self, event: events.NodeStarted) -> None:
        """Begin the span of an attempt."""
        told = {**_about(event), "fast_dag.attempt": event.attempt, "fast_dag.worker": event.worker}
        self._spans.begin(_mark(event), self._now, told)

    def node_finished(self, event: events.NodeFinished) -> None:
        """End the span of the attempt that gave the result; after a failure that a handler answered, none."""
        span = self._take(_mark(event), event.duration)
        if span is None:
            self._tell(event, {"fast_dag.node": event.node}, name="node_handled")
            return
        span.set_attributes({"fast_dag.duration": event.duration, "fast_dag.cached": event.cached})
        span.end(end_time=self._now)
        self._count(event, "completed")
        if event.cached:
            self._instruments.hits.add(1, _counted(event))
        else:
            self._instruments.durations.record(event.duration, {**_counted(event), **OUTCOMES["completed"]})

    def node_failed(self, event: events.NodeFailed) -> None:
        """End the span of the attempt; where it was that of an element, its map goes on."""
        counted, is_final = _counted(event), event.retry_in is None
        self._instruments.failures.add(1, counted)
        if not is_final:
            self._instruments.retries.add(1, counted)
        if event.index is not None:
            told = {"fast_dag.retry_in": event.retry_in, **_element(event.index)}
            self._tell(event, {**told, **_exception(event.error)})
            return
        span = self._take(_mark(event), event.duration)
        if span is None:  # it failed before its first attempt
            self._tell(event, {"fast_dag.node": event.node, **_exception(event.error)})
        else:
            told = {} if is_final else {"fast_dag.retry_in": event.retry_in}
            span.set_attributes({"fast_dag.duration": event.duration, **told})
            self._fail(span, event.error)
            span.end(end_time=self._now)
            self._instruments.durations.record(event.duration, {**counted, **OUTCOMES["failed"]})
        if is_final:
            self._count(event, "failed")

    def cycle_started(self, event: events.CycleStarted) -> None:
        """Begin the span of a cycle."""
        self._spans.begin(Mark(CYCLE, event.cycle, event.iteration), self._now, _about(event))

    def cycle_finished(self, event: events.CycleFinished) -> None:
        """End the span of a cycle."""
        detail = shortened(event.detail, LONGEST)
        told = {"reason": event.reason, "detail": detail, "verdict": event.verdict or ""}
        attributes: dict[str, Any] = {f"fast_dag.{name}": value for name, value in told.items() if value}
        attributes["fast_dag.iterations"] = event.iterations
        mark = Mark(CYCLE, event.cycle, event.iteration)
        self._end(mark, event.duration, attributes, detail if event.reason == "error" else None)

    def iteration_started(self, event: events.IterationStarted) -> None:
        """Begin the span of an iteration."""
        index = (*event.iteration, event.index)
        self._spans.begin(Mark(ITERATION, event.cycle, index), self._now, {**_about(event), **_at(index)})

    def iteration_finished(self, event: events.IterationFinished) -> None:
        """End the span of an iteration, with the numbers among its metrics."""
        mark = Mark(ITERATION, event.cycle, (*event.iteration, event.index))
        fault = None if event.status == "completed" else event.status
        self._end(mark, event.duration, _numbers(event.metrics), fault)

    def node_skipped(self, event: events.NodeSkipped) -> None:
        """Tell what is around the node that it will not run."""
        told = {"fast_dag.node": event.node, "fast_dag.reason": shortened(event.reason, LONGEST)}
        self._spans.around(event.node, event.iteration).add_event(event.kind, told, self._now)

    def node_abandoned(self, event: events.NodeAbandoned) -> None:
        """Tell that a call goes on unheard."""
        limit = {} if event.timeout is None else {"fast_dag.timeout": event.timeout}
        self._tell(event, {"fast_dag.node": event.node, **limit})

    def item_failed(self, event: events.ItemFailed) -> None:
        """Tell that an element has failed for good."""
        self._tell(event, {**_element(event.index), **_exception(event.error)})

    def checkpoint_saved(self, event: events.CheckpointSaved) -> None:
        """Tell the cycle."""
        span = self._spans.at(Mark(CYCLE, event.cycle, event.iteration))
        span.add_event(event.kind, {"fast_dag.iterations": event.iterations}, self._now)

    def transition(self, event: events.Transitioned) -> None:
        """Tell what is around a machine where that goes."""
        told = {"fast_dag.source": event.source, "fast_dag.target": event.target}
        self._spans.around(event.source, ()).add_event(event.kind, told, self._now)

    def violation(self, event: events.Violated) -> None:
        """Tell the cycle, or the run, which limit was broken."""
        broken = event.violation
        told = {"kind": broken.kind, "limit": broken.limit, "value": broken.value, "action": broken.action}
        named = {f"fast_dag.{name}": value for name, value in told.items()}
        self._spans.of_cycle(event.cycle).add_event(event.kind, named, self._now)

    def warning(self, event: events.Warned) -> None:
        """Tell the run of a warning."""
        told = {"fast_dag.code": event.code, "fast_dag.message": shortened(event.message, LONGEST)}
        self._root.add_event(event.kind, told, self._now)

    def _end(self, mark: Mark, duration: float, attributes: Attributes, fault: str | None) -> None:
        """End a span, if it is open; *fault* is what went wrong, None if nothing did."""
        span = self._take(mark, duration)
        if span is not None:
            span.set_attributes(attributes)
            if fault is not None:
                span.set_status(self._failed, fault)
            span.end(end_time=self._now)

    def _take(self, mark: Mark, duration: float) -> Any:
        return self._spans.take(mark, self._now - int(duration * SECOND))

    def _tell(self, event: events.NodeEvent, told: Attributes, name: str = "") -> None:
        """Make it an event of the node's span."""
        span = self._spans.at(_mark(event))
        span.add_event(name or event.kind, told, self._now)

    def _count(self, event: events.NodeEvent, outcome: str) -> None:
        self._instruments.nodes.add(1, {**_counted(event), **OUTCOMES[outcome]})

    def _fail(self, span: Any, error: BaseException) -> None:
        span.add_event("exception", _exception(error), self._now)
        span.set_status(self._failed, error_in_words(_original(error)))


OUTCOMES: Final = {name: {"fast_dag.outcome": name} for name in ("completed", "failed")}
TAKES: Final[dict[str, Callable[[RunSpans, Any], None]]] = {
    kind: getattr(RunSpans, kind) for kind in events.EVENTS if hasattr(RunSpans, kind)
}
"""What is done with each kind of event; others are not told."""


def _mark(event: events.NodeEvent) -> Mark:
    return Mark(NODE, event.node, event.iteration, event.attempt)


def _element(index: int | tuple[int, ...]) -> dict[str, Any]:
    return {"fast_dag.element": index if isinstance(index, tuple) else (index,)}


def _about(event: events.NodeEvent | events.CycleEvent) -> dict[str, Any]:
    name = {"node": event.node} if isinstance(event, events.NodeEvent) else {"cycle": event.cycle}
    told = {"workflow": event.workflow, "run_id": event.run_id, **name}
    return {**{f"fast_dag.{key}": value for key, value in told.items()}, **_at(event.iteration)}


def _at(index: tuple[int, ...]) -> dict[str, Any]:
    return {"fast_dag.iteration": index} if index else {}


def _counted(event: events.NodeEvent) -> dict[str, Any]:
    return {"fast_dag.workflow": event.workflow, "fast_dag.node": event.node}


def _numbers(metrics: Attributes) -> dict[str, Any]:
    found = ((name, value) for name, value in metrics.items() if type(value) in (int, float, bool))
    # The protocol has integers of 64 bits.
    fitting = ((name, value) for name, value in found if type(value) is not int or abs(value) < 1 << 63)
    return {f"fast_dag.metric.{name}": value for name, value in islice(fitting, METRICS)}


def _original(error: BaseException) -> BaseException:
    return getattr(error, "original_error", None) or error


def _exception(error: BaseException) -> dict[str, Any]:
    """What the conventions say of an exception; its frames without source text, which may hold anything."""
    original = _original(error)
    kind, frames = type(original), []
    traceback = original.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f'  File "{code.co_filename}", line {traceback.tb_lineno}, in {code.co_name}')
        traceback = traceback.tb_next
    return {
        "exception.type": f"{kind.__module__}.{kind.__qualname__}",
        "exception.message": shortened(text_of(original), LONGEST),
        "exception.stacktrace": "\n".join(frames[-FRAMES:]),
    }
