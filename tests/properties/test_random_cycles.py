"""Random cycles: every mode, and the plain loop as the core, give what the definition says."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fast_dag import DAG, NO_DATA, ConditionalReturn, CycleLimitWarning, ExecutionError
from tests.conformance.modes import as_async


@dataclass(frozen=True)
class Step:
    """A node that adds *plus* to its inputs; if the sum leaves *rest* by *base*, it does as its *kind* says.

    It raises at each call whose number is among *failures*, and is tried *retry* times.
    """

    name: str
    kind: str
    plus: int
    base: int
    rest: int
    extra: str = ""
    """An earlier node that it reads too, if that has a value."""
    has_default: bool = False
    """Whether it can do without the one before it."""
    is_async: bool = False
    failures: frozenset[int] = frozenset()
    retry: int = 1


@dataclass(frozen=True)
class Loop:
    """Steps and loops in a row, where what the last one gives goes back to the first."""

    name: str
    items: tuple[Step | Loop, ...]
    most: int
    check: tuple[int, int] | None
    """A base and a rest: what the last value has to leave for the cycle to end."""
    is_text: bool
    """Whether that is written as a text."""


Chain = tuple[Step | Loop, ...]


@st.composite
def chains(draw: st.DrawFn, prefix: str = "a", *, can_fail: bool = True) -> Chain:
    """A step, a loop, perhaps more of both; loops have a step at either end."""
    known: list[Step] = []

    def step(kinds: tuple[str, ...] = ("add",)) -> Step:
        readable = [each.name for each in known if each.kind != "condition"]
        known.append(
            Step(
                f"{prefix}{len(known)}",
                draw(st.sampled_from(kinds)),
                draw(st.integers(0, 5)),
                draw(st.integers(2, 6)),
                draw(st.integers(0, 1)),
                draw(st.sampled_from(["", *readable])),
                len(kinds) > 1 and draw(st.booleans()),
                draw(st.sampled_from([False, False, True])),
                frozenset(draw(st.sets(st.integers(1, 6), max_size=2)) if can_fail else ()),
                draw(st.sampled_from([1, 2])),
            )
        )
        return known[-1]

    def loop(depth: int) -> Loop:
        name = f"{prefix}_from_{len(known)}"
        items = [step()]
        if draw(st.booleans()):
            items += [item(depth) for _ in range(draw(st.integers(0, 2)))]
            items.append(step(("add", "no data")))
        check = draw(st.none() | st.tuples(st.integers(2, 9), st.integers(0, 1)))
        return Loop(name, tuple(items), draw(st.integers(1, 4)), check, draw(st.booleans()))

    def item(depth: int) -> Step | Loop:
        is_loop = depth < 2 and draw(st.booleans())
        return loop(depth + 1) if is_loop else step(("add", "no data", "condition"))

    return (step(), loop(1), *[item(0) for _ in range(draw(st.integers(0, 2)))])


def build(chain: Chain, dag: DAG, calls: Counter[str]) -> DAG:
    """Add the nodes and cycles of *chain*."""
    _add(chain, None, dag, calls)
    return dag


def _add(chain: Chain, before: Step | None, dag: DAG, calls: Counter[str]) -> Step:
    """Add the *chain* behind a step; what it ends with."""
    for item in chain:
        if isinstance(item, Loop):
            last = _add(item.items, before, dag, calls)
            first = item.items[0].name
            with dag.cycle(
                item.name, max_iterations=item.most, convergence_conditions=conditions_of(item, last.name)
            ) as cycle:
                cycle.feedback(last.name, first, input="back")
            before = last
            continue
        function = function_of(item, calls)
        add = dag.condition if item.kind == "condition" else dag.node
        add(as_async(function) if item.is_async else function, name=item.name, retry=item.retry)
        if before is not None:
            branch = "true" if before.kind == "condition" else None
            dag.connect(before.name, item.name, output=branch, input="before")
        if item.extra:
            dag.connect(item.extra, item.name, input="extra")
        before = item
    assert before is not None
    return before


def conditions_of(loop: Loop, last: str) -> list[Any]:
    if loop.check is None:
        return []
    base, rest = loop.check
    return [f"{last} % {base} == {rest}" if loop.is_text else lambda results: results[last] % base == rest]


def function_of(step: Step, calls: Counter[str]) -> Any:
    def work(before: int, extra: int = 0, back: int = 0) -> Any:
        calls[step.name] += 1
        if calls[step.name] in step.failures:
            raise ValueError(f"call {calls[step.name]}")
        return outcome(step, before + extra + back)

    def work_anyway(before: int = 0, extra: int = 0, back: int = 0) -> Any:
        return work(before, extra, back)

    def begin(start: int, extra: int = 0, back: int = 0) -> Any:
        return work(start, extra, back)

    return (
        work_anyway
        if step.has_default
        else begin
        if step.name.endswith("0") and len(step.name) == 2
        else work
    )


def outcome(step: Step, total: int) -> Any:
    total = (total + step.plus) % 101
    is_met = total % step.base == step.rest
    if step.kind == "condition":
        return ConditionalReturn(value=total, condition=not is_met)
    return NO_DATA if step.kind == "no data" and is_met else total


# What a run has to give, told in a few lines


class Failed(Exception):
    """A node has failed for good."""


@dataclass
class Told:
    """What a run has come to by now."""

    values: dict[str, Any] = field(default_factory=dict)
    left: dict[str, Any] = field(default_factory=dict)
    """What those behind a cycle get: the last value there was, of an earlier iteration as well."""
    attempts: Counter[str] = field(default_factory=Counter)
    cycles: dict[str, tuple[str, int]] = field(default_factory=dict)

    def go(self, chain: Chain, before: Any) -> Any:
        """What the last of *chain* passes on, `NO_DATA` if that is nothing."""
        for item in chain:
            before = self.go_round(item, before) if isinstance(item, Loop) else self.step(item, before)
        return before

    def go_round(self, loop: Loop, before: Any) -> Any:
        back, completed, reason = NO_DATA, 0, "not_entered"
        latest: dict[str, Any] = {}
        if before is NO_DATA:
            self.cycles |= dict.fromkeys(loops_of(loop.items), (reason, 0))
        while before is not NO_DATA:
            for name in names_of(loop.items):
                self.values.pop(name, None)
                self.left.pop(name, None)
            first, *rest = loop.items
            back = self.go(tuple(rest), self.step(first, before, 0 if back is NO_DATA else back))
            given = self.left | self.values
            latest |= {name: given[name] for name in names_of(loop.items) if name in given}
            completed += 1
            is_met = loop.check is not None and back is not NO_DATA and back % loop.check[0] == loop.check[1]
            reason = "exit" if back is NO_DATA else "converged" if is_met else "max_iterations"
            if reason != "max_iterations" or completed == loop.most:
                break
        self.cycles[loop.name] = (reason, completed)
        # A branch sends what it sends in the last iteration.
        self.left |= latest
        return latest.get(names_of(loop.items)[-1], NO_DATA) if back is NO_DATA else back

    def step(self, step: Step, before: Any, back: int = 0) -> Any:
        extra = (self.left | self.values).get(step.extra, NO_DATA)
        has_other = step.has_default and extra is not NO_DATA
        if before is NO_DATA and not has_other:
            return NO_DATA
        self.attempts[step.name] += 1
        last = self.attempts[step.name] + step.retry - 1
        while self.attempts[step.name] in step.failures and self.attempts[step.name] < last:
            self.attempts[step.name] += 1
        if self.attempts[step.name] in step.failures:
            raise Failed(step.name)
        known = [each for each in (before, extra) if each is not NO_DATA]
        value = outcome(step, sum(known) + back)
        if value is NO_DATA:
            return value
        if step.kind == "condition":
            return value.value if value.condition else NO_DATA
        self.values[step.name] = value
        return value


def names_of(chain: Chain) -> list[str]:
    return [
        name for item in chain for name in (names_of(item.items) if isinstance(item, Loop) else [item.name])
    ]


def loops_of(chain: Chain) -> list[str]:
    loops = [item for item in chain if isinstance(item, Loop)]
    return [name for loop in loops for name in (loop.name, *loops_of(loop.items))]


def told(chain: Chain, start: int) -> dict[str, Any]:
    """What the definition says."""
    run, failed = Told(), None
    try:
        run.go(chain, start)
    except Failed as error:
        failed = str(error)
    event((failed and "failed") or " ".join(sorted({reason for reason, _ in run.cycles.values()})))
    stated = {"attempts": dict(run.attempts), "failed": failed}
    return stated if failed else stated | {"values": run.values, "cycles": run.cycles}


def seen(chains: list[Chain], start: int, **options: Any) -> dict[str, Any]:
    """Everything of a run that must not depend on how it is done."""
    calls: Counter[str] = Counter()
    dag, error, value = DAG("random"), None, None
    for chain in chains:
        build(chain, dag, calls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CycleLimitWarning)
        try:
            value = dag.run(start=start, **options)
        except ExecutionError as raised:
            error = (type(raised).__name__, raised.node_name, raised.attempts)
            error += (getattr(raised, "cycle", None), getattr(raised, "iteration", None))
    metadata, metrics = dag.context.metadata, dag.context.metrics
    assert calls == metrics["attempts"]
    return {
        "value": value,
        "error": error,
        "results": {name: str(result) for name, result in dag.context.results.items()},
        "skipped": metadata["skipped"],
        "attempts": metrics["attempts"],
        "cycles": {
            name: (
                result.reason,
                result.reason_detail,
                result.total_iterations,
                result.outputs,
                result.best_iteration,
                result.metric_history,
                result.skipped,
            )
            for name, result in metadata.get("cycles", {}).items()
        },
    }


property_test = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@property_test
@given(chains(), st.integers(0, 9))
def test_a_run_goes_the_way_that_the_definition_says(chain, start):
    expected, found = told(chain, start), seen([chain], start)
    assert found["attempts"] == expected["attempts"]
    assert (found["error"] or [None] * 2)[1] == expected["failed"]
    if expected["failed"] is None:
        cycles = {name: (reason, count) for name, (reason, _, count, *_) in found["cycles"].items()}
        assert cycles == expected["cycles"]
        values = {name: value for name, value in found["results"].items() if name in expected["values"]}
        assert values == {name: str(value) for name, value in expected["values"].items()}


@property_test
@given(chains(), st.integers(0, 9), st.sampled_from(["fail_fast", "continue", "continue_none"]))
def test_every_mode_gives_the_same_and_so_does_the_core(chain, start, strategy):
    expected = seen([chain], start, error_strategy=strategy)
    assert seen([chain], start, error_strategy=strategy, observers=[lambda event: None]) == expected
    for mode in ("parallel", "async"):
        assert seen([chain], start, error_strategy=strategy, mode=mode) == expected, mode


@property_test
@given(chains(), chains(prefix="b"), st.integers(0, 9))
def test_cycles_side_by_side_do_not_mix(one, other, start):
    expected = seen([one, other], start, error_strategy="continue")
    for mode in ("parallel", "async"):
        assert seen([one, other], start, error_strategy="continue", mode=mode) == expected, mode
