"""Is it a she?  A model of a penguin's sex, fitted by gradient descent until it stops getting better."""

from __future__ import annotations

import argparse
import csv
from math import exp, log
from pathlib import Path
from statistics import fmean, pstdev
from typing import NamedTuple

from fast_dag import DAG, CycleProfiler, CycleResult

DATA = Path(__file__).parent / "data" / "penguins.csv"
MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
SPECIES = ("Adelie", "Chinstrap", "Gentoo")

Weights = list[float]


class Bird(NamedTuple):
    """What is known of a bird: a 1 for its species among 0s, its measures, and whether it is a female."""

    features: list[float]
    is_female: bool


class Fit(NamedTuple):
    """Weights, and the mean log loss with them: of the birds they were fitted to, and of all others."""

    weights: Weights
    loss: float
    other_loss: float


flow = DAG("logistic regression")


@flow.node
def load(path: Path) -> list[Bird]:
    """Read the birds whose sex is known, with measures in standard deviations from the mean."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sex"] != "NA"]
    scaled = [standardized([float(row[measure]) for row in rows]) for measure in MEASURES]
    return [
        Bird([*(float(row["species"] == each) for each in SPECIES), *measures], row["sex"] == "female")
        for row, measures in zip(rows, zip(*scaled, strict=True), strict=True)
    ]


@flow.node(outputs=["training", "others"])
def split(birds: list[Bird]) -> tuple[list[Bird], list[Bird]]:
    """Put every fourth bird aside."""
    return [bird for number, bird in enumerate(birds) if number % 4], birds[::4]


@flow.node
def descend(training: list[Bird], weights: Weights | None = None, rate: float = 4.0) -> Weights:
    """Take one step downhill."""
    weights = weights or [0.0] * len(training[0].features)
    misses = [likelihood(bird, weights) - bird.is_female for bird in training]
    slopes = [
        fmean(miss * bird.features[place] for miss, bird in zip(misses, training, strict=True))
        for place in range(len(weights))
    ]
    return [weight - rate * slope for weight, slope in zip(weights, slopes, strict=True)]


@flow.node(outputs=["weights", "loss", "other_loss"])
def judge(descend: Weights, training: list[Bird], others: list[Bird]) -> Fit:
    """See how good the weights are."""
    return Fit(descend, log_loss(training, descend), log_loss(others, descend))


@flow.node
def score(weights: Weights, others: list[Bird]) -> float:
    """Give the part of the birds put aside that are told right."""
    return fmean((likelihood(bird, weights) > 0.5) == bird.is_female for bird in others)


def standardized(values: list[float]) -> list[float]:
    """Each value in standard deviations from the mean."""
    mean, deviation = fmean(values), pstdev(values)
    return [(value - mean) / deviation for value in values]


def likelihood(bird: Bird, weights: Weights) -> float:
    """How likely the *bird* is a female."""
    return 1 / (1 + exp(-sum(map(float.__mul__, bird.features, weights))))


def log_loss(birds: list[Bird], weights: Weights) -> float:
    """How far off the likelihoods are, from 0; tossing a coin gives 0.69."""
    return -fmean(
        log(likelihood(bird, weights) if bird.is_female else 1 - likelihood(bird, weights)) for bird in birds
    )


load >> split
split.output_ports["training"] >> descend >> judge
split.output_ports["training"] >> judge.input_ports["training"]
split.output_ports["others"] >> judge.input_ports["others"]
judge.output_ports["weights"] >> score
split.output_ports["others"] >> score

with flow.cycle(
    "fit",
    max_iterations=500,
    convergence_check={"type": "improvement_rate", "metric": "loss", "threshold": 5e-4, "window": 5},
    early_stop={"patience": 5, "metric": "other_loss", "direction": "minimize"},
    objective="other_loss",
    direction="minimize",
) as fit:
    fit.feedback(judge, descend, output="weights", input="weights")


def describe(result: CycleResult, told_right: float) -> str:
    """One line about a fit."""
    why = f"{result.reason} after {result.total_iterations} steps ({result.reason_detail})"
    return f"{why}; best loss {result.best_quality:.4f}; {told_right:.0%} told right"


def main(arguments: list[str] | None = None) -> None:
    """Fit with small steps, with steps of a good size, and with steps that are too big."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--report", type=Path, metavar="PATH", help="write a page about the fit with steps of a good size"
    )
    asked = parser.parse_args(arguments)
    for rate in (1.0, 4.0, 12.0):
        profiler = CycleProfiler(sampling_interval_ms=10)
        watching = [profiler] if asked.report and rate == 4.0 else []
        told_right = flow.run(path=DATA, rate=rate, observers=watching)
        print(f"rate {rate:4}: {describe(flow.context.metadata['cycles']['fit'], told_right)}")
        if watching:
            profiler.export("html", asked.report)


if __name__ == "__main__":
    main()
