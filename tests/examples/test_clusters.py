from math import dist
from statistics import fmean

import pytest


def by_hand(points, centers):
    """K-means as a plain loop: the centers after every round."""
    seen = []
    while not seen or seen[-1] != (seen[-2] if len(seen) > 1 else centers):
        centers = seen[-1] if seen else centers
        groups = [[] for _ in centers]
        for point in points:
            groups[min(range(len(centers)), key=lambda place: dist(point, centers[place]))].append(point)
        seen.append(tuple(tuple(map(fmean, zip(*group, strict=True))) for group in groups))
    return seen


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_three_kinds_are_found(example, mode):
    flow = example["flow"]
    kinds = flow.run(path=example["DATA"], count=3, mode=mode)
    assert sorted(map(dict, kinds), key=lambda each: -sum(each.values())) == [
        {"Adelie": 143, "Chinstrap": 5},
        {"Gentoo": 123},
        {"Chinstrap": 63, "Adelie": 8},
    ]
    info = flow.context.metadata["cycles"]["move"]
    seen = by_hand(flow["points"], flow["guess"])
    assert (flow["move"], info.rounds) == (seen[-1], len(seen))
    assert (info.reason_detail, len(info.history)) == ("fixed_point", len(seen))


def test_the_body_is_a_function(example):
    points = [(0.0,), (1.0,), (9.0,), (10.0,)]
    assert example["move"](((0.0,), (1.0,)), points) == ((0.0,), (20 / 3,))
    assert example["move"].iterate(((0.0,), (1.0,)), points=points).value == ((0.5,), (9.5,))


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_every_cut_halves_the_widest_cluster(example, mode):
    everybody = [bird.point for bird in example["load"](example["DATA"])]
    bisecting = example["bisecting"]
    spreads = bisecting.run(clusters=[everybody], mode=mode)
    clusters = [everybody]
    for number, expected in enumerate(spreads, start=1):
        widest = max(clusters, key=example["spread"])
        clusters.remove(widest)
        centers = by_hand(widest, example["far_apart"](widest, 2))[-1]
        clusters += example["divided"](widest, centers)
        assert expected == sorted(map(example["spread"], clusters), reverse=True)
        assert len(clusters) == number + 1
    assert bisecting.context.metadata["cycles"]["cut"].rounds == len(spreads) == 2
    inner = bisecting.context.nested["cut"].metadata["cycles"]["halves"]
    assert inner.reason_detail == "fixed_point"


def test_main_tells_of_kinds_and_cuts(example, capsys):
    example["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == "converged (fixed_point) after 4 rounds"
    assert len(lines) == 6
