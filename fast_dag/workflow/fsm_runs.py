"""Running a state machine, and what can be asked of the run that finished last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from fast_dag.errors import ValidationError
from fast_dag.plan.plan import Plan
from fast_dag.run.context import Context
from fast_dag.run.fsm_context import FSMContext
from fast_dag.run.machine_run import MachineRun
from fast_dag.run.moves import StateHook
from fast_dag.run.run import Run
from fast_dag.workflow.machine_options import MachineOptions, StepOptions
from fast_dag.workflow.options import ErrorHandler, RunOptions, split_keywords
from fast_dag.workflow.runs import Runnable
from fast_dag.workflow.runtime import execute, execute_async

if TYPE_CHECKING:
    from fast_dag.run.events import Observer


class FSMRuns(Runnable):
    """A workflow that executes one state at a time."""

    options_type: ClassVar[type[RunOptions]] = MachineOptions
    max_cycles: int
    on_limit: str
    history_limit: int | None
    has_executions: ClassVar[bool] = True

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.state_hooks: list[StateHook] = []

    def run(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        context: Context | None = None,
        mode: str = "sequential",
        max_cycles: int | None = None,
        on_limit: str | None = None,
        timeout: float | None = None,
        error_handler: ErrorHandler | None = None,
        **options: Any,
    ) -> Any:
        """Execute the initial state, then what follows, until nothing does.

        Parameters:
            inputs: values for parameters by name; keywords that are no options are inputs too.
            context: used for this run, and readable after a failure; default a new one.
            mode: where the one running state runs: sequential (here), parallel (a thread) or async.
            max_cycles, on_limit: in place of those of the machine.
            timeout: seconds after which the run ends with a TimeoutError.
            error_handler: ``handler(state, error, context)``, answers stop, retry or None.
            options: max_workers, executor, progress, observers, strict_observers, trace, track_memory,
                check_types and record as for a DAG.

        Returns:
            The value of the last state.

        Raises:
            ValidationError: the definition or an option is wrong, or a ring has no way out; nothing has run.
            MissingInputError: a parameter that nobody can fill, before anything has run; or one that the
                state before does not fill.
            RouterError: what is to follow a state is no state, or not among its declared targets.
            MaxIterationsError: *max_cycles* states have run, and there is a next one.
            ExecutionError, TimeoutError: as for a DAG.
        """
        named = {
            "mode": mode,
            "max_cycles": max_cycles,
            "on_limit": on_limit,
            "timeout": timeout,
            "error_handler": error_handler,
            "context": context,
        }
        return execute(self, inputs, *split_keywords({**named, **options}, MachineOptions))

    async def run_async(self, inputs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Run on the running event loop, of asyncio or trio; sync states do not block it.

        Parameters as for `run`, without a mode.
        """
        return await execute_async(self, inputs, *split_keywords(options, MachineOptions, on_loop=True))

    def add_state_hook(self, hook: StateHook) -> Self:
        """Have ``hook(fsm, from_state, to_state, result)`` called at each move between two states.

        It may return the name of a state, or `END`, to go there instead; raising fails the run.
        """
        if not callable(hook):
            msg = f"a state hook must be callable, got {hook!r}"
            raise ValidationError(msg, self.name)
        self.state_hooks.append(hook)
        return self

    def remove_state_hook(self, hook: StateHook) -> Self:
        """Stop calling *hook*; ValidationError if it was not added."""
        if hook not in self.state_hooks:
            msg = f"{hook!r} is not among the state hooks of {self.name!r}"
            raise ValidationError(msg, self.name)
        self.state_hooks.remove(hook)
        return self

    def step(
        self, context: Context | None = None, inputs: Mapping[str, Any] | None = None, **node_inputs: Any
    ) -> tuple[Context, Any]:
        """Execute the state that is due; what was gone so far shows as that of a run does.

        Parameters, result and errors as for a DAG.  There is no cap.
        """
        gone, value = super().step(context, inputs, **node_inputs)
        if context is None:
            self.last_context = gone
        return gone, value

    @property
    def context(self) -> FSMContext:
        """The context of the run that finished last, or of the steps if one was gone since then."""
        context: Any = self.last_context
        return context  # type: ignore[no-any-return]

    @property
    def current_state(self) -> str | None:
        """The state that is executed or due, after the end the last one; None before the first."""
        return self.context.current_state

    @property
    def state_history(self) -> list[str]:
        """The names of the states in the order of execution, as far as they are kept."""
        return self.context.state_history

    @property
    def is_terminated(self) -> bool:
        """Whether the run came to a regular end."""
        return self.context.is_terminated

    @property
    def cycle_count(self) -> int:
        """How many executions of states came to their end."""
        return self.context.cycle_count

    @property
    def cycle_results(self) -> dict[str, list[Any]]:
        """For each state that was executed what it gave, in order."""
        return self.context.cycle_results

    def get_history(self, state: str) -> list[Any]:
        """What *state* gave, in order; UnknownNodeError if there is none of that name."""
        return self.cycle_results.get(self.drawing.node(state).name, [])

    def absence(self, name: str, context: Context) -> str:
        """How often a state was executed, when that was too rarely or is no longer kept."""
        state, dot, index = name.rpartition(".")
        state = state if dot and index.isdecimal() else name
        count = FSMContext.over(context).visits.get(state, 0)
        kept = "" if self.history_limit is None else f", and the last {self.history_limit} are kept"
        return f"{state!r} ran {'1 time' if count == 1 else f'{count} times'}{kept}"

    def new_context(self, context: Context | None = None) -> FSMContext:
        """*context* as a run fills it: one that knows of states."""
        return FSMContext() if context is None else FSMContext.over(context)

    def progress_observer(self, wanted: Any, total: int | None) -> Observer | None:  # noqa: ARG002 - as below
        """As for a DAG; how many states are to come nobody can know."""
        return super().progress_observer(wanted, None)

    def step_options(self) -> RunOptions:
        """The options of a run that is gone through step by step: it has no cap."""
        return StepOptions()

    def kind_of_run(self, options: RunOptions, plan: Plan) -> Callable[..., Run]:  # noqa: ARG002 - one kind for all
        """What makes a run of the machine."""
        own = options if isinstance(options, MachineOptions) else MachineOptions()
        return partial(
            MachineRun,
            machine=self,
            cap=(own.max_cycles or self.max_cycles) if own.has_cap else None,
            returns_at_cap=(own.on_limit or self.on_limit) == "return",
            history_limit=self.history_limit,
            state_hooks=self.state_hooks,
        )
