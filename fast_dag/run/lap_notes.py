"""What is noted of a cycle on its way, where somebody watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fast_dag.run.notes import Note

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.lap import Lap


def name_of(run: CyclicRun, lap: Lap) -> str:
    """The name of a cycle, behind those of the nodes around its workflow."""
    return run.path + lap.cycle.name


def cycle_started(run: CyclicRun, lap: Lap) -> None:
    """A cycle is entered."""
    _note(run, lap, "cycle_started")

    def told(condition: str, result: bool) -> None:  # noqa: FBT001 - as of who tells
        lap.checked[condition] = result

    if lap.policy is not None:
        lap.policy.tell(told)
    if lap.following is not None:
        lap.following.told = told


def iteration_started(run: CyclicRun, lap: Lap) -> None:
    """An iteration begins."""
    lap.iteration_started = run.ledger.clock()
    _note(run, lap, "iteration_started", index=lap.index)


def iteration_finished(run: CyclicRun, lap: Lap) -> None:
    """An iteration has come to its end, and its conditions have been looked at."""
    is_failed = lap.is_excused or run.rounds.endings.has_failed(lap)
    metrics = None if is_failed or lap.policy is None else lap.policy.read_after(lap.completed)
    if metrics is None and lap.cycle.scalars is not None:
        metrics = lap.cycle.scalars(run.rounds.endings.results(lap))
    _note(
        run,
        lap,
        "iteration_finished",
        index=lap.index,
        duration=run.ledger.clock() - lap.iteration_started,
        metrics=metrics or {},
        status="failed" if is_failed else "completed",
    )
    for condition, result in lap.checked.items():
        _note(run, lap, "condition_checked", index=lap.index, condition=condition, result=result)
    lap.checked.clear()


def state_changed(run: CyclicRun, lap: Lap) -> None:
    """Nodes have changed what they keep, and it is about to count."""
    for node, key, old, new in lap.memory.changes():
        _note(
            run,
            lap,
            "state_changed",
            index=lap.index,
            node=node and run.path + node,
            key=key,
            old=old,
            new=new,
        )


def condition_checked(run: CyclicRun, lap: Lap, condition: str, *, result: bool) -> None:
    """A condition was asked before an iteration."""
    _note(run, lap, "condition_checked", index=lap.index, condition=condition, result=result)


def checkpoint_saved(run: CyclicRun, lap: Lap) -> None:
    """What the cycle has come to has been written."""
    _note(run, lap, "checkpoint_saved", iterations=lap.completed)


def cycle_finished(run: CyclicRun, lap: Lap) -> None:
    """A cycle has ended, or the run around it while it was under way."""
    left(run, lap)
    result = run.rounds.endings.result(lap)
    _note(
        run,
        lap,
        "cycle_finished",
        reason=result.reason,
        detail=result.reason_detail,
        verdict=result.verdict,
        iterations=lap.completed,
        duration=result.execution_time_seconds,
    )


def left(run: CyclicRun, lap: Lap) -> None:
    """A cycle has ended, or will not be entered any more."""
    for tell in run.ledger.left:
        tell(lap)


def _note(run: CyclicRun, lap: Lap, kind: str, **fields: Any) -> None:
    notes, enter = run.notes, lap.cycle.enter
    if notes is not None:
        fields.update(cycle=name_of(run, lap), iteration=run.iteration_of(enter))
        notes.append(Note(kind, enter, fields, run))
