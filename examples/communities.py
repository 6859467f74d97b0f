"""Which members are connected, however far?  Labels go from friend to friend, and only changes travel."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from fast_dag import DAG, Delta

DATA = Path(__file__).parent / "data" / "karate_club.txt"

Pairs = list[tuple[int, int]]
Labels = dict[int, int]


def club(path: Path = DATA) -> Pairs:
    """Read who meets whom in the karate club."""
    return [(int(one), int(other)) for one, other in map(str.split, path.read_text().splitlines())]


def scale_free(size: int = 10_000, communities: int = 40, seed: int = 1) -> Pairs:
    """Make a network in which those who know many get to know more (Barabasi and Albert 1999).

    Members come one by one, and know two of those who are there; now and then one begins a new community.
    """
    chance = random.Random(seed)
    begins = {0, *chance.sample(range(1, size), communities - 1)}
    pairs: Pairs = []
    ends: list[int] = []  # each member as often as others know it
    for member in range(size):
        if member in begins:
            ends = [member]
            continue
        for friend in {chance.choice(ends) for _ in range(2)}:
            pairs.append((member, friend))
            ends += [member, friend]
    return pairs


flow = DAG("communities")


@flow.node
def friends(pairs: Pairs) -> dict[int, list[int]]:
    """Gather whom each member knows."""
    found: dict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        found[one].append(other)
        found[other].append(one)
    return dict(found)


@flow.node
def alone(friends: dict[int, list[int]]) -> Labels:
    """Begin with every member as a community of its own, called after it."""
    return {member: member for member in friends}


@flow.node
def passed_on(labels: Delta, friends: dict[int, list[int]]) -> Iterable[tuple[int, int]]:
    """Have those whose label has changed tell their friends; the others have said it before."""
    return [(friend, label) for member, label in labels.new.items() for friend in friends[member]]


@flow.node
def sizes(labels: Labels) -> list[tuple[int, int]]:
    """Count the members of each community, the largest first: size, and the smallest member."""
    counts = Counter(labels.values())
    return sorted(((size, label) for label, size in counts.items()), key=lambda each: (-each[0], each[1]))


friends >> alone
friends >> passed_on.input_ports["friends"]
alone >> passed_on.input_ports["labels"]

with flow.cycle("spreading") as spreading:
    spreading.feedback(passed_on, passed_on, input="labels")
    spreading.delta(passed_on, input="labels", merge=min)

flow.connect("spreading", sizes, output="labels")


def main() -> None:
    """Print what was found, and how many labels changed in each round."""
    for name, pairs in (("karate club", club()), ("10,000 members", scale_free())):
        found = flow.run(pairs=pairs)
        rounds = [each.items for each in flow.context.metadata["cycles"]["spreading"].history]
        print(f"{name}: {len(found)} communities, the largest has {found[0][0]} members")
        print(f"  labels that changed, round by round: {', '.join(map(str, rounds))}")


if __name__ == "__main__":
    main()
