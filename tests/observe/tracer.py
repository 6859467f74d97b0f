"""Spans and metrics kept in memory, and what tests ask of them."""

from collections import Counter

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fast_dag import OpenTelemetryObserver


class Kept:
    """An observer, and what it has made."""

    def __init__(self):
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.observer = OpenTelemetryObserver(self.tracer_provider, MeterProvider([self._reader]))

    @property
    def spans(self):
        """All that have ended, in the order in which they began."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time)

    def span(self, name):
        """The one span of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    @property
    def below(self):
        """Pairs of the name of a span and of the one around it, None for the outermost; with iterations."""
        spans = {span.context.span_id: span for span in self.spans}
        around = {None: None, **{number: _named(span) for number, span in spans.items()}}
        return Counter((_named(span), around[span.parent and span.parent.span_id]) for span in spans.values())

    def counted(self, name, *keys):
        """The points of an instrument: how many, or how much, by the values of the attributes *keys*."""
        found = {}
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for point in (
                    point for made in scope.metrics if made.name == name for point in made.data.data_points
                ):
                    shown = tuple(point.attributes[f"fast_dag.{key}"] for key in keys)
                    found[shown] = point.count if hasattr(point, "count") else point.value
        return found


def _named(span):
    index = span.attributes.get("fast_dag.iteration")
    return f"{span.name} {list(index)}" if index else span.name
