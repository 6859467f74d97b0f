"""Cycles over delta variables beside the naive loop, and beside semi-naive loops written by hand."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.case import Case, Sides
from fast_dag import DAG, Delta

Pairs = set[tuple[int, int]]


def cases(length: int = 50, nodes: int = 20_000) -> list[Case]:
    """Closures and components; the naive loop derives again what it has derived before."""
    steps = length - 1
    fewer, more = _derivations(length)
    return [
        Case(
            name=f"closure of a chain of {length} by deltas, {fewer:,} derivations for {more:,}",
            make=lambda: _closure(length, _naive),
            count=steps,
            unit="us",
            per=" a round",
            beside="naive loop",
            most_ratio=1.0,
        ),
        Case(
            name=f"closure of a chain of {length} by deltas, {fewer:,} derivations",
            make=lambda: _closure(length, _semi_naive),
            count=steps,
            unit="us",
            per=" a round",
            beside="semi-naive loop",
        ),
        Case(
            name=f"one fact more in an epoch, {nodes:,} facts are known and nobody takes them all",
            make=lambda: _one_more(nodes),
            unit="us",
            per=" an epoch",
            beside=f"{nodes // 10:,} facts",
            most_ratio=2.0,
        ),
    ]


def _derivations(length: int) -> tuple[int, int]:
    """How many pairs the closure of a chain looks at by deltas, and naively, which is all in every round."""
    steps = range(length - 2, -1, -1)
    known, naive = length - 1, 0
    for found in steps:
        # Of the known paths those that end where the chain ends lead nowhere.
        naive += known - (length - 1 - found)
        known += found
    return sum(steps), naive


def _edges(length: int) -> list[tuple[int, int]]:
    return [(step, step + 1) for step in range(length - 1)]


def _closure(length: int, by_hand: Callable[[list[tuple[int, int]], dict[int, int]], Pairs]) -> Sides:
    edges = _edges(length)
    after = dict(edges)
    dag = DAG("closure")

    def derive(paths: Delta) -> Pairs:
        return {(a, after[b]) for a, b in paths.new if b in after}

    dag.add_node("derive", derive).add_node("report", lambda paths: paths)
    with dag.cycle("tc") as cycle:
        cycle.feedback("derive", "derive").delta("derive")
    dag.connect("tc", "report", output="paths")
    return Sides(lambda: dag.run(paths=edges), lambda: by_hand(edges, after), lambda: dag["report"])


def _naive(edges: list[tuple[int, int]], after: dict[int, int]) -> Pairs:
    known: Pairs = set(edges)
    while True:
        larger = known | {(a, after[b]) for a, b in known if b in after}
        if larger == known:
            return known
        known = larger


def _semi_naive(edges: list[tuple[int, int]], after: dict[int, int]) -> Pairs:
    known: Pairs = set(edges)
    new = known
    while new:
        new = {(a, after[b]) for a, b in new if b in after} - known
        known |= new
    return known


def _one_more(nodes: int) -> Sides:
    """An epoch with one new fact, where many are known."""
    return Sides(_epochs(nodes), _epochs(nodes // 10))


def _epochs(known: int) -> Callable[[], None]:
    dag = DAG("facts")

    def derive(facts: Delta) -> set[int]:
        return {-fact for fact in facts.new if fact > 0}

    dag.add_node("derive", derive)
    with dag.cycle("c") as cycle:
        cycle.feedback("derive", "derive").delta("derive", retain=True)
    session = dag.session(keep_results=())
    facts = session.input("facts")
    facts.send_many(range(known))
    facts.advance_to(1)
    session.drain()

    def send() -> None:
        facts.send(known + facts.epoch)
        facts.advance_to(facts.epoch + 1)
        session.drain()

    return send
