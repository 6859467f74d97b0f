"""One run of a workflow whose cycles are others than it declares, for this run only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from fast_dag.checks import unknown_options
from fast_dag.errors import RunCancelledError, ValidationError
from fast_dag.run.context import Context
from fast_dag.run.cyclic_run import CyclicRun
from fast_dag.runners import registry
from fast_dag.runners.limits import Limits
from fast_dag.values import ExecutionMode
from fast_dag.workflow.inputs import merged
from fast_dag.workflow.options import CONCURRENT, RunOptions
from fast_dag.workflow.session import Session, session

if TYPE_CHECKING:
    from fast_dag.plan.plan import Plan
    from fast_dag.run.lap import Ending, Lap
    from fast_dag.run.results import CycleResult
    from fast_dag.run.resuming import Keeper
    from fast_dag.run.run import Run
    from fast_dag.runners.event_loop import Pulled
    from fast_dag.workflow.workflow import Workflow

Told = Callable[["Lap", "Ending | None", Mapping[str, Any]], bool]
"""Takes the lap of an iteration that has ended, why the cycle ends, and what its nodes gave.

It says whether the run is to rest there.
"""


class CycleRun:
    """One run, to its end or as far as it is pulled.

    Parameters:
        workflow: what runs.
        plan: what it follows in this run.
        inputs: of the run.
        run_id: its id, None for a new one.
        options: as for `DAG.run`.

    Raises:
        UnknownOptionError: there is no such option.
    """

    def __init__(
        self,
        workflow: Workflow,
        plan: Plan,
        inputs: Mapping[str, Any] | None,
        run_id: str | None,
        options: Mapping[str, Any],
    ) -> None:
        known = [each.name for each in fields(RunOptions)]
        unknown = [name for name in options if name not in known]
        if unknown:
            raise unknown_options(unknown, known, "execute_cycle")
        self.workflow, self._plan = workflow, plan
        self._inputs = merged(inputs, {})
        self._given = dict(options)
        self.options = RunOptions(**options)
        self.context = Context(metadata={} if run_id is None else {"run_id": run_id})
        self.told: Told | None = None
        self.keeper: Keeper | None = None
        """Keeps checkpoints, and has the one to go on from."""
        self.cache_of: Callable[[Any], Any] | None = None
        """Gives the caches of nodes in place of the workflow."""
        self.threads: int | None = None
        """How many threads sync nodes have on an event loop, None if nobody says."""
        self._stack = ExitStack()
        self._live: Session | None = None
        self._pulled: Pulled | None = None

    @property
    def has_begun(self) -> bool:
        """Whether anything of it may have run."""
        return self._live is not None

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun and not come to its end."""
        return self._live is not None and not self._live.run.finished

    @property
    def memory_growth(self) -> float | None:
        """MiB by which the process has grown, as whoever watches it measured; None if nobody does."""
        watchers = () if self._live is None else self._live.watchers
        return next((each.memory_growth for each in watchers if hasattr(each, "memory_growth")), None)

    def cycles(self) -> Mapping[str, CycleResult]:
        """What each cycle that was reached has come to by now, by name."""
        told: Mapping[str, CycleResult] | None = self.context.metadata.get("cycles")
        if told is None and self._live is not None:
            told = self._live.run.cycle_results()
        return told or {}

    def run(self) -> None:
        """Run to the end, in the mode of the options."""
        with self._session(self.options) as live:
            registry.drive(live.run, self.options.mode, self._limits(live), live.report)

    async def run_async(self) -> None:
        """Run to the end on the running event loop."""
        with self._session(self._on_loop()) as live:
            await registry.drive_async(live.run, self._limits(live), live.report)

    async def go_on(self) -> None:
        """Go on until `told` has said that it is to rest, or to the end; then what ended it is raised."""
        if self._pulled is None:
            live = self._stack.enter_context(self._session(self._on_loop()))
            self._pulled = registry.pulled(live.run, self._limits(live), live.report)
        self._pulled.desk.held = False
        try:
            await self._pulled.go_on()
        except BaseException as error:
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise
        if not self.is_under_way:
            self._stack.close()

    async def give_up(self) -> None:
        """End it where it rests."""
        if self._stop():
            with suppress(RunCancelledError):
                await self.go_on()

    def abandon(self) -> None:
        """`give_up` where no event loop is to be had."""
        if self._stop():
            live: Session = self._live  # type: ignore[assignment]
            registry.clean_up(live.run, live.report)
            with suppress(RunCancelledError):
                self._stack.close()

    def _stop(self) -> bool:
        """Stop it if it is under way; whether it was."""
        if self._live is None or not self.is_under_way:
            return False
        self._live.run.stop(RunCancelledError(f"the cycles of {self.workflow.name!r} were given up"))
        return True

    def _limits(self, live: Session) -> Limits:
        return live.limits._replace(threads=self.threads)

    def _on_loop(self) -> RunOptions:
        """The options for a run on the running event loop: one at a time is one worker there."""
        given = {**self._given, "mode": CONCURRENT}
        if self.options.mode == ExecutionMode.SEQUENTIAL:
            given["max_workers"] = 1
        return RunOptions(**given)

    @contextmanager
    def _session(self, options: RunOptions) -> Iterator[Session]:
        plan = self._plan
        if self.keeper is not None and self.keeper.resumed is not None:
            if options.record:
                msg = "a run that goes on from a checkpoint cannot be recorded: what came before is not in it"
                raise ValidationError(msg, self.workflow.name)
            # What a plain loop would run has run already.
            plan = replace(plan, rows=())
        with session(self.workflow, self._inputs, self.context, options, plan=plan) as live:
            self._live = live
            live.run.ledger.keeper = self.keeper
            live.run.cache_of = self.cache_of or live.run.cache_of
            if self.told is not None:
                live.run.ledger.tell_lap = self._tell
            yield live

    def _tell(self, run: Run, lap: Lap, ending: Ending | None) -> None:
        """Tell of an iteration, unless it is one of a workflow inside."""
        told: Told = self.told  # type: ignore[assignment]
        if run.outer is not None or not isinstance(run, CyclicRun):
            return
        if told(lap, ending, run.rounds.endings.results(lap)) and self._pulled is not None:
            self._pulled.desk.held = True
