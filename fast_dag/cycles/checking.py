"""What the checkers of convergence share: they are called like functions, and decide about a cycle."""

from __future__ import annotations

import abc
import functools
from collections.abc import Callable
from typing import Any, ClassVar, Final

from fast_dag.cycles.samples import OwnSamples, Samples, current_samples, sampled
from fast_dag.values import NO_DATA

SEEN: Final = ("index", "elapsed", "max_iterations", "objective", "direction", "conditions")
"""What a checker is told about its cycle."""


class Checker(abc.ABC):
    """A callable that says whether a cycle is to stop, and keeps nothing of a run.

    Parameters:
        name: what the node is called unless it is added under another name; default the class's name.
        given: the keywords it was made with, to make it again where it is unpickled.
    """

    __fast_dag_checker__: ClassVar[bool] = True
    """Says to the graph that it attaches itself to the cycle that feeds it."""

    def __init__(self, name: str | None, given: dict[str, Any], *, attach: bool) -> None:
        self.__name__: str = type(self).__qualname__ if name is None else name
        self.attach = attach
        self._given = given
        self._own = OwnSamples()

    @property
    def name(self) -> str:
        """What the node is called unless it is added under another name."""
        return self.__name__

    @name.setter
    def name(self, name: str) -> None:
        self.__name__ = name

    @property
    def given(self) -> dict[str, Any]:
        """The keywords it was made with."""
        return dict(self._given)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._given.items())
        return f"{type(self).__name__}({self.name!r}{', ' if shown else ''}{shown})"

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        return functools.partial(type(self), self.name, **self._given), ()

    def __call__(self, **inputs: Any) -> dict[str, Any]:
        """As `check`."""
        return self.check(**inputs)

    async def run(self, **inputs: Any) -> dict[str, Any]:
        """As `check`; it waits for nothing."""
        return self.check(**inputs)

    @abc.abstractmethod
    def check(self, **inputs: Any) -> dict[str, Any]:
        """Take the metrics of one iteration and say what follows."""

    def called_in(self, sight: Any, kept: dict[Any, Any]) -> Callable[..., dict[str, Any]]:
        """What the engine calls in place of the checker, which knows the cycle then.

        Parameters:
            sight: where the cycle is: `index`, `elapsed`, `max_iterations`, `objective`, `direction` and
                `conditions`.
            kept: what the checker keeps there while that cycle is gone round.
        """
        samples = Samples(**{name: getattr(sight, name) for name in SEEN}, held=kept)

        def call(**inputs: Any) -> dict[str, Any]:
            with sampled(samples):
                return self.check(**inputs)

        return call

    def reset(self) -> None:
        """Forget the samples of calls outside of cycles."""
        self._own = OwnSamples()

    def samples(self) -> Samples:
        """Where the samples of this call belong: to the cycle around it, or else to the checker itself."""
        found = current_samples()
        if found is not None:
            return found
        self._own.next_call()
        return self._own


CONTINUES: Final = {"converged": False, "should_stop": False, "stop_kind": None, "reason": None}


def outcome(kind: str | None, text: str, otherwise: str, *, converged: bool) -> dict[str, Any]:
    """The part of a result that says whether to stop.

    Parameters:
        kind: what makes it stop, None if nothing does.
        text: why it stops.
        otherwise: why it goes on, if it does.
        converged: whether what makes it stop is convergence.
    """
    if kind is None:
        return {**CONTINUES, "continue_reason": otherwise}
    return {
        "converged": converged,
        "should_stop": True,
        "stop_kind": kind,
        "reason": text,
        "continue_reason": None,
    }


def with_data(result: dict[str, Any], data: Any) -> dict[str, Any]:
    """*result*, with what is to pass through if there is such."""
    return result if data is NO_DATA else {**result, "data": data}
