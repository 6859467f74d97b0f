"""What a step wants of a runner, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Request:
    """Something to be done once for one step; what that step wants next is another request.

    `strand` is the run the step belongs to, as the desk follows it.  `handle` is where the runner can
    cancel it: `handle.cancel()` is true if that may take effect, false if the call can only be abandoned.
    `cancelling` tells that it was out of time and is being cancelled.
    """

    __slots__ = ("cancelling", "handle", "invocation", "step", "strand")

    takes_room = True
    """Whether it counts among the calls that may be under way at once."""
    timeout: float | None = None
    """Seconds after which it is given up."""

    def __init__(self) -> None:
        self.step = -1
        self.strand: Any = None
        self.invocation: Invocation | None = None
        self.handle: Any = None
        self.cancelling = False


class Call(Request):
    """Call a function; if it is a coroutine function, or returns something to await, await that."""

    __slots__ = ("args", "function", "is_async", "kwargs", "timeout")

    blocks = True
    """Whether it may take its time, so that an event loop must not make it itself."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any] = NOTHING,
        is_async: bool = False,  # noqa: FBT001, FBT002 - made once a step: keywords cost time here
        timeout: float | None = None,
    ) -> None:
        self.step = -1
        self.strand = self.invocation = self.handle = None
        self.cancelling = False
        self.function, self.args, self.kwargs = function, args, kwargs
        self.is_async, self.timeout = is_async, timeout

    def let_go(self) -> None:
        """Drop the arguments of a call that has been made: somebody may hold on to the request."""
        self.args = ()
        self.kwargs = NOTHING


class Attempt(Call):
    """Call the node's function; give up after *timeout* seconds."""

    __slots__ = ()


class TurnCall(Attempt):
    """An attempt that may write into the state of its cycle: what it writes stands in its *turn*."""

    __slots__ = ("turn",)

    turn: Any


class Ask(Call):
    """Call something that stands around a node: a handler, a hook, a cache."""

    __slots__ = ()


class Last(Ask):
    """Ask a cleanup hook, however the run may end: once it has begun it gets a moment to end.

    *heed* takes the outcome if the run is over by then, and with it the invocation.
    """

    __slots__ = ("heed",)

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        is_async: bool,  # noqa: FBT001 - as above
        heed: Callable[[Outcome], None],
    ) -> None:
        super().__init__(function, args, is_async=is_async)
        self.heed = heed


class Quick(Ask):
    """Ask something that answers at once, without waiting for anything outside."""

    __slots__ = ()

    blocks = False


class Wait(Request):
    """Come back after *delay* seconds."""

    __slots__ = ("delay",)

    takes_room = False

    def __init__(self, delay: float) -> None:
        super().__init__()
        self.delay = delay


class Landing(Protocol):
    """Something that others do, and that tells when it is over."""

    def when_landed(self, callback: Callable[[], object]) -> bool:
        """Have *callback* called when it is over; false if it is over already."""


class Until(Request):
    """Come back when *flight*, which somebody else makes, has landed."""

    __slots__ = ("flight",)

    takes_room = False

    def __init__(self, flight: Landing) -> None:
        super().__init__()
        self.flight = flight


class Enter(Request):
    """Follow *run*, a run inside this step, to its end; give it up after *timeout* seconds.

    *invoke* gives for a step of it what is to be done.
    """

    __slots__ = ("inner", "invoke", "timeout")

    takes_room = False

    def __init__(self, inner: Any, invoke: Callable[[int], Invocation], timeout: float | None = None) -> None:
        super().__init__()
        self.inner, self.invoke, self.timeout = inner, invoke, timeout


class Watch(Request):
    """Look every *timeout* seconds whether the cycle that is on *lap* is to end, while it is under way.

    *check* gives why it ends there, True if it has been ended.  Without *lap* it is the run that is watched.
    """

    __slots__ = ("check", "lap", "number", "timeout")

    takes_room = False

    def __init__(self, lap: Any, timeout: float, check: Callable[[], Any]) -> None:
        super().__init__()
        self.lap, self.timeout, self.check = lap, timeout, check
        self.number = 0 if lap is None else lap.entered

    @property
    def is_open(self) -> bool:
        """Whether the cycle is still under way."""
        return self.lap is None or bool(self.lap.is_running and self.lap.entered == self.number)


class Loop(Request):
    """Go round the cycle that is on *lap* as a plain loop, as far as that goes."""

    __slots__ = ("lap",)

    def __init__(self, lap: Any) -> None:
        super().__init__()
        self.lap = lap


@dataclass(slots=True)
class Outcome:
    """What became of a request: a *value* or an *error*, after *duration* seconds of work."""

    value: Any = None
    error: BaseException | None = None
    duration: float = 0.0
    worker: int = 0
    """The thread it was done on, 0 for the one that hands the outcome over."""
    ended: float = 0.0
    """When, on the clock of the runner."""
    expired: bool = False
    """Whether the attempt ran out of time."""


@dataclass(frozen=True, slots=True)
class Success:
    """The step has a result; of a router its `Route`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """The step failed for good; *strategy* is what the run error handler said, if it did.

    The error that leaves the run carries *notes*, and *marks* as attributes.
    """

    error: Exception
    strategy: str | None = None
    notes: tuple[str, ...] = ()
    marks: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


class LeftOut:
    """The step is not to run: it is settled as one whose branch was not taken."""


LEFT_OUT: Final = LeftOut()

Invocation = Generator[Request, Outcome, Success | Failure]
