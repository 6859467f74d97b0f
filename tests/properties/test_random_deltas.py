"""Delta variables over random graphs: whatever the merge and the mode, they give the naive fixed point."""

import operator
import threading
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import DAG, Context, Delta

MODES = ("sequential", "parallel", "async")
NODES = st.integers(0, 7)
GRAPHS = st.sets(st.tuples(NODES, NODES), max_size=16)
COMMON = settings(max_examples=60, deadline=None)

# A merge, the value a node starts with, and what an edge makes of it; each leads to finitely many values.
MERGES = {
    "min": ("min", lambda v: v + 1, lambda value, a, b: value + a),
    "min of pairs": (
        lambda a, b: min(a, b),
        lambda v: (v, "x"),
        lambda value, a, b: (value[0] + 1, value[1]),
    ),
    "max": (max, Fraction, lambda value, a, b: min(value + b, Fraction(20))),
    "union": (operator.or_, lambda v: frozenset([v]), lambda value, a, b: value | {b}),
    "intersection": (operator.and_, lambda v: frozenset(range(v, 9)), lambda value, a, b: value - {a}),
    "bits": (operator.or_, lambda v: 1 << v, lambda value, a, b: value | (value << 1) & 0xFF),
}


def run_delta(derive, seeds, merge, mode, sizes=None):
    """The facts that a cycle gathers, and how it ended."""
    dag = DAG("delta")

    def step(facts: Delta):
        if sizes is not None:
            sizes.append((len(facts.new), len(facts.all)))
        return derive(facts.new, facts.all)

    dag.add_node("step", step).add_node("report", lambda facts: facts)
    with dag.cycle("c") as c:
        c.feedback("step", "step").delta("step", input="facts", merge=merge)
    facts = dag.connect("c", "report").run(facts=seeds, mode=mode)
    return facts, dag.context.metadata["cycles"]["c"]


def naive_closure(edges):
    known, rounds = set(edges), 0
    while True:
        larger = known | {(a, d) for a, b in known for c, d in edges if b == c}
        rounds += 1
        if larger == known:
            return known, rounds
        known = larger


def naive_values(edges, seeds, merge, along):
    """Every round each edge proposes a value, whether anything has changed there or not."""
    known, rounds = dict(seeds), 0
    while True:
        larger = dict(known)
        for a, b in edges:
            if a in known:
                value = along(known[a], a, b)
                larger[b] = merge(larger[b], value) if b in larger else value
        rounds += 1
        if larger == known:
            return known, rounds
        known = larger


@COMMON
@given(GRAPHS, st.sampled_from(MODES))
def test_the_closure_is_the_naive_one_in_as_many_rounds(edges, mode):
    def derive(new, _):
        return {(a, d) for a, b in new for c, d in edges if b == c}

    sizes = []
    facts, told = run_delta(derive, edges, "set", mode, sizes)
    expected, rounds = naive_closure(edges)
    assert facts == expected
    assert told.total_iterations == (rounds if edges else 0)
    assert (told.reason, told.converged) == ("exit", True)
    # Each fact is new once, and whatever is new is known.
    assert sum(new for new, _ in sizes) == len(facts)
    assert all(new <= known for new, known in sizes)


@pytest.mark.parametrize("name", MERGES)
@COMMON
@given(st.data())
def test_values_by_key_are_the_naive_ones_for_every_legal_merge(name, data):
    merge, start, along = MERGES[name]
    edges = data.draw(GRAPHS)
    seeds = {v: start(v) for v in data.draw(st.sets(NODES))}
    function = {"min": min, max: max}.get(merge, merge)

    def derive(new, _):
        return [(b, along(new[a], a, b)) for a, b in edges if a in new]

    facts, told = run_delta(derive, seeds, merge, data.draw(st.sampled_from(MODES)))
    expected, rounds = naive_values(edges, seeds, function, along)
    assert facts == expected
    assert told.total_iterations == (rounds if seeds else 0)


@COMMON
@given(st.lists(st.tuples(NODES, st.integers(-5, 5)), max_size=12), st.randoms())
def test_the_order_of_facts_does_not_matter(pairs, random):
    def derive(new, _):
        found = [(key, value - 1) for key, value in new.items() if value > -9]
        random.shuffle(found)
        return found

    shuffled = list(pairs)
    random.shuffle(shuffled)
    first, told = run_delta(derive, pairs, min, "sequential")
    second, again = run_delta(derive, shuffled, min, "sequential")
    assert (first, told.total_iterations) == (second, again.total_iterations)


@COMMON
@given(GRAPHS)
def test_a_fact_is_derived_from_once(edges):
    derived = Counter()

    def derive(new, _):
        derived.update(new)
        return {(a, d) for a, b in new for c, d in edges if b == c}

    facts, _ = run_delta(derive, edges, "set", "sequential")
    assert derived == Counter(facts)


@COMMON
@given(GRAPHS, st.sampled_from(MODES))
def test_a_round_is_seen_whole_by_every_node_once_and_none_overlaps_another(edges, mode):
    """Two nodes of the body share a delta, and a third joins what they give."""
    log, lock = [], threading.Lock()

    def part(name, take):
        def derive(facts: Delta, context: Context):
            with lock:
                log.append((name, "begins", context.time, frozenset(facts.new)))
            found = {(a, d) for a, b in facts.new if take(a) for c, d in edges if b == c}
            with lock:
                log.append((name, "ends", context.time, frozenset(facts.new)))
            return found

        return derive

    dag = DAG("shared").add_node("facts", lambda facts: facts).add_node("report", lambda facts: facts)
    dag.add_node("even", part("even", lambda a: a % 2 == 0)).add_node("odd", part("odd", lambda a: a % 2))
    dag.add_node("both", lambda even, odd: even | odd)
    for name in ("even", "odd"):
        dag.connect("facts", name, input="facts").connect(name, "both")
    with dag.cycle("c") as c:
        c.feedback("both", "facts", input="facts").delta("facts", input="facts")
    facts = dag.connect("c", "report").run(facts=edges, mode=mode)
    history = dag.context.metadata["cycles"]["c"].history
    assert facts == naive_closure(edges)[0]
    for name in ("even", "odd"):
        own = [each for each in log if each[:2] == (name, "begins")]
        assert [time for _, _, time, _ in own] == [(0, number + 1) for number in range(len(history))]
        assert [len(new) for *_, new in own][1:] == [each.items for each in history][:-1]
    times = [time for _, _, time, _ in log]
    assert times == sorted(times)
    assert set(Counter((name, kind, time) for name, kind, time, _ in log).values()) <= {1}
    assert len({(time, new) for _, _, time, new in log}) == len(history)
