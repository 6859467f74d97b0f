"""DebugSession: a run that waits before each step, and after each failure, to be told what is to be."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Self, TextIO

from fast_dag.errors import ValidationError
from fast_dag.run.brief import fields_in_brief
from fast_dag.run.context import Context
from fast_dag.run.pausing import RUN, SKIP, Pause, Pausing, Verdict, check_skip, raised
from fast_dag.run.places import without_index
from fast_dag.run.waiting import Pauses
from fast_dag.workflow.paths import steps_named
from fast_dag.workflow.session import checked_context
from fast_dag.workflow.stepping import Guided

if TYPE_CHECKING:
    from types import TracebackType

    from fast_dag.graph.node import Node
    from fast_dag.workflow.runs import Runnable

    Name = str | Node[..., Any]


@dataclass(frozen=True, slots=True)
class PendingStep:
    """The step of a run that is next."""

    node: str
    """Its name: dotted inside another node, with an index for an element of a map."""
    inputs: Mapping[str, Any]
    """What it would be called with, by name, before hooks change that."""
    attempt: int
    """The number of the attempt that is next, from 1."""
    iteration: tuple[int, ...]
    """The index of each enclosing cycle; of a state how often it has been executed before."""
    error: Exception | None = None
    """What it has failed with, None if it has not."""

    __repr__ = fields_in_brief


class DebugSession:
    """A run that is gone through by hand.

    A step is one execution of one node, with everything its settings say: hooks, cache, time-outs, and all
    attempts with the waits between them.  A workflow inside a node has steps of its own, ``outer.inner``,
    and so has a map node, ``square[0]`` for its first element.  Steps are made in the thread of whoever
    asks, and what a time-out counts stands still meanwhile.

    A step that fails for good, its error handler included, stays pending with its error, so an error
    strategy never comes to bear: say `retry`, `replace` or `skip`.

    >>> from fast_dag import DAG
    >>> dag = DAG("sum").add_node("two", lambda: 2).add_node("double", lambda two: 2 * two)
    >>> with dag.connect("two", "double").debug() as session:
    ...     print(session.pending.node, session.step(), session.pending.inputs)
    ...     session.resume()
    ...     print(session.finished, session.result)
    two 2 {'two': 2}
    True 4

    Leaving the block ends the run where it is: cleanup hooks are called, streams closed.
    """

    def __init__(
        self,
        workflow: Runnable,
        context: Context | None,
        inputs: Mapping[str, Any],
        breakpoints: Iterable[Name],
    ) -> None:
        self.workflow = workflow
        self.breakpoints = steps_named(workflow, breakpoints, "breakpoints")
        """Where `resume` stops: names of nodes; that of a node with steps inside is its first one."""
        self._pausing = Pausing()
        made = workflow.new_context(None if context is None else checked_context(context))
        options = workflow.options_type()
        self._guided = Guided(workflow, made, inputs, options, self._pausing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DebugSession of {self.workflow.name!r}, {'finished' if self.finished else 'under way'}>"

    @property
    def context(self) -> Context:
        """The context of the run, as it is now."""
        return self._guided.context

    @property
    def finished(self) -> bool:
        """Whether the run is over."""
        return self._guided.is_over

    @property
    def result(self) -> Any:
        """The value of the run when it is finished, None before."""
        return self._guided.live.value

    @property
    def pending(self) -> PendingStep | None:
        """The step that is next: one that has failed, else the first that is ready; None at the end."""
        waiting = self._waiting()
        pause = None if waiting is None else waiting.first
        if pause is None:
            return None
        place, failure = pause.place, pause.failure
        error = None if failure is None else raised(place, failure)
        return PendingStep(place.path, place.inputs(), pause.attempt, place.iteration, error)

    @property
    def ready(self) -> list[str]:
        """The names of all steps that could be next, in the order of a sequential run."""
        return [pause.place.path for pause in self._all()]

    def step(self, node: Name | None = None) -> Any:
        """Run the pending step, or the ready one of *node*, and give its result.

        Raises:
            UnknownNodeError: there is no such node.
            ValidationError: it is not ready, or nothing is left to run.
            ExecutionError: it has failed, now or before; also an instance of the class of its own exception.
                Or the run is over because of an error that is no node's.
        """
        return self._go(self._chosen(node))

    def retry(self) -> Any:
        """Run the step that has failed once more; as `step`."""
        pause = self._chosen(None)
        if pause.failure is None:
            msg = f"{pause.place.path!r} has not failed: step() runs it"
            raise ValidationError(msg, self.workflow.name)
        return self._tell(pause, RUN)

    def replace(self, value: Any) -> Any:
        """Give the pending step *value*, as if its function returned that; no hook is called."""
        return self._tell(self._chosen(None), Verdict("replace", value))

    def skip(self) -> None:
        """Leave the pending step out, as if its branch had not been taken.

        Raises:
            ValidationError: it is a state of a machine: nothing would say what follows.
        """
        pause = self._chosen(None)
        check_skip(pause.place)
        self._tell(pause, SKIP)

    def resume(self, until: Name | None = None) -> PendingStep | None:
        """Go on to the next breakpoint, to the node *until*, or to the end; where that is.

        Raises:
            UnknownNodeError: there is no such node.
            ExecutionError: as `step`.
        """
        stops = [*self.breakpoints, *(() if until is None else steps_named(self.workflow, [until], "until"))]
        waiting = self._waiting()
        pause = None if waiting is None else waiting.first
        while waiting is not None and pause is not None:
            self._go(pause)
            pause = None if self.finished else waiting.first
            if pause is not None and any(_is_at(stop, pause) for stop in stops):
                break
        return self.pending

    def add_breakpoint(self, node: Name) -> None:
        """Have `resume` stop at *node* as well; UnknownNodeError if there is none."""
        self.breakpoints += steps_named(self.workflow, [node], "node")

    def remove_breakpoint(self, node: Name) -> None:
        """Have `resume` pass *node*; ValidationError if it did not stop there."""
        name = node if isinstance(node, str) else node.name
        if name not in self.breakpoints:
            self._refuse(f"{name!r} is no breakpoint; there are: {', '.join(self.breakpoints) or 'none'}")
        self.breakpoints.remove(name)

    def interact(self, stdin: TextIO | None = None, stdout: TextIO | None = None) -> None:
        """Take commands from a terminal, until it says quit or ends; help lists them.

        Parameters:
            stdin, stdout: the streams, by default those of the process.
        """
        importlib.import_module("fast_dag.workflow.prompt").Prompt(self, stdin, stdout).run()

    def close(self) -> None:
        """End the run where it is, if it is not over."""
        self._guided.give_up(f"the debug session of {self.workflow.name!r} was left")

    def _waiting(self) -> Pauses | None:
        if self.finished:
            return None
        with self._guided.going():
            waiting = self._guided.stepper.waiting()
        return None if self.finished else waiting

    def _all(self) -> list[Pause]:
        waiting = self._waiting()
        return [] if waiting is None else waiting.all()

    def _go(self, pause: Pause) -> Any:
        """Run a step that has not failed."""
        if pause.failure is not None:
            raise raised(pause.place, pause.failure)
        return self._tell(pause, RUN)

    def _chosen(self, node: Name | None) -> Pause:
        """The pause of the pending step, or of the ready one of *node*."""
        name = None if node is None else steps_named(self.workflow, [node], "node")[0]
        if name is None:
            waiting = self._waiting()
            pause = None if waiting is None else waiting.first
            if pause is None:
                self._refuse(f"the run of {self.workflow.name!r} is over, nothing is left to run")
            return pause
        waiting_now = self._all()
        found = next((each for each in waiting_now if _is_of(name, each)), None)
        if found is None:
            names = ", ".join(each.place.path for each in waiting_now) or "none"
            self._refuse(f"{name!r} is not ready; ready are: {names}")
        return found

    def _tell(self, pause: Pause, verdict: Verdict) -> Any:
        stepper = self._guided.stepper
        self._pausing.latest, before = None, stepper.waiting().failed
        with self._guided.going():
            stepper.tell(pause, verdict)
        for each in () if self.finished else stepper.waiting().failed:
            if each.failure is not None and each not in before:
                raise raised(each.place, each.failure)
        return self._pausing.latest

    def _refuse(self, text: str) -> NoReturn:
        raise ValidationError(text, self.workflow.name)


def _is_of(name: str, pause: Pause) -> bool:
    """Whether a step is that of the node *name*, or lies inside it."""
    around = [pause.place, *pause.place.around()]
    return any(name in (each.path, without_index(each.path)) for each in around)


def _is_at(stop: str, pause: Pause) -> bool:
    """Whether a step is where `resume` is to stop: of a node with steps inside that is the first one."""
    fresh = [pause.place, *(each for each in pause.place.around() if not each.has_begun)]
    return any(stop in (each.path, without_index(each.path)) for each in fresh)
