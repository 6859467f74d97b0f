"""What a run made of each node, read from its context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_dag.draw.picture import State
from fast_dag.draw.wording import cut, value_text
from fast_dag.run.context import Context
from fast_dag.values import NO_DATA

Outcome = tuple[State, str]
"""A state, and the value, error or reason that goes with it."""

NOT_RUN: Outcome = (State.NOT_RUN, "")


class Outcomes:
    """The outcomes of one run by node; texts have at most *limit* characters.

    Users may change all of a context: what does not look like the engine's own entries is passed over.
    """

    def __init__(self, context: Context, limit: int) -> None:
        self._limit = limit
        self._results = context.results
        self._errors = _errors(context)
        self._skipped = _mapping(context.metadata.get("skipped"))
        self._ran = frozenset(map(str, _list(context.metrics.get("execution_order"))))

    def of(self, name: str) -> Outcome:
        """What happened to the node *name*."""
        # First, since a node that failed may have a result all the same: the None that stands for it.
        if name in self._errors:
            return State.ERROR, cut(self._errors[name], self._limit)
        if name in self._skipped:
            return State.SKIPPED, cut(str(self._skipped[name]), self._limit)
        if name in self._results or name in self._ran:
            return State.SUCCESS, f"= {value_text(self._results.get(name, NO_DATA), self._limit)}"
        return NOT_RUN


def _errors(context: Context) -> dict[str, str]:
    """The text of each error by node, with its class where the metadata tell it."""
    texts = {str(name): str(text) for name, text in _mapping(context.metrics.get("errors")).items()}
    for about in map(_mapping, _list(context.metadata.get("errors"))):
        if "node" in about:
            text = str(about.get("error", ""))
            kind = str(about.get("type", "error"))
            texts[str(about["node"])] = f"{kind}: {text}" if text else kind
    return texts


def _mapping(found: Any) -> Mapping[Any, Any]:
    return found if isinstance(found, Mapping) else {}


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []
