"""A run over tasks, branches and nested cycles: a state machine that does nothing itself.

Rules of this file:

1. Nothing here blocks, awaits, sleeps, starts anything, reads a clock, or calls user code.
2. One caller at a time: the runner serialises its calls.  There are no locks in here.
3. Each step is handed out once per iteration and, while the run goes on, comes back once through
   `done` or `failed`.  Late results are dropped by the runner.
4. Every change of state appends at most one note, without a time, and none when nobody watches.
5. The same plan, inputs and answers give the same results and notes in every mode; concurrent
   runners may only permute independent steps.
6. Nothing set free, nothing under way and not finished is a bug here: `stall` says what waits.
7. A node sees what its forward edges deliver in this iteration, and across feedback edges the values
   of the iteration before: the leave unit copies them.
8. A dead edge costs the live path nothing.
9. Skip reasons are settled at the end, by connection order, so they do not depend on who was first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from fast_dag.errors import StreamError
from fast_dag.plan.plan import ANY, GONE, ROUTER, Link, Plan
from fast_dag.run.absent import settled
from fast_dag.run.context import Context
from fast_dag.run.frontier import SKIPPED, STARTS, Frontier
from fast_dag.run.notes import Note
from fast_dag.run.requests import NOTHING
from fast_dag.run.run import Run
from fast_dag.run.step import Route, part_of
from fast_dag.run.streams import LAZY, Stream, shown
from fast_dag.run.told import DEAD, DONE, EMPTY, FAILED, passed_on, skip_reason
from fast_dag.run.wrapping import wrap
from fast_dag.values import NO_DATA, Converged

SPECIAL: Final = LAZY | {Converged}
"""Types of results that mean more than themselves."""


class GraphRun(Run):
    """One execution of a plan of tasks and branches."""

    goes_round = False
    """Whether there are cycles."""
    absent: Mapping[int, str] = MappingProxyType({})
    """The units that are left out because they were not given what they need, and why."""
    can_pass_over = True

    def __init__(self, plan: Plan, values: list[Any], context: Context, **options: Any) -> None:
        super().__init__(plan, values, context, **options)
        self.left = len(plan.names)
        self.frontier: Frontier | None = None
        self._parts: dict[tuple[int, str], bool] = {}
        """Whether a value has the part that an optional edge asks for, by slot and output."""

    def ready(self) -> list[int]:
        """The steps to begin with; call once.

        Values already there, of steps a plain loop has run, are taken as done.
        """
        plan, values = self.plan, self.values
        ran = len(values) - plan.first
        values.extend([NO_DATA] * (len(plan.names) - ran))
        if ran == self.left:
            self.state = bytearray([DONE]) * ran
            self.tally.order = list(range(ran))
            self.left = 0
            self.finished = True
            return []
        self.frontier = Frontier(plan)
        entries = self.frontier.entries()
        if self.absent:
            entries = settled(self, entries)
        freed = self.opened(self.through(entries) + self._won_before())
        # What a node did to the results since its predecessors ended must stay as it is.
        results, self.showing.results = self.showing.results, None
        for step in range(ran):
            freed += self.done(step, values[plan.first + step])
        self.showing.results = results
        return [step for step in freed if step >= ran]

    def done(self, step: int, value: Any) -> list[int]:
        """Take the *value* of a step (of a router its `Route`); the steps it sets free."""
        plan = self.plan
        if value is NO_DATA or not plan.simple[step] or type(value) in SPECIAL:
            return self._done_with_care(step, value)
        self.values[plan.first + step] = value
        if self.showing.results is not None:
            self.showing.show(step, value)
        self.state[step] = DONE
        self.tally.order.append(step)
        freed = self.frontier.passed(plan.targets[step])  # type: ignore[union-attr]
        self.settled(step)
        return self.through(freed) if self.goes_round else freed

    def failed(
        self,
        step: int,
        error: Exception,
        strategy: str | None = None,
        notes: Sequence[str] = (),
        marks: Mapping[str, Any] = NOTHING,
    ) -> list[int]:
        """Take the failure of a step; the steps that go on nevertheless.

        *strategy* is what a run error handler answered for this failure, None the run's own.  The error
        that leaves the run carries *notes*, and *marks* as attributes.
        """
        strategy = strategy or self.strategy
        origin = self.flows.origin(error)
        is_own = origin is not None and origin.scope is self.flows and origin.unit >= 0
        blamed = origin.unit if is_own else step  # type: ignore[union-attr]
        self.state[step] = FAILED
        self.tally.failed[step] = self.tally.failed.get(step, 0) + 1
        self.tally.errors[blamed] = error
        if strategy == "fail_fast":
            blame = self.path_of(step) if origin is None else origin.producer
            attempts = self.tally.attempts[blamed]
            raised = self.blamed(step, error) if origin is None else wrap(error, blame, attempts)
            vars(raised).update(marks)
            if origin is not None and raised is not error:
                raised.add_note(f"raised while {self.path_of(step)!r} was reading the stream")
            for note in notes:
                raised.add_note(note)
            self.stop(raised)
            return []
        if strategy == "continue_none":
            self.values[self.plan.first + step] = None
            self.showing.show(step, None)
        freed = self.spread(step)
        self.settled(step)
        return self.through(freed)

    def pass_over(self, step: int) -> list[int]:
        """Settle a step that is not to run, as one whose branch was not taken; the steps set free."""
        self.passed_over.add(step)
        self.skip(step)
        return self.through(self.spread(step))

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done."""
        return not self.left

    @property
    def count(self) -> int:
        """How many executions have come to their end."""
        return len(self.tally.order) + self.tally.repeated

    @property
    def last_step(self) -> int:
        """The step that was the last to end."""
        count, step = self.tally.latest
        return step if count == self.count else self.tally.order[-1]

    def value(self, name: str | None = None) -> Any:
        """The result of node *name*, else of the last exit node that was executed; None if there is none."""
        units = self.plan.exits if name is None else [self.plan.names.index(name)]
        for unit in reversed(units):
            if self.state[unit] == DONE:
                return shown(self.values[self.plan.first + unit])
        return None

    def late_results(self) -> Callable[[], dict[str, Any]]:
        """What gives these results when somebody looks, without this run."""
        results = self.values[self.plan.first :]
        if self.frontier is None and not self.left:
            return partial(_all_named, self.plan.names, results)  # a plain loop did everything
        failed = [step for step in self.tally.failed if self.state[step] == FAILED]
        return partial(_named, self.plan.names, results, [*self.tally.order, *failed])

    def skip_reasons(self) -> dict[str, str]:
        """Why each skipped node was skipped, in the order of the plan."""
        if not self.tally.skipped:
            return {}
        names = self.plan.names
        skipped = [step for step, state in enumerate(self.state) if state == DEAD]
        return {names[step]: skip_reason(self, step) for step in skipped if self.is_node(step)}

    # What a run over cycles does otherwise

    def opened(self, steps: list[int]) -> list[int]:
        """What is left of the first *steps*, of a run that goes on where another one was."""
        return steps

    def through(self, freed: list[int]) -> list[int]:
        """The steps behind those that are *freed*, where these are no nodes."""
        return freed

    def is_node(self, step: int) -> bool:  # noqa: ARG002 - every unit is, but for those that hold cycles
        """Whether a unit is a node."""
        return True

    def ended_before(self, source: int, target: int) -> str:  # noqa: ARG002 - there are no cycles here
        """Why the cycle around *source* handed nothing on to *target* outside of it; empty if it did."""
        return ""

    def left_out(self, step: int) -> str:
        """Why a node did not run, though nothing that it reads was missing."""
        return self.absent.get(step) or f"nothing set {self.plan.names[step]!r} free"

    def _won_before(self) -> list[int]:
        """The any nodes that a value from outside the plan sets free; it is their winner."""
        won = []
        for slot, unit, *_ in self.plan.given:
            is_open = self.plan.kinds[unit] == ANY and unit not in self.winners
            if is_open and self.values[slot] is not NO_DATA:
                self.winners[unit] = slot
                if self.frontier.start(unit):  # type: ignore[union-attr]
                    won.append(unit)
        return won

    def _done_with_care(self, step: int, value: Any) -> list[int]:
        """`done` for routers, for nodes without a result, and before any nodes and optional edges."""
        plan = self.plan
        if type(value) is Converged:
            value = value.value  # said in a cycle it has been heard
        try:
            if plan.kinds[step] == ROUTER and isinstance(value, Route):
                value = self._routed(step, value)
            else:
                value = self.flows.taken(step, value, self.path_of(step))
        except StreamError as error:
            return self.failed(step, error)
        self.values[plan.first + step] = value
        self.state[step] = EMPTY if value is NO_DATA else DONE
        (self.tally.empty.add if value is NO_DATA else self.tally.empty.discard)(step)
        if value is not NO_DATA:
            self.showing.show(step, value)
        self.tally.order.append(step)
        freed = self.spread(step)
        self.settled(step)
        return self.through(freed)

    def _routed(self, step: int, route: Route) -> Any:
        """Pass on what a router gives to its branch; what it shows itself."""
        name = self.plan.names[step]
        passed = self.flows.taken(step, route.value, self.path_of(step), route.branch)
        if passed is not route.value:
            route = Route(route.branch, passed, passed.shown if route.shown is route.value else route.shown)
        self.taken[name] = route.branch
        self.passed_on[name] = passed.shown if isinstance(passed, Stream) else passed_on(self, step, route)
        slot = self.plan.branches[step].get(route.branch)
        if slot is not None:
            self.values[slot] = passed
        return route.shown

    def spread(self, settled: int) -> list[int]:
        """Tell the targets of a *settled* unit, and those of every unit this skips; the ones set free."""
        freed: list[int] = []
        work = [settled]
        while work:
            for link in self.plan.links[work.pop()]:
                fate = self._tell(link)
                if fate == STARTS:
                    freed.append(link.target)
                elif fate == SKIPPED:
                    self.skip(link.target)
                    work.append(link.target)
        return freed

    def _tell(self, link: Link) -> int:
        frontier: Frontier = self.frontier  # type: ignore[assignment]
        if not self.is_live(link):
            return frontier.die(link)
        fate = frontier.arrive(link)
        if fate == STARTS and self.plan.kinds[link.target] == ANY:
            self.winners[link.target] = link.slot
        return fate

    def is_live(self, link: Link) -> bool:
        """Whether *link* brings something."""
        value = self.values[link.slot]
        if link.origin >= 0 and self.state[link.source] == DEAD:
            return False  # what comes from outside is of no use in a cycle that is not entered
        if value is NO_DATA or link.part is None:
            return value is not NO_DATA
        # Kept: it is asked again for the reason of a skip, when the value may be gone.
        key = link.slot, link.part.output
        if value is not GONE:
            self._parts[key] = part_of(value, link.part) is not NO_DATA
        return self._parts[key]

    def skip(self, step: int) -> None:
        """Settle a unit that is not to run."""
        self.state[step] = DEAD
        self.tally.skipped += self.is_node(step)
        if self.notes is not None and self.is_node(step):
            self.notes.append(
                Note("node_skipped", step, {"reason": skip_reason(self, step), "attempt": 0}, self)
            )
        self.settled(step)

    def settled(self, step: int) -> None:
        """Count a unit that has come to its end, and let go of what it was the last to read."""
        if self.flows.by_slot:
            self.flows.settled(step)
        if self.showing.frees:
            self.showing.settled(step)
        self.left -= 1
        if not self.left:
            self.finished = True


def _all_named(names: Sequence[str], results: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(names, results, strict=True))


def _named(names: Sequence[str], results: Sequence[Any], steps: Sequence[int]) -> dict[str, Any]:
    """The results of *steps*, in that order."""
    return {names[step]: shown(results[step]) for step in steps if results[step] is not NO_DATA}
