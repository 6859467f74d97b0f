"""What follows the rounds of a cycle: its rule, what it emits, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fast_dag.errors import CycleConfigurationError
from fast_dag.plan.plan import Cycle
from fast_dag.run.change import change
from fast_dag.run.items import Gathering, Items
from fast_dag.run.iteration_info import IterationInfo, RoundStats
from fast_dag.run.lap import Ending
from fast_dag.run.leaving import NOBODY, Leaving
from fast_dag.run.step import fetch
from fast_dag.values import NO_DATA

Ask = Callable[[Mapping[str, Any], int, float, bool], Ending | None]


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
        bounded = cycle.bounded
        self._takes_items = bounded is not None and bounded.is_stream
        # To compare items it may take the rest of a seed.
        self.asks_rule = until is not None and (until.calls_user or self._takes_items)
        """Whether its rule is a function of the user's."""
        self.leaving = Leaving(cycle.emits)
        self.is_new = True
        """Whether it has not seen what the first round begins with."""
        self.previous: Any = NO_DATA
        self.latest: Any = NO_DATA
        """The last two values there were, the seed among them."""
        self.value: Any = NO_DATA
        """What the last round gave, if it gave anything."""
        self.has_given = False
        """Whether a round has."""
        self.told: Callable[[str, bool], object] | None = None
        """Called with the name of the rule whenever it is asked, and whether it held."""
        self.stats: list[RoundStats] = []
        """Of every round, if that is wanted."""
        self.brought: list[Items] = []
        """The items that a round began with, port by port."""
        self._signal = None if bounded is None else bounded.signal
        self.keeps_stats = bounded is not None and bounded.history
        self._noted = 0.0
        """When the last round ended, in seconds."""
        self.last_signal: Any = NO_DATA
        """What the body said last when it was asked whether to stop."""

    @property
    def may_end(self) -> bool:
        """Whether it may end the cycle."""
        return self._rule is not None

    def begin(self, values: Sequence[Any]) -> None:
        """Take what the first round begins with."""
        self.is_new = False
        slots = {slot: port.slot for port in self._cycle.ports for slot in port.fed}
        seeds = [values[slots[each.into]] if each.into in slots else NO_DATA for each in self._cycle.feedback]
        self.latest = self._joined(seeds)
        if self.latest is NO_DATA and self._cycle.bounded is not None:
            # Its seed may have a port of its own.
            firsts = [values[port.slot] for port in self._cycle.ports if port.once]
            self.latest = next((value for value in firsts if value is not NO_DATA), NO_DATA)

    def take(self, values: list[Any], carried: Sequence[Any], round_: int) -> None:
        """Take what a round has given: *carried* by the feedback edges, and *values* for what it emits.

        Raises:
            MissingOutputError: something that is to be emitted is not there.
        """
        self.value = self._joined(carried)
        if self.value is not NO_DATA:
            self.previous, self.latest, self.has_given = self.latest, self.value, True
        if self._takes_items:
            self.leaving.take_items(() if self.value is NO_DATA else self.value, round_)
            return
        self.leaving.take(values, round_)

    @property
    def told_value(self) -> Any:
        """`value` for somebody who may keep it: items that are let go of are listed once more."""
        return list(self.value) if self._releases and self.value is not NO_DATA else self.value

    def tell(self, round_: int) -> None:
        """Have `on_round` called on the spot."""
        if self.on_round is not None:
            self._checked(self.on_round(round_, self.told_value), "on_round")

    def question(self, round_: int, *, masked: bool) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
        """The rule and its arguments, None if it is not to be asked.

        Parameters:
            round_: the one that has ended.
            masked: whether it is too early to end.  A rule of the library's takes its samples all the same.
        """
        if self._rule is None or self.value is NO_DATA or (masked and self.asks_rule):
            return None
        rule, previous, value = self._rule, self.previous, self.value
        if isinstance(previous, Items):
            return lambda: rule(previous.all(), value, round_), ()
        return rule, (previous, value, round_)

    def verdict(self, said: Ending | None, round_: int, *, masked: bool) -> Ending | None:
        """*said*, what the conditions led to, or that the rule holds; it is called on the spot."""
        question = None if self.asks_rule else self.question(round_, masked=masked)
        if question is None:
            return said
        answer = question[0](*question[1])
        return said if masked else self.answered(answer, said)

    def answered(self, answer: Any, said: Ending | None) -> Ending | None:
        """What follows from the *answer* of the rule, where the conditions have *said* something."""
        holds = bool(answer)
        if self.told is not None:
            self.told(self._cycle.until.name, holds)  # type: ignore[union-attr]
        return self.held(said) if holds else said

    def held(self, said: Ending | None) -> Ending:
        """The end of a cycle whose rule holds, where its conditions have *said* something."""
        until: Any = self._cycle.until
        return said if said is not None and _has_converged(said) else Ending("converged", until.name)

    def plainly(  # noqa: C901 - everything in one frame, for speed
        self, ask: Ask | None, values: list[Any], slots: Sequence[int] | None
    ) -> Ask:
        """What a plain loop asks after a round in place of *ask*: everything, on the spot.

        Parameters:
            values: of the run.
            slots: of what is fed back; None if somebody else has `take` called.
        """
        on_round, rule, asks_rule = self.on_round, self._rule, self.asks_rule
        told_rule, name = self.told, "" if self._cycle.until is None else self._cycle.until.name
        emits = self._cycle.emits
        # What a bounded iteration emits is what it feeds back.
        is_own = not emits or self._cycle.bounded is not None
        is_single = slots is not None and len(self._cycle.loop_values) == 1 and is_own
        keep = self.leaving.lists[0].append if is_single and emits else None
        is_tagged = bool(emits) and emits[0].kind == "tagged"
        only = slots[0] if slots is not None and is_single else -1
        signals = None if self._signal is None else self.signals
        fired = len(self._cycle.rows)

        def asked(  # noqa: C901 - as above
            results: Mapping[str, Any],
            round_: int,
            elapsed: float,
            masked: bool,  # noqa: FBT001 - as of what it stands for
        ) -> Ending | None:
            if only >= 0:
                # What goes round in a plain loop is always there.
                value = values[only]
                self.previous, self.latest, self.value, self.has_given = self.latest, value, value, True
                if keep is not None:
                    keep((round_, value) if is_tagged else value)
            elif slots is not None:
                self.take(values, [values[slot] for slot in slots], round_)
            if on_round is not None and (told := on_round(round_, self.value)) is not None:
                self._checked(told, "on_round")
            if self.keeps_stats:
                self.note(round_, fired, elapsed)
            if signals is not None and signals(values):
                return Ending("converged", "signal")
            said = None if ask is None else ask(results, round_, elapsed, masked)
            if rule is None or (asks_rule and (masked or _has_converged(said))) or self.value is NO_DATA:
                return said
            answer = rule(self.previous, self.value, round_)
            holds = answer is not False and bool(self._checked(answer, "until"))
            if told_rule is not None and not masked:
                told_rule(name, holds)
            return self.held(said) if holds and not masked else said

        return asked

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done after a round, but to know the last two values."""
        is_asking = self._rule is not None or self.on_round is not None or self._signal is not None
        return not (is_asking or self._cycle.emits or self.keeps_stats)

    def catch_up(self, values: Sequence[Any], completed: int, *, is_whole: bool) -> None:
        """Take the last two values of an idle iteration whose rounds a plain loop has made.

        Parameters:
            values: of the run.
            completed: how many rounds it has done, in all.
            is_whole: whether it ended behind a round, and not within one.
        """
        bounded, port = self._cycle.bounded, self._cycle.ports[0].slot
        if completed and bounded is not None:
            self.previous, self.latest = values[bounded.before], values[port]
            if is_whole:
                self.previous, self.latest = self.latest, values[bounded.output.slot]
            self.value, self.has_given = self.latest, True

    def signals(self, values: list[Any]) -> bool:
        """Whether the body asks to stop.

        Raises:
            TypeError: it gave an array, which says neither yes nor no.
        """
        found = NO_DATA if self._signal is None else fetch(self._signal, NOBODY, values)
        if found is NO_DATA:
            return False
        self.last_signal = found
        if self._takes_items and isinstance(found, list | tuple):
            return bool(found)
        size = getattr(found, "size", 1)
        if getattr(found, "shape", ()) and size != 1:
            name = self._signal.source if self._signal is not None else ""
            msg = f"{name!r} gave an array of {size} elements to say whether to stop: give True or False"
            raise TypeError(msg)
        return bool(found)

    def note(self, round_: int, fired: int, elapsed: float) -> None:
        """Keep what a round took and gave.

        Parameters:
            round_: its number.
            fired: how many nodes ran.
            elapsed: seconds since the first round began.
        """
        items = len(self.value) if self._takes_items and self.value is not NO_DATA else 1
        made = RoundStats(round_, fired, 0 if self.value is NO_DATA else items, elapsed - self._noted)
        self._noted = elapsed
        self.stats.append(made)

    def delivered(self) -> Any:
        """What leaves a bounded iteration, `NO_DATA` if that is nothing."""
        if self._cycle.emits:
            return self.leaving.lists[0]
        if self._is_spent:
            return NO_DATA
        if self._takes_items:
            return [] if self.value is NO_DATA else self.value
        return self.latest if self.has_given else NO_DATA

    def describe(self, info: IterationInfo) -> None:
        """Fill in what only a bounded iteration has."""
        info.value = self.latest if self.has_given and not self._is_spent else None
        is_kept = not (self._takes_items and self._releases)
        if self.has_given and self.previous is not NO_DATA and is_kept:
            info.last_change = change(self.previous, self.latest)
        if self._takes_items and self.value is NO_DATA:
            info.value = []
        if self._cycle.emits:
            kept = self.leaving.lists[0]
            info.emitted = [item for _, item in kept] if self._cycle.emits[0].kind == "tagged" else list(kept)
        info.history = list(self.stats)

    def bring(self, value: Any, *, is_fed: bool) -> Items:
        """The items that a port brings into a round.

        Parameters:
            value: what lies there; a list that was fed back, the seed, or nothing.
            is_fed: whether it was fed back.
        """
        source = () if value is NO_DATA else value
        releases = is_fed and self._releases
        records = self._rule is not None and not is_fed
        is_shared = not is_fed and sum(port.once for port in self._cycle.ports) > 1
        name = self._cycle.name
        made = Items(source, name, releases=releases, records=records, is_shared=is_shared)
        if is_fed:
            self.brought.append(made)
        return made

    def gathering(self, node: str, *, must: bool) -> Gathering:
        """What makes a list of the items that *node* gives."""
        bounded: Any = self._cycle.bounded
        limit = bounded.max_buffer if must else None
        return Gathering(self._cycle.name, node, limit, self.brought, must=must)

    @property
    def _is_spent(self) -> bool:
        """Whether items of the last whole round were let go of, in one that did not come to its end."""
        return self._releases and any(each.source is self.value and each.has_begun for each in self.brought)

    @property
    def _releases(self) -> bool:
        bounded = self._cycle.bounded
        return bounded is not None and bounded.releases

    def saved(self) -> dict[str, Any]:
        """All it keeps, as plain data around the values."""
        samples = getattr(self._rule, "samples", None)
        return {"emitted": [list(each) for each in self.leaving.lists], "samples": list(samples or ())}

    def resume(self, data: Mapping[str, Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        for kept, items in zip(self.leaving.lists, data["emitted"], strict=True):
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
    has_rule = cycle.until is not None or cycle.config.on_round is not None
    return Following(cycle) if has_rule or cycle.bounded is not None or cycle.emits else None
