"""What a checker keeps from one call to the next, and what it knows of the cycle it decides about.

A checker holds no samples of a run itself: one instance may serve many runs at once.  Whoever runs a cycle
makes a `Samples` for each checker each time the cycle is entered, and sets it for each call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fast_dag.errors import CycleConfigurationError
from fast_dag.run.samples import Stored

T = TypeVar("T")

Decision = tuple[str, str]
"""Why a cycle is to end, ``converged`` or another reason, and the detail."""


@dataclass(eq=False)
class Samples:
    """What one checker may ask about the cycle it stands in.

    Parameters:
        index: of the iteration that is under way, from 0.
        elapsed: seconds since the cycle began.
        max_iterations: its bound, None without one.
        objective, direction: its objective, None without one, and what the best value of that is.
        conditions: what its conditions say after this iteration, None if they let it go on; left out where
            there is no cycle.
        held: what owners have kept, by owner; whoever runs a cycle brings it for each call.
    """

    index: int = 0
    elapsed: float = 0.0
    max_iterations: int | None = None
    objective: str | None = None
    direction: str = "maximize"
    conditions: Callable[[], Decision | None] | None = None
    held: dict[Any, Any] = field(default_factory=dict, repr=False)

    def kept(self, owner: object, make: Callable[[], T]) -> T:
        """What *owner* has kept here since the cycle was entered; the first time what *make* gives.

        Checkpoints hold it if *owner* is a text and it has two methods: ``saved()`` gives it as data, and
        ``resume(data)`` lets what *make* gives in a later run be as it was.
        """
        kept = self.held.get(owner)
        if owner not in self.held or isinstance(kept, Stored):
            made: Any = make()
            if isinstance(kept, Stored):
                made.resume(kept.data)
            self.held[owner] = made
        found: T = self.held[owner]
        return found

    def decides(self) -> Decision | None:
        """What the conditions of the cycle say.

        Raises:
            CycleConfigurationError: there is no cycle.
        """
        if self.conditions is None:
            msg = (
                "a multi_criteria checker without criteria repeats what the conditions of its cycle say, and "
                "there is no cycle here: give it threshold_conditions, stability_config, "
                "expression_conditions or adaptive_criteria"
            )
            raise CycleConfigurationError(msg)
        return self.conditions()


class OwnSamples(Samples):
    """Stands in for a cycle where there is none: each call is an iteration."""

    def __init__(self) -> None:
        super().__init__(index=-1)
        self._started = time.monotonic()

    def next_call(self) -> None:
        """Begin another iteration."""
        self.index += 1
        self.elapsed = time.monotonic() - self._started


_current: ContextVar[Samples | None] = ContextVar("fast_dag_samples", default=None)


@contextmanager
def sampled(samples: Samples) -> Iterator[None]:
    """Have checkers that are called inside keep their samples in *samples*."""
    token = _current.set(samples)
    try:
        yield
    finally:
        _current.reset(token)


def current_samples() -> Samples | None:
    """Those of the cycle in which the running step stands, None outside."""
    return _current.get()
