"""A profile as a page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from fast_dag.observe.charts import Bar, bar_chart, column_chart, line_chart
from fast_dag.observe.page import (
    Tile,
    bytes_text,
    columns,
    counted,
    framed,
    pill,
    seconds_text,
    section,
    small,
    tiles,
)
from fast_dag.observe.performance import PerformanceAnalysis

MOST_BARS: Final = 20
MOST_METRICS: Final = 24
NOTHING: Final = "-"
"""Stands for what is not known."""


def page(found: PerformanceAnalysis) -> str:
    """The whole of it."""
    about = [f"mode {found.mode}", f"run {found.run_id}"]
    return framed("Profile", found.workflow, about, found.status, _parts(found))


def _parts(found: PerformanceAnalysis) -> Iterator[str]:
    yield tiles(_tiles(found))
    yield columns(_bottlenecks(found), _hotspots(found))
    times = [each.duration_ms for each in found.iteration_profiles]
    what = "visit" if found.cycle is None and len(times) > 1 else "iteration"
    if len(times) > 1:
        trend = found.resource_trends.time_trend
        chart = column_chart(times, [""] * len(times), f"milliseconds of each {what}")
        parts = [section(f"Time of each {what}", chart, f"Milliseconds; {trend or 'no trend'}")]
        memory = [each.memory_mb for each in found.iteration_profiles if each.memory_mb is not None]
        if len(memory) > 1:
            rate = found.resource_trends.memory_growth_rate
            note = "MiB resident" + ("" if rate is None else f"; {rate:+.2g} MiB per {what}")
            parts.append(section("Memory", line_chart(memory, "MiB resident", least=1.0), note))
        yield columns(*parts)
    series = [(name, values) for name, values in found.metrics.items() if len(values) > 1]
    if series:
        charts = ((name, line_chart(values, name)) for name, values in series[:MOST_METRICS])
        more = len(series) - MOST_METRICS
        note = f"{more} more are in the JSON" if more > 0 else ""
        yield section(f"Metrics of {found.cycle}", small(charts), note)
    if found.unavailable:
        listed = ", ".join(found.unavailable)
        yield section("Not measured", f'<p class="quiet">{escape(listed)}</p>')


def _tiles(found: PerformanceAnalysis) -> Iterator[Tile]:
    score, used = found.efficiency_score, found.resource_utilization
    yield Tile("Efficiency", NOTHING if score is None else f"{score:.2f}", "of 1", score)
    yield Tile("Utilisation", NOTHING if used is None else f"{used:.0%}", "of the processors", used)
    if found.cycle is not None:
        yield Tile("Iterations", str(found.iterations), f"{found.cycle}: {found.reason or 'not ended'}")
    elif found.iterations > 1:
        yield Tile("Visits", str(found.iterations), "of states")
    yield Tile("Total time", seconds_text(found.total_time_seconds))
    share = found.node_time_seconds / found.total_time_seconds if found.total_time_seconds else None
    note = "" if share is None else f"{share:.0%} of the total"
    yield Tile("Time in nodes", seconds_text(found.node_time_seconds), note, share)
    if found.peak_memory_mb is not None:
        yield Tile("Peak memory", f"{found.peak_memory_mb:.0f} MiB")
    if found.read_mb is not None and found.written_mb is not None:
        yield Tile("Read", bytes_text(found.read_mb), f"{bytes_text(found.written_mb)} written")


def _bottlenecks(found: PerformanceAnalysis) -> str:
    if not found.bottlenecks:
        return section("Bottlenecks", '<p class="quiet">None found.</p>')
    rows = "".join(
        f'<div class="found"><div class="head"><strong>{escape(each.location)}</strong>'
        f'{pill(each.type, "warn")}<span class="figure">impact {each.impact_score:.2f}</span></div>'
        f"<p>{escape(each.optimization_suggestion)}</p></div>"
        for each in found.bottlenecks
    )
    return section("Bottlenecks", rows)


def _hotspots(found: PerformanceAnalysis) -> str:
    if not found.hotspots:
        return section("Hotspots", '<p class="quiet">No calls of nodes.</p>')
    most = found.hotspots[0].total_ms or 1.0
    bars = [
        Bar(
            each.node,
            each.total_ms / most,
            f"{each.share:.0%} · {seconds_text(each.total_ms / 1000)} · {counted(each.calls, 'call')}",
        )
        for each in found.hotspots[:MOST_BARS]
    ]
    more = len(found.hotspots) - MOST_BARS
    note = f"The first {MOST_BARS}; {more} more are in the JSON" if more > 0 else ""
    return section("Hotspots", bar_chart(bars), note)
