"""Random bodies that go round: as an iteration, as a cycle, and by a plain loop; in every mode."""

from __future__ import annotations

import asyncio
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fast_dag import (
    DAG,
    NO_DATA,
    BoundedIterationNode,
    Context,
    ExecutionError,
    MaxIterationsError,
    Trace,
    fixed_point,
    stable,
)
from tests.conformance.modes import as_async

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Step:
    """A node that adds *plus* to what it reads, modulo *base*; it gives no data where the sum is *gap*."""

    plus: int
    base: int
    gap: int | None
    extra: int
    """An earlier node that it reads too; its own number for none."""
    is_async: bool
    fails_in: int
    """The round in which it raises, 0 for none."""


@dataclass(frozen=True)
class Body:
    """Steps in a row, what is fed back from the last to the first, and when that ends."""

    steps: tuple[Step, ...]
    most: int
    until: str
    emit: str

    @property
    def rule(self) -> Any:
        rules = {"": None, "fixed": fixed_point(), "stable": stable(None, 2, 2), "small": is_small}
        return rules[self.until]


def is_small(prev: int, cur: int) -> bool:
    return cur < 2


@st.composite
def bodies(draw: st.DrawFn, *, can_fail: bool = True) -> Body:
    """A body of one to four steps."""
    count = draw(st.integers(1, 4))
    rounds = st.sampled_from([0, 0, 0, 1, 2, 4]) if can_fail else st.just(0)
    steps = tuple(
        Step(
            draw(st.integers(0, 5)),
            draw(st.integers(3, 11)),
            draw(st.sampled_from([None, None, 0, 1])),
            draw(st.integers(0, number)),
            draw(st.booleans()),
            draw(rounds),
        )
        for number in range(count)
    )
    until = draw(st.sampled_from(["", "fixed", "stable", "small"]))
    return Body(steps, draw(st.integers(1, 8)), until, draw(st.sampled_from(["last", "each", "tagged"])))


def by_hand(body: Body, seed: int) -> tuple[Any, int, str, str]:
    """What leaves, after how many rounds, and why; by an interpreter of a few lines."""
    previous, kept, samples, value = NO_DATA, [], [], NO_DATA
    latest = seed
    for number in range(1, body.most + 1):
        made: list[Any] = []
        for place, step in enumerate(body.steps):
            read = [latest] if not place else [made[-1]]
            read += [made[step.extra]] if step.extra < place else []
            if NO_DATA in read:
                made.append(NO_DATA)
                continue
            if step.fails_in == number:
                return f"s{place}", number, "error", ""
            total = (sum(read) + step.plus) % step.base
            made.append(NO_DATA if total == step.gap else total)
        value = made[-1]
        if value is NO_DATA:
            return _left(body, kept, latest if number > 1 else NO_DATA), number, "exit", "no_data"
        previous, latest = latest, value
        kept.append((number, value))
        samples.append(value)
        window = samples[-2:]
        holds = {
            "": False,
            "fixed": previous == value,
            "stable": len(window) == 2 and max(window) - min(window) <= 2,
            "small": value < 2,
        }
        if holds[body.until]:
            name = {"fixed": "fixed_point", "small": "is_small"}.get(body.until, body.until)
            return _left(body, kept, value), number, "converged", name
    return _left(body, kept, value), body.most, "max_iterations", f"max_iterations={body.most}"


def _left(body: Body, kept: list[tuple[int, Any]], last: Any) -> Any:
    if body.emit == "last":
        return last
    return kept if body.emit == "tagged" else [value for _, value in kept]


class Drawn:
    """The nodes of a body, with a log of their calls by node and round."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.calls: Counter[tuple[str, tuple[int, ...]]] = Counter()

    def into(self, dag: DAG) -> DAG:
        """*dag* with the nodes."""
        for place, step in enumerate(self.body.steps):
            dag.add_node(f"s{place}", self._function(place, step))
            if place:
                dag.connect(f"s{place - 1}", f"s{place}", input="x")
            if step.extra < place:
                dag.connect(f"s{step.extra}", f"s{place}", input="extra")
        return dag

    @property
    def last(self) -> str:
        return f"s{len(self.body.steps) - 1}"

    def _function(self, place: int, step: Step) -> Any:
        name = f"s{place}"
        rounds = Counter[str]()

        def add(total: int) -> Any:
            rounds[name] += 1
            total = (total + step.plus) % step.base
            return NO_DATA if total == step.gap else total

        def called(total: int, context: Any) -> Any:
            self.calls[name, context.time] += 1
            if context.round == step.fails_in:
                raise ValueError(name)
            return add(total)

        # A function that asks for the context tells its rounds; one that does not goes through plain loops.
        kinds: dict[tuple[bool, bool], Any] = {
            (False, False): lambda x: add(x),
            (False, True): lambda x, extra: add(x + extra),
            (True, False): lambda x, context: called(x, context),
            (True, True): lambda x, extra, context: called(x + extra, context),
        }
        function = kinds[bool(step.fails_in or step.plus % 2), step.extra < place]
        return as_async(function) if step.is_async else function


def as_iteration(drawn: Drawn) -> DAG:
    body = drawn.body
    inner = drawn.into(DAG("inner"))
    dag = DAG("around")
    rule = {} if body.rule is None else {"until": body.rule}
    ports = {"seed": "x", "feedback": "x", "output": drawn.last}
    dag.iterate("it", inner, max_rounds=body.most, emit=body.emit, **ports, **rule)
    return dag.add_node("behind", lambda value: value).connect("it", "behind")


def as_cycle(drawn: Drawn) -> DAG:
    body = drawn.body
    dag = drawn.into(DAG("around")).add_node("behind", lambda value: value)
    dag.connect(drawn.last, "behind", input="value")
    rule = {} if body.rule is None else {"until": body.rule}
    # What is not said is "last".
    emit = {} if body.emit == "last" and body.most % 2 else {"emit": body.emit}
    with dag.cycle("it", max_iterations=body.most, on_limit="return", **emit, **rule) as c:
        c.feedback(drawn.last, "s0", input="x")
    return dag


def run(dag: DAG, mode: str, **inputs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if mode == "core":
            return dag.run(inputs, observers=[lambda event: None])
        if mode == "loop":
            return asyncio.run(dag.run_async(inputs))
        return dag.run(inputs, mode=mode)


MODES = ("sequential", "core", "parallel", "async", "loop")


def outcome(dag: DAG, mode: str, seed: int) -> tuple[Any, int, str, str]:
    """As `by_hand`."""
    try:
        value = run(dag, mode, x=seed)
    except ExecutionError as error:
        found: Any = error
        assert found.cycle == "it"
        assert found.rounds_completed == found.round - 1
        assert found.result.total_iterations == found.round - 1
        return found.node_name.split(".")[-1], found.round, "error", ""
    result = dag.context.metadata["cycles"]["it"]
    assert result.converged is (result.reason in ("converged", "exit"))
    if "behind" in dag.context.metadata["skipped"]:
        value = NO_DATA
    return value, result.total_iterations, result.reason, result.reason_detail


@SETTINGS
@given(bodies(), st.integers(0, 9), st.sampled_from(MODES))
def test_an_iteration_gives_what_the_definition_says(body, seed, mode):
    assert outcome(as_iteration(Drawn(body)), mode, seed) == by_hand(body, seed)


@SETTINGS
@given(bodies(), st.integers(0, 9), st.sampled_from(MODES))
def test_a_cycle_with_one_feedback_edge_gives_the_same_as_its_body_as_an_iteration(body, seed, mode):
    one, other = outcome(as_iteration(Drawn(body)), mode, seed), outcome(as_cycle(Drawn(body)), mode, seed)
    assert one == other


@SETTINGS
@given(bodies(), st.integers(0, 9), st.sampled_from([as_iteration, as_cycle]))
def test_the_trace_is_the_same_in_every_mode(body, seed, form):
    def traced(mode: str) -> Trace:
        context = Context()
        with warnings.catch_warnings(), suppress(ExecutionError):
            warnings.simplefilter("ignore")
            form(Drawn(body)).run({"x": seed}, mode=mode, trace=True, context=context)
        return context.trace

    first = traced("sequential")
    assert [first.compare(traced(mode)) for mode in ("sequential", "parallel", "async")] == [None] * 3


@settings(max_examples=3, deadline=None)
@given(bodies(can_fail=False), st.integers(0, 9), st.integers(1, 3))
def test_whatever_its_rule_says_it_comes_to_an_end(body, seed, inner):
    """An iteration that is never satisfied, in one that is not either: the cap of each counts."""
    asked: list[int] = []

    def never(_: Any, __: Any, number: int) -> bool:
        asked.append(number)
        return False

    steps = tuple(replace(step, is_async=False, gap=None) for step in body.steps)
    drawn = Drawn(replace(body, steps=steps))
    middle, dag = DAG("middle"), DAG("around")
    ports = {"seed": "x", "feedback": "x"}
    middle.iterate("in", drawn.into(DAG("inner")), output=drawn.last, max_rounds=inner, **ports)
    dag.iterate("it", middle, output="in", until=never, seed="seed", feedback="seed")
    with pytest.raises(MaxIterationsError) as caught:
        dag.run({"seed": seed})
    assert (caught.value.max_iterations, caught.value.result.rounds) == (1000, 1000)
    assert asked == list(range(1, 1001))


@SETTINGS
@given(bodies(can_fail=False), st.integers(0, 9), st.sampled_from(MODES))
def test_a_node_runs_once_in_a_round_at_most(body, seed, mode):
    drawn = Drawn(body)
    _, rounds, *_ = outcome(as_iteration(drawn), mode, seed)
    assert set(drawn.calls.values()) <= {1}
    assert {time for _, time in drawn.calls} <= {(0, each) for each in range(1, rounds + 1)}


@SETTINGS
@given(st.integers(1, 5), st.lists(st.integers(1, 3), min_size=1, max_size=4), st.sampled_from(MODES))
def test_data_of_two_rounds_never_meet(rounds, widths, mode):
    """Every node gives the round it was made in; whoever reads several must find one and the same."""
    body = DAG("body").add_node("first", lambda x, context: context.round)
    before = ["first"]
    met: list[set[int]] = []

    def meet(**made: int) -> int:
        made.pop("x", None)  # a run gives every input to who takes any name
        met.append(set(made.values()))
        return next(iter(made.values()))

    for layer, width in enumerate(widths):
        names = [f"n{layer}_{place}" for place in range(width)]
        for name in names:
            body.add_node(name, meet)
            for source in before:
                body.connect(source, name, input=source)
        before = names
    body.add_node("step", meet)
    for source in before:
        body.connect(source, "step", input=source)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=rounds, emit="each")
    assert run(dag, mode, seed=0) == list(range(1, rounds + 1))
    assert all(len(each) == 1 for each in met)


@dataclass(frozen=True)
class Sieve:
    """A body of items: each item is dropped, halved or doubled by what it leaves by *base*."""

    base: int
    drop: int
    twice: int
    kind: str
    most: int
    emit: str
    max_buffer: int | None

    def __call__(self, items: Any) -> Any:
        for item in items:
            if item % self.base == self.drop:
                continue
            yield item // 2
            if item % self.base == self.twice:
                yield item - 1

    @property
    def function(self) -> Any:
        async def later(x: Any) -> Any:
            for item in self(x):
                yield item

        kinds: dict[str, Any] = {
            "lazy": lambda x: self(x),
            "list": lambda x: list(self(x)),
            "ahead": lambda x: self(list(x)),
            "async": later,
        }
        return kinds[self.kind]


SIEVES = st.builds(
    Sieve,
    st.integers(2, 5),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from(["lazy", "list", "ahead", "async"]),
    st.integers(1, 6),
    st.sampled_from(["last", "each", "tagged"]),
    st.sampled_from([None, None, 4, 9]),
)


def sieved(sieve: Sieve, seed: list[int], buffering: str, mode: str) -> Any:
    told: list[Any] = []
    node = BoundedIterationNode(
        "it",
        DAG("body").add_node("step", sieve.function),
        sieve.most,
        seed="x",
        feedback="x",
        output="step",
        emit=sieve.emit,
        buffering=buffering,
        stream=True,
        max_buffer=sieve.max_buffer,
        history=True,
        on_round=lambda number, items: told.append((number, items if items is NO_DATA else list(items))),
    )
    dag = DAG("around").add_node(node)
    try:
        value = run(dag, mode, seed=seed)
    except ExecutionError as error:
        found: Any = error
        return str(error), found.round, found.rounds_completed, told
    info: Any = dag.context.metadata["cycles"]["it"]
    figures = [(each.round, each.fired, each.items) for each in info.history]
    return value, info.rounds, info.reason, info.reason_detail, info.emitted, figures, told


@SETTINGS
@given(SIEVES, st.lists(st.integers(0, 20), max_size=8), st.sampled_from(MODES))
def test_letting_go_of_items_changes_nothing(sieve, seed, mode):
    held = sieved(sieve, seed, "full", mode)
    assert sieved(sieve, seed, "stream", mode) == held
    assert sieved(sieve, seed, "full", "sequential") == held
