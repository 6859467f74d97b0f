"""What is kept of a run after an iteration of a cycle, and how another run goes on from there."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from fast_dag.plan.plan import ENTER, GONE, LEAVE, ROUTER
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.samples import saved_samples, stored_samples
from fast_dag.run.step import Route
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun

LIMITS = ("max_iterations", "timeout")
"""Ends that a run with other limits goes on from."""


class Keeper(Protocol):
    """Keeps what a run has come to, after iterations of one cycle."""

    name: str
    """Of the cycle."""
    every: int
    """After how many iterations."""
    resumed: Mapping[str, Any] | None
    """What was kept of an earlier run, to go on from."""

    def write(self, record: Mapping[str, Any]) -> None:
        """Keep *record*; a runner calls it, because it may take its time."""


def is_kept(run: CyclicRun, lap: Lap) -> bool:
    """Whether something is kept after iterations of *lap*."""
    keeper = run.ledger.keeper
    return keeper is not None and run.outer is None and lap.cycle.name == keeper.name


def is_due(run: CyclicRun, lap: Lap, ending: Ending | None) -> bool:
    """Whether something is to be kept after this one: the last one always counts."""
    if not is_kept(run, lap) or (ending is not None and ending.reason == "error"):
        return False
    return ending is not None or lap.completed % run.ledger.keeper.every == 0  # type: ignore[union-attr]


def saved(run: CyclicRun, lap: Lap, ending: Ending | None) -> dict[str, Any]:
    """What another run needs to go on behind an iteration of *lap* that has ended.

    Raises:
        CycleStateError: something of it cannot be kept.
    """
    final = None if ending is None or ending.reason in LIMITS else ending
    others = [each for each in run.rounds.laps if each.ending is not None and len(each.memory.path) == 1]
    cycles = {each.cycle.name: _saved_lap(run, each, each.ending) for each in others}
    return {"nodes": _saved_nodes(run), "cycles": {**cycles, lap.cycle.name: _saved_lap(run, lap, final)}}


def resume(run: CyclicRun, lap: Lap) -> None:
    """Have *lap*, which has just begun, go on where it was left, if something was kept of it."""
    keeper = run.ledger.keeper
    kept = None if keeper is None or keeper.resumed is None else keeper.resumed["cycles"].get(lap.cycle.name)
    if kept is None or run.outer is not None or lap.entered > 1:
        return
    _take(run, lap, kept)
    lap.kept = stored_samples(kept["samples"])
    for feedback, value in zip(lap.cycle.feedback, lap.carried, strict=True):
        if feedback.into >= 0:
            run.values[feedback.into] = value
    for inner in _inside(run, lap):
        _end_again(run, inner, kept["inside"].get(inner.cycle.name))


def replayed(run: CyclicRun, steps: list[int]) -> list[int]:
    """Settle those of the free *steps*, and those behind them, whose results were kept; the others."""
    keeper = run.ledger.keeper
    if keeper is None or keeper.resumed is None or run.outer is not None:
        return steps
    known: Mapping[str, Any] = keeper.resumed["nodes"]
    left: list[int] = []
    work = deque(steps)
    while work:
        step = work.popleft()
        kept = known.get(run.plan.names[step]) if run.plan.kinds[step] not in (ENTER, LEAVE) else None
        if kept is None:
            left.append(step)
        else:
            _lay_beside(run, step, kept)
            work.extend(run.done(step, Route(*kept) if run.plan.kinds[step] == ROUTER else kept[0]))
    return left


def _lay_beside(run: CyclicRun, step: int, kept: list[Any]) -> None:
    """Lay ready what stands beside the value of a node."""
    if run.plan.kinds[step] != ROUTER and step in run.plan.branches:
        for output, slot in run.plan.branches[step].items():
            run.values[slot] = kept[1].get(output, NO_DATA)


def _take(run: CyclicRun, lap: Lap, kept: Mapping[str, Any]) -> None:
    """Give *lap*, which has just begun, what was kept of it."""
    clock = run.ledger.clock
    lap.started = clock() - kept["elapsed"]
    lap.index = lap.completed = kept["completed"]
    outputs = [kept["outputs"].get(name, NO_DATA) for name in _body(run, lap)]
    # What routers pass on stands behind the results.
    lap.outputs = [*outputs, *kept["passed"]] if lap.completed else []
    lap.latest = list(kept.get("latest", ()))
    lap.carried = list(kept["carried"])
    if lap.deltas is not None:
        lap.deltas.resume(kept["deltas"])
    lap.memory.resume(kept["state"], kept["left"], clock)
    # None where the conditions are only there because a tool watches.
    if lap.policy is not None and kept["conditions"] is not None:
        lap.policy.resume(kept["conditions"], _results(run, lap), lap.completed)
    if lap.stalling is not None:
        lap.stalling.resume(kept["stalling"])
    if lap.following is not None:
        lap.following.resume(kept["following"])
    lap.ending = None if kept["ending"] is None else Ending(*kept["ending"])


def _end_again(run: CyclicRun, inner: Lap, kept: Mapping[str, Any] | None) -> None:
    """Have a cycle inside another, which has ended, show its last result, and its state to the next entry."""
    if kept is None:
        return
    inner.begin(run.ledger.clock(), is_watched=run.ledger.is_watched)
    inner.memory.metrics = None if inner.policy is None else inner.policy.metric_history
    _take(run, inner, kept)
    inner.is_running, inner.seconds = False, kept["elapsed"]


def _saved_nodes(run: CyclicRun) -> dict[str, list[Any]]:
    """The results of the nodes outside of cycles that have one; of a router its branch as well."""
    plan, found = run.plan, {}
    for unit, name in enumerate(plan.names):
        value = run.values[plan.first + unit]
        is_inside = run.rounds.lap_of(unit) is not None
        if is_inside or not run.has_run(unit) or value is GONE:
            continue
        if plan.kinds[unit] == ROUTER:
            branch = run.taken[name]
            slot = plan.branches[unit].get(branch)
            found[name] = [branch, value if slot is None else run.values[slot], value]
        else:
            beside = {output: run.values[slot] for output, slot in plan.branches.get(unit, {}).items()}
            found[name] = [value, beside] if beside else [value]
    return found


def _saved_lap(run: CyclicRun, lap: Lap, ending: Ending | None) -> dict[str, Any]:
    """What is kept of an outermost cycle, those inside it included."""
    # Once it has ended nobody asks for them, as with those of the cycles inside.
    samples = saved_samples(lap.cycle.name, lap.kept) if ending is None else {}
    entered = [inner for inner in _inside(run, lap) if inner.entered]
    inside = {inner.cycle.name: _saved_course(run, inner, inner.ending) for inner in entered}
    return {**_saved_course(run, lap, ending), "inside": inside, "samples": samples}


def _saved_course(run: CyclicRun, lap: Lap, ending: Ending | None) -> dict[str, Any]:
    """What is kept of one cycle."""
    body = _body(run, lap)
    return {
        "completed": lap.completed,
        "elapsed": run.ledger.clock() - lap.started if lap.is_running else lap.seconds,
        "ending": None if ending is None else list(ending),
        "state": lap.memory.saved(),
        "left": lap.memory.saved_left(),
        "outputs": dict(zip(body, lap.outputs, strict=False)),
        "passed": lap.outputs[len(body) :],
        "latest": lap.latest,
        "carried": _saved_carried(lap),
        "deltas": None if lap.deltas is None else lap.deltas.saved(),
        "conditions": None if lap.policy is None else lap.policy.saved(),
        "stalling": None if lap.stalling is None else lap.stalling.saved(),
        "following": None if lap.following is None else lap.following.saved(),
    }


def _saved_carried(lap: Lap) -> list[Any]:
    """What the feedback edges bring."""
    carried = list(lap.carried) or [NO_DATA for _ in lap.cycle.feedback]
    return carried if lap.deltas is None else lap.deltas.besides(carried)


def _body(run: CyclicRun, lap: Lap) -> Sequence[str]:
    return run.plan.names[lap.cycle.enter + 1 : lap.cycle.leave]


def _results(run: CyclicRun, lap: Lap) -> dict[str, Any]:
    """What the nodes of the body gave last."""
    units = range(lap.cycle.enter + 1, lap.cycle.leave)
    found = zip(units, lap.outputs, strict=False)
    nodes = ((unit, value) for unit, value in found if run.plan.kinds[unit] not in (ENTER, LEAVE))
    return {run.plan.names[unit]: value for unit, value in nodes if value is not NO_DATA}


def _inside(run: CyclicRun, lap: Lap) -> list[Lap]:
    laps: list[Lap] = run.rounds.laps
    return [each for each in laps if lap.cycle.enter < each.cycle.enter < lap.cycle.leave]
