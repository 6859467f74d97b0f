"""A run as OpenTelemetry spans and metrics."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from fast_dag.checks import missing_extra
from fast_dag.graph.keywords import known_keywords
from fast_dag.observe.places import Places
from fast_dag.observe.run_spans import Instruments, RunSpans
from fast_dag.run.brief import brief
from fast_dag.run.tools import Control


class OpenTelemetryObserver:
    """Makes spans and metrics of the runs it watches; needs the API of OpenTelemetry only ([otel]).

    There is a span for the run, for each cycle, each iteration and each attempt of a node, each below the
    one it is inside; that of the run is below the span that is current where the run is called.  Skipped
    nodes, failed elements, transitions, limits, checkpoints and warnings are events of the span they happen
    in.  Of values only the numbers among the metrics of an iteration are shown; texts of errors are cut.

    Counters: `fast_dag.nodes` (executions that have ended), `fast_dag.node.failures` and
    `fast_dag.node.retries` (attempts), `fast_dag.cache.hits`.  Histograms, in seconds:
    `fast_dag.node.duration` (attempts), `fast_dag.run.duration`.

    Parameters:
        tracer_provider: where spans go, None for the global provider.
        meter_provider: where metrics go, None for the global provider.

    Raises:
        MissingExtraError: opentelemetry is not installed.
        ValueError: it is no provider.
    """

    @known_keywords
    def __init__(self, tracer_provider: Any = None, meter_provider: Any = None) -> None:
        self._context, self._trace, metrics = (_api(name) for name in ("context", "trace", "metrics"))
        _check("tracer_provider", tracer_provider, "get_tracer")
        _check("meter_provider", meter_provider, "get_meter")
        self._tracer = self._trace.get_tracer("fast_dag", tracer_provider=tracer_provider)
        self._instruments = Instruments(metrics.get_meter("fast_dag", meter_provider=meter_provider))

    def watching(self, control: Control) -> RunSpans:
        """Begin to watch a run, where it is called; the engine calls it."""
        begin = partial(self._begin, self._context.get_current())
        return RunSpans(begin, self._trace.StatusCode.ERROR, self._instruments, Places(control))

    def _begin(self, ambient: Any, name: str, below: Any, began: int, attributes: Mapping[str, Any]) -> Any:
        around = ambient if below is None else self._trace.set_span_in_context(below, ambient)
        return self._tracer.start_span(name, context=around, start_time=began, attributes=attributes)


def _check(name: str, provider: Any, method: str) -> None:
    if provider is not None and not callable(getattr(provider, method, None)):
        msg = f"{name} must have a method {method}, got {brief(provider)}: give a provider, or None"
        raise ValueError(msg)


def _api(name: str) -> Any:
    try:
        return importlib.import_module(f"opentelemetry.{name}")
    except ImportError:
        what = "OpenTelemetryObserver"
        raise missing_extra(what, "opentelemetry-api", "otel") from None
