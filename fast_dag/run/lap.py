"""One cycle on its way: how far it is, and what decides whether it goes on."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from fast_dag.plan.plan import Cycle
from fast_dag.run.course import Course
from fast_dag.run.memory import Memory
from fast_dag.run.results import CycleResult
from fast_dag.run.samples import Kept
from fast_dag.run.stalling import Stalling
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.deltas import Deltas
    from fast_dag.run.following import Following
    from fast_dag.run.limits import Usage


WITHOUT_OUTPUTS: Final = ("error", "violation", "not_entered")
"""Reasons after which nothing is handed on."""


class Ending(NamedTuple):
    """Why a cycle ends."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a checker may know of the cycle it decides about."""

    index: int
    """Of the iteration that is under way."""
    elapsed: float
    max_iterations: int | None
    objective: str | None
    direction: str
    conditions: Callable[[], Ending | None]
    """What the conditions of the cycle say of this iteration."""


class Policy(Protocol):
    """The conditions of one cycle in one run."""

    calls_user: bool
    """Whether it calls functions of the user's, which may take their time."""
    is_asked_before: bool
    """Whether it decides about each iteration before that begins."""
    may_end: bool
    """Whether it may end the cycle; one that only keeps an objective does not."""

    def admitting(self, inputs: Mapping[str, Any]) -> Generator[Any, Any, bool]:
        """Whether an iteration with these inputs is to begin; as `asking`."""

    def after(
        self,
        results: Mapping[str, Any],
        completed: int,
        elapsed: float,
        masked: bool,  # noqa: FBT001 - keywords cost time here
    ) -> Ending | None:
        """Why the cycle ends after an iteration that gave *results*, None if it does not."""

    def sample(self, results: Mapping[str, Any], completed: int, elapsed: float) -> None:
        """Take the samples of an iteration that ends the cycle by itself, if they are not taken yet."""

    def asking(
        self,
        results: Mapping[str, Any],
        completed: int,
        elapsed: float,
        masked: bool,  # noqa: FBT001 - keywords cost time here
    ) -> Generator[Any, Any, Ending | None]:
        """As `after`; functions of the user's are yielded with their arguments, and their answers sent in."""

    def read_after(self, completed: int) -> Mapping[str, Any] | None:
        """Every metric of the iteration that came so far, None if they were not read there."""

    def metric_history(self) -> Mapping[str, Any]:
        """The series of the metrics in use."""

    @property
    def aim(self) -> tuple[str | None, str]:
        """The objective, None without one, and its direction."""

    def tell(self, told: Callable[[str, bool], object]) -> None:
        """Have *told* called with each condition that is asked, and whether it held."""

    def describe(self, result: CycleResult) -> None:
        """Fill in what it knows of the metrics."""

    def saved(self) -> dict[str, Any]:
        """All it keeps, as plain data around the values."""

    def resume(self, data: Mapping[str, Any], results: Mapping[str, Any], completed: int) -> None:
        """Take what `saved` gave in an earlier run, *results* those of the last iteration."""


class Lap:
    """One cycle on its way.

    Parameters:
        cycle: the cycle.
        slots: where what its body gives lies: results, then what routers pass on.
        path: the names of the cycles around it, the outermost first and its own last.
    """

    policy: Policy | None = None
    course: Course | None = None
    """What its template adds."""
    own: Mapping[str, Any] | None = None
    """What the inputs that its template supplies would have without it."""
    is_waiting = False
    """Whether it is to be entered as soon as it is let in."""
    is_admitted = False
    """Whether it has been let in."""
    is_excused = False
    """Whether a failure of this iteration counts as one that came to its end."""
    is_passed_over = False
    """Whether it counts because somebody who watches excuses it: then the one before stands for it."""
    stalling: Stalling | None = None
    following: Following | None = None
    """What follows its rounds."""
    index = 0
    """The iteration that is under way, from 0."""
    completed = 0
    entered = 0
    """How often it has been entered."""
    started = 0.0
    iteration_started = 0.0
    """Kept where somebody watches."""
    seconds = 0.0
    is_running = False
    usage: Usage | None = None
    """What the process used when it began, where that is limited."""
    closing: Ending | None = None
    """Why it ends as soon as what is under way of it has come back."""
    ending: Ending | None = None
    exit: str | None = None
    """Why a node of the body wants it to end, None if none does."""
    signal: Any = NO_DATA
    """What a node of the body gave as its converged value."""
    found: Ending | None = None
    """Why a plain loop has ended, if its conditions said so."""
    fault: Exception | None = None
    """What its conditions raised in a plain loop."""
    made = 0
    """How many nodes of the body a plain loop has run in the iteration that it left."""

    def __init__(self, cycle: Cycle, slots: Sequence[int], path: Sequence[str] = ()) -> None:
        self.cycle = cycle
        self.slots = slots
        self.memory = Memory(cycle, path or (cycle.name,))
        """What its nodes keep."""
        self.deltas: Deltas | None = None
        """Its delta variables."""
        if cycle.has_delta:
            # Loaded on first use: most cycles have none.
            self.deltas = importlib.import_module("fast_dag.run.deltas").Deltas(cycle)
        self.carried: list[Any] = []
        """What each feedback edge brings into the next iteration, `NO_DATA` if that is nothing."""
        self.outputs: list[Any] = []
        """What lay in the slots after the last completed iteration."""
        self.latest: list[Any] = []
        """What lay there last, be that of an earlier iteration; empty while none has left anything out."""
        self.kept: Kept = {}
        """What checkers keep from one iteration to the next."""
        self.early: list[Ending | None] = []
        """What the conditions said of this iteration, where a checker has asked before its end."""
        self.checked: dict[str, bool] = {}
        """What the conditions said of this iteration, by text, where somebody watches."""
        self.attempts: list[int] = []
        """Those that the units from its enter on had made before this iteration."""

    def begin(self, now: float, *, is_watched: bool = False) -> None:
        """Forget earlier iterations; where a tool watches, every metric is followed."""
        if self.entered or self.ending is not None:
            self._forget()
        start = self.cycle.follow if is_watched else self.cycle.start
        self.policy = None if start is None else start()
        self.course = None if self.cycle.course is None else self.cycle.course()
        window = self.cycle.config.stall_window
        self.stalling = None if window is None else Stalling(window)
        self.entered += 1
        self.started = now
        self.is_running, self.is_waiting, self.is_admitted = True, False, False
        self.memory.begin()

    def _forget(self) -> None:
        """Be as new, but for what outlives an entry."""
        self.index = self.completed = self.made = 0
        self.signal = NO_DATA
        self.is_excused = self.is_passed_over = False
        self.ending = self.exit = self.found = self.fault = self.usage = self.closing = None
        self.outputs, self.latest, self.kept, self.early = [], [], {}, []

    def take(self, outputs: list[Any]) -> None:
        """Take what an iteration has left in the slots; where that is nothing, what was there last stays."""
        if self.latest or any(value is NO_DATA for value in outputs):
            before = zip_longest(outputs, self.latest or self.outputs, fillvalue=NO_DATA)
            self.latest = [old if new is NO_DATA else new for new, old in before]
        self.outputs = outputs

    @property
    def hands_on(self) -> bool:
        """Whether what it came to goes out of it, now that it has ended."""
        return bool(self.completed) and self.ending is not None and self.ending.reason not in WITHOUT_OUTPUTS

    @property
    def asks_deltas(self) -> bool:
        """Whether a call has to work out what is new for its delta variables."""
        return self.deltas is not None and self.deltas.is_waiting

    @property
    def asks_before(self) -> bool:
        """Whether somebody has to be asked before an iteration."""
        if self.asks_deltas:
            return True
        return self.course is not None or (self.policy is not None and self.policy.is_asked_before)

    @property
    def is_judged_by_user(self) -> bool:
        """Whether a function of the user's decides after an iteration."""
        if self.is_passed_over:
            return False
        is_asking = self.following is not None and self.following.asks_rule
        return is_asking or (self.policy is not None and self.policy.calls_user)

    def asks_after(self, ending: Ending | None) -> bool:
        """Whether a function of the user's is called after an iteration with such an *ending*."""
        if self.asks_deltas:
            return True
        return (ending is None and self.is_judged_by_user) or self.tells(ending)

    def tells(self, ending: Ending | None) -> bool:
        """Whether a function of the user's is told of the iteration, whatever ends the cycle with it."""
        if self.following is None or self.following.on_round is None or self.is_excused:
            return False
        return ending is None or ending.reason != "error"

    @property
    def is_masked(self) -> bool:
        """Whether it is too early for conditions to end it."""
        return self.completed < self.cycle.config.min_iterations
