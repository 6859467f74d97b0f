"""Where can one get to, while flights are announced day by day?  Each day works out what its news adds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from fast_dag import DAG, Delta

DAYS: list[list[tuple[str, str]]] = [
    [("Lisbon", "Madrid"), ("Madrid", "Rome"), ("Rome", "Athens"), ("Oslo", "Riga"), ("Riga", "Tallinn")],
    [("Athens", "Cairo")],
    [("Madrid", "Oslo")],
    [("Lisbon", "Rome"), ("Lisbon", "Cairo")],
    [("Tallinn", "Lisbon")],
]

Flights = set[tuple[str, str]]


class Day(NamedTuple):
    """How many connections there are, and where one gets from Lisbon."""

    connections: int
    from_lisbon: list[str]


def announced() -> DAG:
    """Make the workflow: what is reachable outlives the day."""
    flow = DAG("flights")

    @flow.node
    def extended(reachable: Delta) -> Iterable[tuple[str, str]]:
        """Go on from where a new connection ends, and come from wherever one gets to its start."""
        onward: dict[str, list[str]] = defaultdict(list)
        back: dict[str, list[str]] = defaultdict(list)
        for start, end in reachable.all:
            onward[start].append(end)
            back[end].append(start)
        for start, end in reachable.new:
            yield from ((start, city) for city in onward[end])
            yield from ((city, end) for city in back[start])

    @flow.node
    def board(reachable: Flights) -> Day:
        """Write down what the travellers want to know."""
        cities = sorted(end for start, end in reachable if start == "Lisbon" and end != "Lisbon")
        return Day(len(reachable), cities)

    with flow.cycle("routes") as routes:
        routes.feedback(extended, extended, input="reachable")
        routes.delta(extended, retain=True)
    flow.connect("routes", board, output="reachable")
    return flow


def main() -> None:
    """Print the board of each day, and how many connections its flights have added."""
    flow = announced()
    with flow.session() as session:
        flights = session.input("reachable")
        for number, news in enumerate(DAYS):
            flights.send_many(news)
            flights.advance_to(number + 1)
            session.drain()
            result = flow.context.metadata["cycles"]["routes"]
            (_, day) = session.results("board")[-1]
            print(f"day {number}: {day.connections} connections, {result.total_iterations} rounds of work")
            print(f"  from Lisbon: {', '.join(day.from_lisbon)}")


if __name__ == "__main__":
    main()
