"""What templates add to their cycles: learning rates that fall, pauses that grow, ranges of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import Any, Self

from fast_dag.run.lap import Ending
from fast_dag.run.results import CycleResult


class Plain:
    """A course that adds nothing; it keeps nothing either, so one serves every run."""

    ports: tuple[str, ...] = ()
    """The inputs it has values for, by ``node.parameter``."""
    is_way_out = False
    """Whether it ends the cycle sooner or later."""
    sleep: Callable[[float], Any] | None = None
    clock: Callable[[], float] | None = None
    backoff: Callable[[int], float] | None = None

    def __call__(self) -> Self:
        """It for one entry into the cycle."""
        return self

    def admits(self, index: int) -> bool:  # noqa: ARG002 - as of `Course`
        """Whether there is an iteration *index*."""
        return True

    def delay(self, index: int, answer: Any = None) -> float:  # noqa: ARG002 - as of `Course`
        """Seconds to wait before it."""
        return 0.0

    def begins(self, index: int, now: float) -> None:
        """Take that it begins."""

    def inputs(self, index: int, own: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - as of `Course`
        """Values for its inputs."""
        return {}

    def shared(self, index: int) -> Mapping[str, Any]:  # noqa: ARG002 - as of `Course`
        """Values for the slots that the nodes share."""
        return {}

    def absorbs(self, error: Exception) -> bool:  # noqa: ARG002 - as of `Course`
        """Whether a failure counts as an iteration that came to its end."""
        return False

    def after(self, results: Mapping[str, Any], completed: int) -> Ending | None:  # noqa: ARG002 - as of `Course`
        """Why the cycle ends, None if it does not."""
        return None

    def exhausted(self) -> Exception | None:
        """What a cycle fails with that has used up its iterations, None if it does not fail."""
        return None

    def describe(self, result: CycleResult) -> None:
        """Fill in what it knows."""


@dataclass(frozen=True)
class Decay(Plain):
    """A learning rate that falls by a factor each iteration.

    >>> Decay("fit.learning_rate", 0.5).inputs(2, {"fit.learning_rate": 0.8})
    {'fit.learning_rate': 0.2}
    """

    port: str
    factor: float

    @property
    def ports(self) -> tuple[str, ...]:  # type: ignore[override]
        """The input for the rate."""
        return (self.port,)

    def inputs(self, index: int, own: Mapping[str, Any]) -> Mapping[str, Any]:
        """The rate it begins with, times what is left of it."""
        base = own.get(self.port)
        return {} if base is None else {self.port: base * self.factor**index}

    def shared(self, index: int) -> Mapping[str, Any]:
        """What is left of the rate."""
        return {"learning_rate_scale": self.factor**index}


@dataclass(frozen=True)
class Polls(Plain):
    """A pause before each iteration but the first."""

    interval: float
    sleep: Callable[[float], Any] | None = None

    def delay(self, index: int, answer: Any = None) -> float:  # noqa: ARG002 - as of `Course`
        """Seconds to wait before the iteration *index*."""
        return self.interval if index else 0.0


@dataclass(frozen=True)
class Batches(Plain):
    """Ranges of a number of items, one each iteration.

    >>> [Batches("load", 10, 25).inputs(index, {})["load.end"] for index in range(3)]
    [10, 20, 25]
    """

    node: str
    size: int
    total: int | None

    @property
    def ports(self) -> tuple[str, ...]:  # type: ignore[override]
        """The inputs for the range."""
        return tuple(f"{self.node}.{name}" for name in ("start", "end", "batch_index"))

    @property
    def is_way_out(self) -> bool:  # type: ignore[override]
        """Whether it ends the cycle: it looks for the end of the items."""
        return True

    def admits(self, index: int) -> bool:
        """Whether there are items left."""
        return self.total is None or index * self.size < self.total

    def inputs(self, index: int, own: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - as of `Course`
        """The range of the iteration *index*."""
        start = index * self.size
        end = start + self.size if self.total is None else min(start + self.size, self.total)
        return dict(zip(self.ports, (start, end, index), strict=True))

    def after(self, results: Mapping[str, Any], completed: int) -> Ending | None:
        """That all items are done."""
        if self.total is not None:
            is_over = not self.admits(completed)
            return Ending("converged", f"all {self.total} items are done") if is_over else None
        return Ending("converged", "no items are left") if _is_last(results.get(self.node)) else None


def _is_last(result: Any) -> bool:
    """Whether a result says that nothing is left: it is empty, or its *batch* is, or it is *done*."""
    if isinstance(result, Mapping):
        batch = result.get("batch", result)
        return bool(result.get("done")) or (isinstance(batch, Sized) and not len(batch))
    return result is None or (isinstance(result, Sized) and not len(result))
