"""Values with a meaning of their own: they say what to do, and do nothing themselves."""

from __future__ import annotations

import enum
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Replace:
    """What a post_execute hook returns to put *value* in the place of the result, None included."""

    value: Any
