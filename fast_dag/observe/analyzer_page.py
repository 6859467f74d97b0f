"""Many results as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from fast_dag.observe.charts import Bar, bar_chart, column_chart, line_chart, number
from fast_dag.observe.page import (
    Tile,
    columns,
    framed,
    pill,
    seconds_text,
    section,
    small,
    table,
    tiles,
    tone,
)
from fast_dag.observe.summaries import AnalyzerReport, ResultSummary

MOST_NAMES: Final = 8
MOST_ROWS: Final = 500
MOST_SERIES: Final = 24


def page(found: AnalyzerReport, series: Mapping[str, Sequence[float]]) -> str:
    """The whole of it; *series* has those of the objectives, by id."""
    names = ", ".join(each.cycle for each in found.cycles[:MOST_NAMES])
    about = [names] if names else []
    return framed("Analysis", "Results of cycles", about, "", _parts(found, series))


def _parts(found: AnalyzerReport, series: Mapping[str, Sequence[float]]) -> Iterator[str]:
    yield tiles(_tiles(found))
    if not found.results:
        yield section("Results", '<p class="quiet">None were added.</p>')
        return
    most = max(found.reasons.values())
    bars = [
        Bar(reason.replace("_", " "), count / most, f"{count} of {found.total}")
        for reason, count in found.reasons.items()
    ]
    counts = [float(each.iterations) for each in found.results]
    chart = column_chart(counts, [_style(each) for each in found.results], "iterations of each result")
    yield columns(
        section("Why they ended", bar_chart(bars)),
        section("Iterations", chart, "In the order of adding; grey did not converge, red failed"),
    )
    if len(found.cycles) > 1:
        yield section("Cycles", _cycles(found))
    drawn = [(each, series.get(each.id, ())) for each in found.results]
    drawn = [(each, values) for each, values in drawn if len(values) > 1]
    if drawn:
        charts = (
            (f"{each.id}: {each.objective}", line_chart(values, each.objective or ""))
            for each, values in drawn[:MOST_SERIES]
        )
        more = len(drawn) - MOST_SERIES
        yield section(
            "Objectives", small(charts), f"The first {MOST_SERIES}; {more} more" if more > 0 else ""
        )
    yield section("Results", _results(found.results))


def _tiles(found: AnalyzerReport) -> Iterator[Tile]:
    rate = found.convergence_rate
    yield Tile("Results", str(found.total))
    yield Tile("Converged", "-" if rate is None else f"{rate:.0%}", f"{found.converged} of them", rate)
    mean, middle = found.mean_iterations, found.median_iterations
    if mean is not None and middle is not None:
        yield Tile("Iterations", number(mean), f"on average; median {number(middle)}")
    yield Tile("Time", seconds_text(found.mean_time_seconds), "on average")


def _style(found: ResultSummary) -> str:
    """That of the column of a result."""
    if found.converged:
        return ""
    return "failed" if found.reason == "error" else "cancelled"


def _cycles(found: AnalyzerReport) -> str:
    rows = (
        [
            escape(each.cycle),
            str(each.results),
            str(each.converged),
            number(each.mean_iterations),
            seconds_text(each.mean_time_seconds),
            "" if each.best_quality is None else number(each.best_quality),
            escape(each.best or ""),
        ]
        for each in found.cycles
    )
    header = ["Cycle", "Results", "Converged", "Mean iterations", "Mean time", "Best", "In"]
    return table(header, rows, (1, 2, 3, 4, 5))


def _results(found: Sequence[ResultSummary]) -> str:
    rows = (
        [
            escape(each.id),
            escape(each.cycle),
            pill(each.reason.replace("_", " "), tone(each.reason)),
            escape(each.verdict or ""),
            str(each.iterations),
            seconds_text(each.time_seconds),
            "" if each.best_quality is None else number(each.best_quality),
        ]
        for each in found[:MOST_ROWS]
    )
    more = len(found) - MOST_ROWS
    told = f'<p class="quiet">{more} more are in the JSON</p>' if more > 0 else ""
    return table(["Id", "Cycle", "Ended by", "Verdict", "Iterations", "Time", "Best"], rows, (4, 5, 6)) + told
