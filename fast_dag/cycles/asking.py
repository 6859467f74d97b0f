"""Functions of the user's as conditions: called on the spot, or answered by who calls them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fast_dag.cycles.layout import ANSWERS, RESULTS, STATE, Layout, Question, Unanswered, Values
from fast_dag.errors import CycleConfigurationError

Test = Callable[[Values], bool]
"""Whether a condition holds for a list of values."""
Answer = TypeVar("Answer")
Asking = Generator[tuple[Question, tuple[Any, ...]], Any, Answer]
"""Yields functions of the user's with their arguments, to be called, and is sent what they answer."""


def asking(function: Callable[..., Any], layout: Layout) -> Test:
    """A test by a function of the user: called on the spot, or answered by who calls it."""
    place = layout.ask(function)
    takes_state = layout.asked[place].takes_state

    def holds(values: Values) -> bool:
        if values[ANSWERS] is not None:
            return _answered(values[ANSWERS], place)
        # Called here and not by `Question.call`: this is all that a callable condition costs.
        view = MappingProxyType(values[RESULTS])
        answer = function(view, values[STATE]) if takes_state else function(view)
        return answer if answer is True or answer is False else truth_of(answer, function)

    return holds


def telling(test: Test, text: str, told: Callable[[str, bool], object]) -> Test:
    """*test*, which has *told* know of each answer under its *text*."""

    def holds(values: Values) -> bool:
        answer = test(values)
        told(text, bool(answer))
        return answer

    return holds


def _answered(answers: Mapping[int, bool], place: int) -> bool:
    if place not in answers:
        raise Unanswered(place)
    return answers[place]


def truth_of(answer: Any, function: Callable[..., Any]) -> bool:
    """How the *answer* of a condition counts.

    Raises:
        CycleConfigurationError: it is a coroutine, which nobody awaits here.
    """
    if hasattr(type(answer), "__await__"):
        if hasattr(answer, "close"):
            answer.close()
        msg = f"condition {getattr(function, '__name__', function)!r} is async, which works only inside a run"
        raise CycleConfigurationError(msg)
    return bool(answer)
