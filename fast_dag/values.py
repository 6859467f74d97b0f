"""Values with a meaning of their own: they say what to do, and do nothing themselves."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Final


class NodeType(enum.StrEnum):
    """What a node is for; compares equal to its string value."""

    STANDARD = "standard"
    CONDITIONAL = "conditional"
    SELECT = "select"
    ANY = "any"
    ALL = "all"
    FSM_STATE = "fsm_state"
    DAG = "dag"
    FSM = "fsm"


class ExecutionMode(enum.StrEnum):
    """Where the nodes of a run work; compares equal to its string value."""

    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"
    ASYNC = "async"
    PROCESS = "process"
    DASK = "dask"


END: Final = "__end__"
"""Where a state or a branch leads when the run or cycle ends there; no node has this name."""


class NoData(enum.Enum):
    """The type of `NO_DATA`, an enumeration so that the one member survives copies and pickles."""

    NO_DATA = "NO_DATA"

    def __repr__(self) -> str:
        return self.value


NO_DATA: Final = NoData.NO_DATA
"""A node that returns it has run without a result: all its outgoing edges are dead."""

SKIP: Final = NO_DATA


@dataclass(frozen=True, slots=True)
class ConditionalReturn:
    """What a condition node may return to say which branch to take and what to pass on.

    >>> ConditionalReturn(True, {"rows": 3}).value
    {'rows': 3}
    """

    condition: bool
    value: Any = None


@dataclass(frozen=True, slots=True)
class SelectReturn:
    """What a select node returns: the *branch* to take and the *value* it receives."""

    branch: str
    value: Any = None


@dataclass(frozen=True, slots=True, init=False)
class FSMReturn:
    """What a state may return to say what comes next.

    Parameters:
        next_state: the state to go to, or `END`; None leaves that to the transitions.
        value: handed to the next state; left out, nothing is handed on.
        stop: end the run, whatever the transitions say.
    """

    next_state: str | None
    value: Any
    stop: bool
    hands_on: bool = field(repr=False)
    """Whether it was given a value."""

    def __init__(
        self,
        next_state: str | None = None,
        value: Any = NO_DATA,
        stop: bool = False,  # noqa: FBT001, FBT002 - the contract's form
    ) -> None:
        # The class is frozen.
        given = value is not NO_DATA
        for name, each in (("next_state", next_state), ("stop", stop), ("hands_on", given)):
            object.__setattr__(self, name, each)
        object.__setattr__(self, "value", value if given else None)


@dataclass(frozen=True, slots=True)
class Converged:
    """What a node in a cycle returns to say that this is the last iteration; its result is *value*."""

    value: Any = None


@dataclass(frozen=True, slots=True)
class Replace:
    """What a post_execute hook returns to put *value* in the place of the result, None included."""

    value: Any
