"""What a run does about failures: its strategy, and the handlers that are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

STRATEGIES = {
    "fail_fast": "fail_fast",
    "stop": "fail_fast",
    "continue": "continue",
    "continue_skip": "continue",
    "continue_none": "continue_none",
}


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who is asked about a failure: the handler of the node, then that of the run."""

    nodes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    run: Callable[..., Any] | None = None

    def __bool__(self) -> bool:
        return bool(self.nodes) or self.run is not None


def strategy_named(name: object) -> str:
    """The error strategy called *name*, aliases resolved.

    Raises:
        ValueError: there is none of that name.
    """
    if not isinstance(name, str) or name not in STRATEGIES:
        msg = f"no error strategy {name!r}: known are {', '.join(STRATEGIES)}"
        raise ValueError(msg)
    return STRATEGIES[name]
