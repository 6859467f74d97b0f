"""Traces made by hand, with times that can be reckoned in the head."""

from fast_dag import events
from fast_dag.observe.trace import Trace
from fast_dag.plan.shape import Shape, Shapes
from fast_dag.run.traced import Traced

COMMON = {"run_id": "r", "workflow": "w"}


def shape(text, roles=(), cycles=()):
    """The shape of a text like ``a; b < a; c < a b``: each name with those it has to wait for."""
    lines = [each.split("<") for each in text.split(";")]
    names = tuple(line[0].strip() for line in lines)
    sources = tuple(
        tuple(names.index(each) for each in (line[1].split() if len(line) > 1 else ())) for line in lines
    )
    roles = dict(roles)
    return Shape(names, tuple(roles.get(name, "") for name in names), sources, tuple(cycles))


def started(node, time, attempt=1, iteration=(), worker="w1"):
    return events.NodeStarted(
        **COMMON, time=float(time), node=node, attempt=attempt, iteration=iteration, worker=worker
    )


def finished(node, time, duration, attempt=1, *, iteration=(), worker="w1", cached=False):
    return events.NodeFinished(
        **COMMON,
        time=float(time),
        node=node,
        attempt=attempt,
        iteration=iteration,
        worker=worker,
        duration=float(duration),
        cached=cached,
    )


def failed(
    node, time, duration, *, retry_in=None, attempt=1, iteration=(), worker="w1", error=None, index=None
):
    return events.NodeFailed(
        **COMMON,
        time=float(time),
        node=node,
        attempt=attempt,
        iteration=iteration,
        worker=worker,
        duration=float(duration),
        error=error or ValueError("broken"),
        retry_in=retry_in,
        index=index,
    )


def skipped(node, time, iteration=()):
    return events.NodeSkipped(
        **COMMON, time=float(time), node=node, attempt=0, iteration=iteration, worker="w1", reason="so"
    )


def ran(node, begun, ended, iteration=(), worker="w1"):
    """A node that was at work all the time."""
    return [
        started(node, begun, iteration=iteration, worker=worker),
        finished(node, ended, ended - begun, iteration=iteration, worker=worker),
    ]


def iteration(index, begun, ended, *body, cycle="loop"):
    """An iteration of the outermost cycle."""
    about = {**COMMON, "cycle": cycle, "index": index}
    return [
        events.IterationStarted(**about, time=float(begun)),
        *(each for item in body for each in item),
        events.IterationFinished(**about, time=float(ended), duration=float(ended - begun), metrics={}),
    ]


def trace(told, shapes=None, wall=10.0):
    """The trace of these events, in the order of their times, in a run of *wall* seconds."""
    flat = [each for item in told for each in (item if isinstance(item, list) else [item])]
    made = Traced("w", "r")
    made.entries = [
        events.RunStarted(**COMMON, time=0.0, mode="parallel", input_names=()),
        *sorted(flat, key=lambda each: each.time),
        events.RunFinished(**COMMON, time=float(wall), status="completed", duration=float(wall), error=None),
    ]
    made.shapes = Shapes({"": shapes} if isinstance(shapes, Shape) else dict(shapes or {}))
    return Trace(made)
