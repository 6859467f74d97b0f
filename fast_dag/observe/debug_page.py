"""What a debugger has seen as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from fast_dag.observe.analysis import as_number
from fast_dag.observe.charts import column_chart, line_chart
from fast_dag.observe.debug_records import CycleDebug, DebugAnalysis, IterationDebug, NodeDebug
from fast_dag.observe.page import (
    Tile,
    code,
    columns,
    counted,
    framed,
    pill,
    seconds_text,
    section,
    small,
    table,
    tiles,
    tone,
)

FIRST: Final = 20
LAST: Final = 100
"""Iterations that are shown in full: so many of the first, and of the last."""
MOST_METRICS: Final = 24
MOST_NODES: Final = 200
"""Attempts that are shown of one iteration."""


def page(found: DebugAnalysis) -> str:
    """The whole of it."""
    about = [f"mode {found.mode}", f"run {found.run_id}"]
    return framed("Debug record", found.workflow, about, found.status, _parts(found))


def _parts(found: DebugAnalysis) -> Iterator[str]:
    yield tiles(_tiles(found))
    if found.violations:
        rows = "".join(f"<p>{escape(each)}</p>" for each in found.violations)
        yield section("Limits that were broken", rows)
    yield from _charts(found.iteration_details)
    if len(found.cycles) > 1 or any(each.reason for each in found.cycles):
        yield section("Cycles", _cycles(found.cycles))
    if found.outside or found.skipped:
        outside = _executions(found.outside) + "".join(_skipped(found.skipped))
        yield section("Outside of cycles", outside)
    yield _iterations(found.iteration_details)


def _tiles(found: DebugAnalysis) -> Iterator[Tile]:
    yield Tile("Iterations", str(found.total_iterations))
    yield Tile("Failed", str(found.failed_iterations))
    mean = found.avg_iteration_time_ms
    yield Tile("Mean time", seconds_text(None if mean is None else mean / 1000), "of an iteration")
    total = found.duration_ms
    yield Tile("Total time", seconds_text(None if total is None else total / 1000))
    if found.convergence_trend is not None:
        yield Tile("Trend", found.convergence_trend.replace("_", " "), "of the objective")
    peaks = [each.peak_memory_mb for each in found.iteration_details if each.peak_memory_mb is not None]
    if peaks:
        yield Tile("Peak memory", f"{max(peaks):.0f} MiB")


def _charts(iterations: Sequence[IterationDebug]) -> Iterator[str]:
    if len(iterations) < 2:  # noqa: PLR2004 - one value is no series
        return
    timed = [each for each in iterations if each.duration_ms is not None]
    parts = []
    if timed:
        chart = column_chart(
            [each.duration_ms or 0.0 for each in timed],
            [each.status for each in timed],
            "milliseconds of each iteration",
        )
        parts.append(section("Time of each iteration", chart, "Milliseconds, in the order of starting"))
    peaks = [each.peak_memory_mb for each in iterations if each.peak_memory_mb is not None]
    if len(peaks) > 1:
        parts.append(
            section("Memory", line_chart(peaks, "MiB resident", least=1.0), "Peak of each iteration, MiB")
        )
    if parts:
        yield columns(*parts)
    series = _series(iterations)
    if series:
        yield section("Metrics", small((name, line_chart(values, name)) for name, values in series))


def _series(iterations: Iterable[IterationDebug]) -> list[tuple[str, list[float]]]:
    """The numbers among the metrics of all iterations, by name behind that of the cycle."""
    found: dict[tuple[str | None, str], list[float]] = {}
    for each in iterations:
        for name, value in each.metrics.items():
            number = as_number(value)
            if number is not None:
                found.setdefault((each.cycle, name), []).append(number)
    is_one = len({cycle for cycle, _ in found}) == 1
    named = (
        (name if is_one else f"{cycle}: {name}", values)
        for (cycle, name), values in found.items()
        if len(values) > 1
    )
    return list(named)[:MOST_METRICS]


def _cycles(cycles: Iterable[CycleDebug]) -> str:
    rows = (
        [
            escape(each.cycle) + (f" [{'.'.join(map(str, each.path))}]" if each.path else ""),
            pill(each.reason.replace("_", " "), tone(each.reason)),
            escape(each.detail),
            escape(each.verdict or ""),
            str(each.iterations),
            seconds_text(None if each.duration_ms is None else each.duration_ms / 1000),
        ]
        for each in cycles
    )
    return table(["Cycle", "Ended by", "Detail", "Verdict", "Iterations", "Time"], rows, (4, 5))


def _iterations(iterations: Sequence[IterationDebug]) -> str:
    shown, left_out = list(iterations), len(iterations) - FIRST - LAST
    note = ""
    if left_out > 0:
        shown = [*iterations[:FIRST], *iterations[-LAST:]]
        note = f"The first {FIRST} and the last {LAST}; {left_out} between them are in the JSON"
    return section("Iterations", "".join(map(_iteration, shown)) or "<p>None.</p>", note)


def _iteration(found: IterationDebug) -> str:
    where = "" if found.cycle is None else f"{found.cycle} "
    path = ".".join(map(str, (*found.path, found.iteration)))
    numbers = [counted(len(found.node_executions), "call")]
    if found.duration_ms is not None:
        numbers.append(seconds_text(found.duration_ms / 1000))
    if found.peak_memory_mb is not None:
        numbers.append(f"{found.peak_memory_mb:.1f} MiB")
    head = (
        f"<strong>{escape(where)}{path}</strong>{pill(found.status, tone(found.status))}"
        f'<span class="figure push">{escape(" · ".join(numbers))}</span>'
    )
    return f'<details><summary>{head}</summary><div class="inside">{"".join(_inside(found))}</div></details>'


def _inside(found: IterationDebug) -> Iterator[str]:
    for each in found.errors:
        yield f"<pre>{escape(each)}</pre>"
    if found.convergence:
        rows = (
            [f"<code>{escape(condition)}</code>", code(value), pill("holds", "good") if result else ""]
            for condition, value, result in found.convergence
        )
        yield table(["Condition", "Value", ""], rows)
    yield _executions(found.node_executions)
    if found.state_changes:
        yield f"<p>Shared state: {_changes(found.state_changes)}</p>"
    yield from _skipped(found.skipped)


def _skipped(skipped: Mapping[str, str]) -> Iterator[str]:
    for node, reason in skipped.items():
        yield f'<p class="quiet">{escape(node)} skipped: {escape(reason)}</p>'


def _executions(executions: Sequence[NodeDebug]) -> str:
    rows = [_execution(each) for each in executions[:MOST_NODES]]
    header = ["Node", "", "Inputs", "Output", "State", "Time"]
    more = len(executions) - MOST_NODES
    told = f'<p class="quiet">{more} more are in the JSON</p>' if more > 0 else ""
    return table(header, rows, (5,)) + told


def _execution(found: NodeDebug) -> list[str]:
    attempt = f" attempt {found.attempt}" if found.attempt > 1 else ""
    trouble = found.traceback or found.error or ""
    failure = f"<details><summary>{escape(found.error or '')}</summary><pre>{escape(trouble)}</pre></details>"
    inputs = "<br>".join(f"{escape(name)} = {code(value)}" for name, value in found.inputs.items())
    return [
        f"{escape(found.node_name)}{escape(attempt)}",
        "" if found.status == "completed" else pill(found.status, tone(found.status)),
        inputs,
        failure if trouble and found.status != "handled" else code(found.outputs),
        _changes(found.state_changes),
        seconds_text(None if found.duration_ms is None else found.duration_ms / 1000),
    ]


def _changes(changes: Mapping[Any, tuple[Any, Any]]) -> str:
    return "<br>".join(f"{code(key)}: {code(old)} → {code(new)}" for key, (old, new) in changes.items())
