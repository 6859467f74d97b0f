"""What follows the rounds of a cycle: its rule, what it emits, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fast_dag.errors import CycleConfigurationError
from fast_dag.plan.plan import Cycle, Layout
from fast_dag.run.lap import Ending
from fast_dag.run.step import fetch
from fast_dag.values import NO_DATA

Ask = Callable[[Mapping[str, Any], int, float, bool], Ending | None]

NOBODY = Layout("nodes behind it")


class Following:
    """One entry into a cycle, followed round by round.

    Parameters:
        cycle: one with `until`, `on_round`, or an `emit` other than "last".
    """

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle
        until = cycle.until
        self._rule = None if until is None else until.start()
        self.on_round: Callable[[int, Any], Any] | None = cycle.config.on_round
        self.asks_rule = until is not None and until.calls_user
        """Whether its rule is a function of the user's."""
        self.emitted: list[list[Any]] = [[] for _ in cycle.emits]
        self.is_new = True
        """Whether it has not seen what the first round begins with."""
        self.previous: Any = NO_DATA
        self.value: Any = NO_DATA
        """What the last round gave; before the first one the seed."""

    @property
    def may_end(self) -> bool:
        """Whether it may end the cycle."""
        return self._rule is not None

    def begin(self, values: Sequence[Any]) -> None:
        """Take what the first round begins with."""
        self.is_new = False
        slots = {slot: port.slot for port in self._cycle.ports for slot in port.fed}
        seeds = [values[slots[each.into]] if each.into in slots else NO_DATA for each in self._cycle.feedback]
        self.value = self._joined(seeds)

    def take(self, values: list[Any], carried: Sequence[Any], round_: int) -> None:
        """Take what a round has given: *carried* by the feedback edges, and *values* for what it emits.

        Raises:
            MissingOutputError: something that is to be emitted is not there.
        """
        if self.value is not NO_DATA:
            self.previous = self.value
        self.value = self._joined(carried)
        for each, kept in zip(self._cycle.emits, self.emitted, strict=True):
            item = fetch(each.value, NOBODY, values)
            if item is not NO_DATA:
                kept.append((round_, item) if each.is_tagged else item)

    def tell(self, round_: int) -> None:
        """Have `on_round` called on the spot."""
        if self.on_round is not None:
            self._checked(self.on_round(round_, self.value), "on_round")

    def question(self, round_: int, *, masked: bool) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
        """The rule and its arguments, None if it is not to be asked.

        Parameters:
            round_: the one that has ended.
            masked: whether it is too early to end.  A rule of the library's takes its samples all the same.
        """
        if self._rule is None or self.value is NO_DATA or (masked and self.asks_rule):
            return None
        return self._rule, (self.previous, self.value, round_)

    def verdict(self, said: Ending | None, round_: int, *, masked: bool) -> Ending | None:
        """*said*, what the conditions led to, or that the rule holds; it is called on the spot."""
        question = None if self.asks_rule else self.question(round_, masked=masked)
        if question is None or not question[0](*question[1]) or masked:
            return said
        return self.held(said)

    def held(self, said: Ending | None) -> Ending:
        """The end of a cycle whose rule holds, where its conditions have *said* something."""
        until: Any = self._cycle.until
        return said if said is not None and _has_converged(said) else Ending("converged", until.name)

    def plainly(self, ask: Ask | None, values: list[Any], slots: Sequence[int] | None) -> Ask:
        """What a plain loop asks after a round in place of *ask*: everything, on the spot.

        Parameters:
            values: of the run.
            slots: of what is fed back; None if somebody else has `take` called.
        """
        on_round, rule, asks_rule = self.on_round, self._rule, self.asks_rule
        is_single = slots is not None and len(slots) == 1 and not self._cycle.emits
        only = slots[0] if slots is not None and is_single else -1

        def asked(
            results: Mapping[str, Any],
            round_: int,
            elapsed: float,
            masked: bool,  # noqa: FBT001 - as of what it stands for
        ) -> Ending | None:
            if only >= 0:
                # What goes round in a plain loop is always there.
                self.previous, self.value = self.value, values[only]
            elif slots is not None:
                self.take(values, [values[slot] for slot in slots], round_)
            if on_round is not None and (told := on_round(round_, self.value)) is not None:
                self._checked(told, "on_round")
            said = None if ask is None else ask(results, round_, elapsed, masked)
            if rule is None or (asks_rule and (masked or _has_converged(said))) or self.value is NO_DATA:
                return said
            answer = rule(self.previous, self.value, round_)
            if answer is False or not self._checked(answer, "until") or masked:
                return said
            return self.held(said)

        return asked

    def deliver(self, values: list[Any], *, is_dead: bool) -> None:
        """Lay what was emitted ready for the nodes behind the cycle, or nothing if the edges are dead."""
        for each, kept in zip(self._cycle.emits, self.emitted, strict=True):
            values[each.into] = NO_DATA if is_dead or (each.is_branch and not kept) else kept

    def saved(self) -> dict[str, Any]:
        """All it keeps, as plain data around the values."""
        samples = getattr(self._rule, "samples", None)
        return {"emitted": [list(each) for each in self.emitted], "samples": list(samples or ())}

    def resume(self, data: Mapping[str, Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        for kept, items in zip(self.emitted, data["emitted"], strict=True):
            kept[:] = items
        samples = getattr(self._rule, "samples", None)
        if samples is not None:
            samples.extend(data["samples"])

    def _checked(self, answer: Any, what: str) -> Any:
        """*answer*, if nobody has to wait for it."""
        if hasattr(type(answer), "__await__"):
            if hasattr(answer, "close"):
                answer.close()
            msg = f"{what} of {self._cycle.name!r} gave something to await: write it with async def"
            raise CycleConfigurationError(msg)
        return answer

    def _joined(self, carried: Sequence[Any]) -> Any:
        """What the feedback edges bring: the value of the one input, else those of several by name."""
        found = self._cycle.loop_values
        if len(found) == 1:
            return _first(carried, found[0][1])
        named = {name: _first(carried, places) for name, places in found}
        kept = {name: value for name, value in named.items() if value is not NO_DATA}
        return kept or NO_DATA


def _has_converged(said: Ending | None) -> bool:
    return said is not None and said.reason == "converged"


def _first(carried: Sequence[Any], places: Sequence[int]) -> Any:
    return next((carried[place] for place in places if carried[place] is not NO_DATA), NO_DATA)


def following(cycle: Cycle) -> Following | None:
    """What follows one entry into *cycle*, None if nothing does."""
    is_followed = cycle.until is not None or cycle.config.on_round is not None or cycle.emits
    return Following(cycle) if is_followed else None
