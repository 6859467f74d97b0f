"""How many kinds of penguins are there?  K-means, and cutting the widest cluster in two again and again."""

from __future__ import annotations

import csv
from collections import Counter
from math import dist
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, NamedTuple

from fast_dag import DAG, IterationInfo, fixed_point

DATA = Path(__file__).parent / "data" / "penguins.csv"
MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")

Point = tuple[float, ...]
Centers = tuple[Point, ...]


class Bird(NamedTuple):
    """Where a bird stands, in standard deviations from the mean of each measure, and what it is."""

    point: Point
    species: str


def load(path: Path) -> list[Bird]:
    """Read the birds that were measured."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[MEASURES[0]] != "NA"]
    scaled = [standardized([float(row[measure]) for row in rows]) for measure in MEASURES]
    return [Bird(point, row["species"]) for point, row in zip(zip(*scaled, strict=True), rows, strict=True)]


def standardized(values: list[float]) -> list[float]:
    """Each value in standard deviations from the mean."""
    mean, deviation = fmean(values), pstdev(values)
    return [(value - mean) / deviation for value in values]


def nearest(point: Point, centers: Centers) -> int:
    """Which of the *centers* is the nearest; of two the first."""
    return min(range(len(centers)), key=lambda place: dist(point, centers[place]))


def middle(points: list[Point]) -> Point:
    """The mean of *points*, coordinate by coordinate."""
    return tuple(map(fmean, zip(*points, strict=True)))


def spread(points: list[Point]) -> float:
    """The sum of squared distances from the middle."""
    center = middle(points)
    return sum(dist(point, center) ** 2 for point in points)


def divided(points: list[Point], centers: Centers) -> list[list[Point]]:
    """The *points* by their nearest center."""
    found: list[list[Point]] = [[] for _ in centers]
    for point in points:
        found[nearest(point, centers)].append(point)
    return found


def far_apart(points: list[Point], count: int) -> Centers:
    """A first guess: begin with the point farthest from the middle, then take the farthest from all taken."""
    taken = [max(points, key=lambda point: dist(point, middle(points)))]
    while len(taken) < count:
        taken.append(max(points, key=lambda point: min(dist(point, each) for each in taken)))
    return tuple(taken)


# K-means: what goes round is the centers, the points are held.

flow = DAG("k-means")


@flow.node
def birds(path: Path) -> list[Bird]:
    """Read the birds."""
    return load(path)


@flow.node
def points(birds: list[Bird]) -> list[Point]:
    """Forget what they are."""
    return [bird.point for bird in birds]


@flow.node
def guess(points: list[Point], count: int) -> Centers:
    """Begin with birds that stand far apart."""
    return far_apart(points, count)


@flow.iterate(until=fixed_point(), max_rounds=100, emit="last", history=True)
def move(centers: Centers, points: list[Point]) -> Centers:
    """Put every center into the middle of the points that are nearest to it."""
    return tuple(
        middle(each) if each else center
        for each, center in zip(divided(points, centers), centers, strict=True)
    )


@flow.node
def kinds(move: Centers, birds: list[Bird]) -> list[Counter[str]]:
    """Count what stands around each center."""
    found: list[Counter[str]] = [Counter() for _ in move]
    for bird in birds:
        found[nearest(bird.point, move)][bird.species] += 1
    return found


birds >> points >> guess >> move
points >> move.input_ports["points"]
move >> kinds
birds >> kinds.input_ports["birds"]


# Two levels: each outer round cuts the widest cluster, which takes inner rounds of its own.

cutting = DAG("cut the widest")


@cutting.node(outputs=["widest", "others"])
def choose(clusters: list[list[Point]]) -> tuple[list[Point], list[list[Point]]]:
    """Take out the cluster that is spread the most."""
    place = max(range(len(clusters)), key=lambda each: spread(clusters[each]))
    return clusters[place], clusters[:place] + clusters[place + 1 :]


@cutting.node
def two(widest: list[Point]) -> Centers:
    """Begin with two of its points that are far apart."""
    return far_apart(widest, 2)


halves: Any = cutting.iterate(until=fixed_point(), name="halves")(move.func)


@cutting.node
def joined(halves: Centers, widest: list[Point], others: list[list[Point]]) -> list[list[Point]]:
    """Put its two halves in its place."""
    return [*others, *divided(widest, halves)]


choose.output_ports["widest"] >> two >> halves
choose.output_ports["widest"] >> halves.input_ports["points"]
halves >> joined
choose.output_ports["widest"] >> joined.input_ports["widest"]
choose.output_ports["others"] >> joined.input_ports["others"]

bisecting = DAG("bisecting")
ports = {"seed": "clusters", "feedback": "clusters", "output": "joined"}
cut = bisecting.iterate("cut", cutting, max_rounds=2, emit="tagged", **ports)


@bisecting.node
def spreads(cut: list[tuple[int, list[list[Point]]]]) -> list[list[float]]:
    """How far the clusters are spread after each round, the widest first."""
    return [sorted(map(spread, clusters), reverse=True) for _, clusters in cut]


cut >> spreads


def main() -> None:
    """Look for three kinds, then cut twice."""
    for count, about in enumerate(flow.run(path=DATA, count=3), start=1):
        print(f"{count}: {', '.join(f'{number} {species}' for species, number in about.most_common())}")
    info: IterationInfo = flow.context.metadata["cycles"]["move"]
    print(f"{info.reason} ({info.reason_detail}) after {info.rounds} rounds")
    everybody = [bird.point for bird in load(DATA)]
    for widths in bisecting.run(clusters=[everybody]):
        print("spread:", ", ".join(f"{width:.0f}" for width in widths))


if __name__ == "__main__":
    main()
