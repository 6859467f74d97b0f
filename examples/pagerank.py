"""Who counts most in a karate club?  PageRank, gone round until the ranks stand still."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from fast_dag import DAG

DATA = Path(__file__).parent / "data" / "karate_club.txt"

Ranks = dict[int, float]


class Round(NamedTuple):
    """The ranks after a round, and how much they have moved in it."""

    ranks: Ranks
    change: float


flow = DAG("pagerank")


@flow.node
def friends(path: Path) -> dict[int, list[int]]:
    """Read who meets whom."""
    found: dict[int, list[int]] = defaultdict(list)
    for line in path.read_text().splitlines():
        one, other = map(int, line.split())
        found[one].append(other)
        found[other].append(one)
    return dict(found)


@flow.node
def evenly(friends: dict[int, list[int]]) -> Ranks:
    """Begin with the same rank for everybody."""
    return dict.fromkeys(friends, 1 / len(friends))


@flow.node(outputs=["ranks", "change"])
def handed_on(friends: dict[int, list[int]], ranks: Ranks, damping: float = 0.85) -> Round:
    """Let each member share out what they have among their friends, less a part that goes to all alike."""
    after = {
        member: (1 - damping) / len(friends)
        + damping * sum(ranks[each] / len(friends[each]) for each in known)
        for member, known in friends.items()
    }
    return Round(after, sum(abs(after[member] - ranks[member]) for member in friends))


@flow.node
def table(ranks: Ranks, most: int = 5) -> str:
    """Show those who count most."""
    best = sorted(ranks, key=ranks.__getitem__, reverse=True)[:most]
    return "\n".join(f"member {member:2}  {ranks[member]:.6f}" for member in best)


friends >> evenly
friends >> handed_on
evenly >> handed_on.input_ports["ranks"]  # in the first round; later ones get what the one before gave
handed_on.output_ports["ranks"] >> table

with flow.cycle(
    "rounds", convergence_check="change < 1e-10", objective="change", direction="minimize"
) as rounds:
    rounds.feedback(handed_on, handed_on, output="ranks", input="ranks")


def main() -> None:
    """Print the five, and how long it took."""
    print(flow.run(path=DATA))
    result = flow.context.metadata["cycles"]["rounds"]
    print(f"{result.reason} after {result.total_iterations} rounds: {result.reason_detail}")
    for number in (1, 10, 50, result.total_iterations):
        print(f"round {number:3} moved the ranks by {result.metric_history['change'][number - 1]:.1e}")


if __name__ == "__main__":
    main()
