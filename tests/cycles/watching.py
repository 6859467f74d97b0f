"""Short ways to ask conditions in tests."""

from fast_dag.cycles.compiled import conditions_of
from fast_dag.graph.cycle_config import CycleConfig


def watch(*conditions, echoing=(), **settings):
    """A watch with these conditions."""
    if conditions:
        settings["convergence_conditions"] = list(conditions)
    return conditions_of(CycleConfig(**settings), echoing).start()


def holds(text, results=None, **settings):
    """Whether the expression *text* holds after one iteration; *results* are those of the node 'step'."""
    ending = watch(text, **settings).after({"step": results or {}}, 1, 0.0)
    return ending is not None


def first_ending(watched, samples, **named):
    """The number of iterations after which it ends, the reason and the detail; None if it goes on."""
    for count, ending in enumerate(endings_until(watched, samples, **named), start=1):
        if ending is not None:
            return (count, *ending)
    return None


def endings_until(watched, samples, **named):
    """As `endings`, no further than the first that is one."""
    series = {"x": samples} if samples is not None else named
    for count, values in enumerate(zip(*series.values(), strict=True), start=1):
        ending = watched.after({"step": dict(zip(series, values, strict=True))}, count, 0.1 * count)
        yield ending
        if ending is not None:
            return
