"""Values with a meaning of their own: they say what to do, and do nothing themselves."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Final, Self


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


class LogicalTime(tuple[int, ...]):
    """When something happens in a workflow: in which epoch, and in which round of each cycle around it.

    It equals the plain tuple and is sorted as one.  Whether one can lead to the other says `less_equal`.

    >>> time = LogicalTime(0).enter().next_round()
    >>> time, time.rounds, time.leave() == (0,)
    (LogicalTime(0, 2), (2,), True)
    >>> time.less_equal((1, 2)), time.less_equal((1, 1))
    (True, False)

    Parameters:
        epoch: from 0.
        rounds: of the outermost cycle first, each from 1.

    Raises:
        ValueError: a number that is none of these.
    """

    __slots__ = ()

    def __new__(cls, epoch: int, *rounds: int) -> Self:  # noqa: D102 - the class says it
        for name, value, least in (("epoch", epoch, 0), *(("round", each, 1) for each in rounds)):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                msg = f"the {name} of a logical time must be an int of at least {least}, got {value!r}"
                raise ValueError(msg)
        return super().__new__(cls, (epoch, *rounds))

    def __getnewargs__(self) -> tuple[int, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self))})"

    @property
    def epoch(self) -> int:
        """The epoch."""
        return self[0]

    @property
    def rounds(self) -> tuple[int, ...]:
        """The round of each cycle around it, the outermost first."""
        return self[1:]

    def less_equal(self, other: tuple[int, ...]) -> bool:
        """Whether what happens now may lead to something at the time *other*: no number is larger than there.

        Raises:
            ValueError: the two lie in different numbers of cycles.
        """
        if len(self) != len(other):
            msg = f"{self!r} and {other!r} lie in different numbers of cycles: enter or leave one first"
            raise ValueError(msg)
        return all(mine <= theirs for mine, theirs in zip(self, other, strict=True))

    def enter(self) -> Self:
        """The time in the first round of a cycle that is entered now."""
        return type(self)(*self, 1)

    def leave(self) -> Self:
        """The time when the innermost cycle has been left.

        Raises:
            ValueError: it lies in no cycle.
        """
        return type(self)(*self._inside("leave")[:-1])

    def next_round(self) -> Self:
        """The time one round of the innermost cycle later.

        Raises:
            ValueError: it lies in no cycle.
        """
        return type(self)(*self._inside("go round")[:-1], self[-1] + 1)

    def _inside(self, what: str) -> Self:
        if len(self) == 1:
            msg = f"{self!r} lies in no cycle, so there is none to {what}"
            raise ValueError(msg)
        return self
