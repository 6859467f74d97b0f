"""What every run has in common, whatever it follows: its books, its end, and the verbs it answers.

A run does nothing itself.  A runner asks for the steps that are `ready`, makes them, and tells it of each
that is `done` or has `failed`; both give the steps that are set free.  A step is the number of its unit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from fast_dag.errors import RunStalled
from fast_dag.graph.node import Node
from fast_dag.plan.plan import Plan
from fast_dag.run.context import Context
from fast_dag.run.flows import Flows
from fast_dag.run.hooks import Hooks
from fast_dag.run.items import Gathering
from fast_dag.run.ledger import Ledger
from fast_dag.run.policy import Handlers
from fast_dag.run.requests import NOTHING
from fast_dag.run.results import CycleResult
from fast_dag.run.showing import Showing
from fast_dag.run.tally import Tally
from fast_dag.run.turn import Turn, outside
from fast_dag.run.wrapping import wrap
from fast_dag.values import NO_DATA


class Run:
    """One execution of a plan.

    Parameters:
        plan: what to follow.
        values: one value for each slot before `Plan.first`.
        context: where results go; filled as they come if *live*, else when somebody looks.
        strategy: fail_fast, continue or continue_none.
        handlers: asked by `invocation()` about failures.
        hooks: asked by it before and after.
        cache_of: gives the cache of a node that has one.
        keep: names of the results to keep, None for all; the others go with their last reader.
        ledger: what it keeps together with the runs around and inside it.
        outer: the run that one of its nodes holds this one in; *path* comes before names.
    """

    def __init__(
        self,
        plan: Plan,
        values: list[Any],
        context: Context,
        *,
        strategy: str = "fail_fast",
        handlers: Handlers | None = None,
        hooks: Hooks | None = None,
        cache_of: Callable[[Node[..., Any]], Any] | None = None,
        keep: Collection[str] | None = None,
        live: bool = True,
        ledger: Ledger | None = None,
        outer: Run | None = None,
        path: str = "",
    ) -> None:
        self.plan = plan
        self.values = values
        self.context = context
        self.strategy = strategy
        self.handlers = handlers or Handlers()
        self.hooks = hooks or Hooks()
        self.cache_of: Callable[[Node[..., Any]], Any] = cache_of or _no_cache
        self.keep = keep
        self.ledger = ledger or Ledger()
        self.notes = self.ledger.notes
        self.outer = outer
        self.level: int = 0 if outer is None else outer.level + 1
        """How many runs it lies in."""
        self.path = path
        self.tally = Tally(plan)
        self.finished = False
        self.error: BaseException | None = None
        """What ended the run early."""
        self.winners: dict[int, int] = {}
        """For each any node under way the slot that set it free."""
        self.state = bytearray(len(plan.names))
        self.showing = Showing(plan, values, context.results if live else None, keep)
        self.flows = Flows(plan, values, self.state, self.ledger)
        self.passed_on: dict[str, Any] = {}
        """What each router gave to its branch."""
        self.passed_over: set[int] = set()
        """The steps that somebody left out by hand."""
        self.taken: dict[str, str] = {}
        """The branch each router took."""

    can_pass_over = False
    """Whether a step can be left out."""

    goes_round: ClassVar[bool] = False
    """Whether there are cycles."""
    outer_step: int = -1
    """The step of the outer run that it lies in."""
    outer_iteration: tuple[int, ...] = ()
    """The index of each cycle around that, as it was when this run began."""

    def ready(self) -> list[int]:
        """The steps to begin with; call once."""
        raise NotImplementedError

    def done(self, step: int, value: Any) -> list[int]:
        """Take what a step gave; the steps it sets free."""
        raise NotImplementedError

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
        raise NotImplementedError

    def wants(self, step: int) -> bool:  # noqa: ARG002 - only cycles are left before their end
        """Whether a step that was set free is still to be made."""
        return True

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """How many executions have come to their end."""
        raise NotImplementedError

    @property
    def last_step(self) -> int:
        """The step that was the last to end."""
        raise NotImplementedError

    def value(self, name: str | None = None) -> Any:
        """The result of node *name*, else of the whole run; None if there is none."""
        raise NotImplementedError

    def pass_over(self, step: int) -> list[int]:
        """Settle a step that is not to run, as one whose branch was not taken; the steps set free."""
        raise NotImplementedError

    def attempts_of(self, step: int) -> int:
        """How many attempts the node of *step* has made since its turn came."""
        return self.tally.attempts[step]

    def blamed(self, step: int, error: Exception) -> Exception:
        """*error* as that of the node of *step*."""
        return wrap(error, self.path_of(step), self.attempts_of(step))

    def has_result(self, name: str) -> bool:
        """Whether node *name* has a result, or None in its place after a failure."""
        return self.values[self.plan.first + self.plan.names.index(name)] is not NO_DATA

    def path_of(self, step: int) -> str:
        """The name of the node of *step*, behind those of the nodes around this run."""
        return self.path + self.plan.names[step]

    def noted(self, step: int) -> tuple[Run, int]:
        """The run and the step under which events about *step* are told."""
        return self, step

    def is_inside(self, run: Any) -> bool:
        """Whether this run is *run*, or lies within it."""
        each: Any = self
        for _ in range(self.level - run.level):
            each = each.outer
        return each is run

    def end_early(self) -> None:
        """Tell the nodes that nobody waits for them any more."""
        self.context.end_early()

    def stop(self, error: BaseException) -> None:
        """End the run early; *error* is what its caller gets."""
        if not self.finished:
            # In this order: whoever sees from another thread that it is over must see why.
            self.error = error
            self.finished = True
            self.end_early()

    def stop_all(self, error: BaseException) -> None:
        """End this run and those around it: no strategy or handler of a node around it is asked."""
        run: Any = self
        while run is not None:
            run.stop(error)
            run = run.outer

    def loop_plainly(self) -> None:
        """Let cycles of plain calls be gone round as plain loops; a runner that can do so says it."""
        self.ledger.loops_plainly = True

    def share_streams(self, path: str) -> None:
        """Share what comes into this run, at *path*, from streams outside among the nodes that read it."""
        self.flows.enter(path)

    def let_go(self) -> None:
        """Drop the context and the values: a thread may hold on to a run that is over."""
        self.values.clear()
        self.showing.results = None
        if self.outer is None:
            self.ledger.detach()
        del self.context

    def stall(self) -> RunStalled:
        """The error for a run that cannot go on although it is not over."""
        waiting = [self.plan.names[unit] for unit, state in enumerate(self.state) if not state]
        return RunStalled(
            f"run of {self.plan.name!r} stalled, a bug in fast_dag; still waiting: {', '.join(waiting)}"
        )

    def late_results(self) -> Callable[[], dict[str, Any]]:
        """What gives the results when somebody looks, without this run."""
        raise NotImplementedError

    def skip_reasons(self) -> dict[str, str]:
        """Why each skipped node was skipped, in the order of the plan."""
        return {}

    def cycle_results(self) -> dict[str, CycleResult]:
        """What each cycle, and each bounded iteration, that was reached has come to, by name."""
        return dict(self.tally.iterations)

    def note_cycles(self) -> None:
        """Note the end of cycles that were under way when the run ended."""

    def tell_error(self) -> None:
        """Have the error that ended the run tell of the cycle that was under way."""

    def checking(self, step: int, checker: Any) -> Callable[..., Any]:  # noqa: ARG002 - as of a plain call
        """What is called for a *checker*: it knows about the cycle it decides about."""
        return checker  # type: ignore[no-any-return]

    def gathering(self, step: int) -> Gathering | None:  # noqa: ARG002 - only bounded iterations have items
        """What makes a list of what a node gives, None if it is taken as it is."""
        return None

    def turn(self, step: int) -> Turn:
        """What an attempt of a node that uses the cycle around it sees of that, and writes."""
        return outside(self.plan.names[step], self.ledger.trend)

    def keep_turn(self, step: int, index: tuple[int, ...], turn: Turn) -> None:
        """An attempt has succeeded, of a map node that for the element at *index*."""

    def drop_turn(self, step: int) -> None:
        """A node has failed after all."""

    def iteration(self, step: int) -> tuple[int, ...]:  # noqa: ARG002 - outside of cycles there is none
        """The index of the current iteration of each cycle of this run around *step*."""
        return ()

    def iteration_of(self, step: int) -> tuple[int, ...]:
        """The index of each cycle around *step*, those around this run first."""
        return self.outer_iteration + self.iteration(step)


def _no_cache(node: Node[..., Any]) -> Any:
    msg = f"{node.name!r} is cached, but this run was given no caches"
    raise RuntimeError(msg)
