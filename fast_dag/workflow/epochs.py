"""What a session asks of a workflow: the inputs it has, and a run for each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from fast_dag.checks import unknown_options
from fast_dag.errors import CycleConfigurationError, MissingInputError, ValidationError
from fast_dag.graph.deltas import DeltaPort
from fast_dag.graph.signature import origin_name
from fast_dag.iterate.sent import Kind, Sent
from fast_dag.plan.plan import Argument, Plan
from fast_dag.run.candidates import facts_of
from fast_dag.run.context import Context
from fast_dag.run.deltas import Retained
from fast_dag.runners import registry
from fast_dag.values import ExecutionMode
from fast_dag.workflow.epoch import Epoch
from fast_dag.workflow.inputs import missing_inputs, starting_values
from fast_dag.workflow.options import CONCURRENT, RunOptions
from fast_dag.workflow.session import Session, session

if TYPE_CHECKING:
    from fast_dag.workflow.workflow import Workflow

STREAMS = ("Iterator", "AsyncIterator", "Generator", "AsyncGenerator")
"""Annotations of parameters that items are sent to one by one."""


class Epochs:
    """The runs of one session, all on the plan that the workflow has when it begins.

    Parameters:
        workflow: what runs.
        options: as for `DAG.run`.

    Raises:
        UnknownOptionError: there is no such option.
        ValidationError: the definition or an option is wrong.
    """

    def __init__(self, workflow: Workflow, options: Mapping[str, Any]) -> None:
        known = [each.name for each in fields(RunOptions)]
        unknown = [name for name in options if name not in known]
        if unknown:
            raise unknown_options(unknown, [*known, "on_error"], "DAG.session")
        self._workflow = workflow
        self._options = RunOptions(**options)
        if self._options.record:
            msg = (
                "an epoch cannot be recorded, what it takes over from those before it is not in it: run the "
                "workflow by itself with record=True"
            )
            raise ValidationError(msg, workflow.name)
        self._on_loop = RunOptions(**_on_loop(options, self._options))
        self._plan = workflow.plan_for(self._options)
        self._options.check_kept(workflow)
        for name, plan in _inner_plans(workflow):
            _refuse_retained(name, plan)
        self._retained: Retained = {}
        required = {f"{node}.{name}": None for _, node, name in self._plan.needs}
        self._empty = {name: kind for name in required if (kind := self.kind(name)) != "value"}
        """The inputs without a default that can do with nothing: for facts, or for items one by one."""

    @property
    def name(self) -> str:
        """That of the workflow."""
        return self._workflow.name

    def check(self, names: Sequence[str]) -> None:
        """Raise unless the inputs called so are all that a run needs, and each is one.

        Raises:
            UnknownOptionError: no node takes such an input, or an edge feeds it.
            MissingInputError: others are needed too.
        """
        values = starting_values(self._plan, dict.fromkeys([*names, *self._empty]), complete=False)
        missing = missing_inputs(self._plan, values)
        if missing:
            listed = ", ".join(f"{name!r} of {node!r}" for node, name in missing)
            remedy = "ask the session for them before it drains, connect them, or give them defaults"
            msg = f"{self.name!r} is missing inputs: {listed}; {remedy}"
            raise MissingInputError(msg, missing[0][0])

    def kind(self, name: str) -> Kind:
        """How values for the input *name* are sent.

        Raises:
            UnknownOptionError: no node takes such an input, or an edge feeds it.
        """
        starting_values(self._plan, {name: None}, complete=False)
        if self._deltas(name):
            return "delta"
        taking = self._taking(name)
        is_stream = bool(taking) and all(_is_stream(self._workflow, *each) for each in taking)
        return "stream" if is_stream else "value"

    def facts_at(self, name: str) -> Callable[[Any], list[Any]]:
        """What makes a list of the facts that are sent to the delta variables at the input *name*."""
        return partial(facts_of, self._deltas(name))

    def path(self, node: object) -> str:
        """The name of *node*, dotted for one inside another; UnknownNodeError if there is none such."""
        if not isinstance(node, str):
            return self._workflow.drawing.node(node).name
        self._workflow.check_path(node)
        return node

    def depth(self, node: object) -> tuple[str, int]:
        """The name of *node*, and how many cycles lie around it; UnknownNodeError if there is none such."""
        name = self._workflow.drawing.node(node).name
        unit = self._plan.names.index(name)
        return name, sum(cycle.enter < unit < cycle.leave for cycle in self._plan.cycles)

    def run(self, epoch: int, sent: Mapping[str, Sent]) -> Context:
        """Run one epoch with what was sent to its inputs.

        Raises:
            ExecutionError: as a run; then no facts of it are retained.
        """
        with self._session(epoch, sent, self._options) as live:
            context = live.run.context
            registry.drive(live.run, self._options.mode, live.limits, live.report)
        return context

    async def run_async(self, epoch: int, sent: Mapping[str, Sent]) -> Context:
        """As `run`, on the running event loop."""
        with self._session(epoch, sent, self._on_loop.on_loop()) as live:
            context = live.run.context
            await registry.drive_async(live.run, live.limits, live.report)
        return context

    @contextmanager
    def _session(self, epoch: int, sent: Mapping[str, Sent], options: RunOptions) -> Iterator[Session]:
        for growth in self._retained.values():
            growth.restart()
        inputs = self._inputs(sent)
        try:
            about = Epoch(epoch, self._retained)
            with session(self._workflow, inputs, None, options, plan=self._plan, epoch=about) as live:
                yield live
        except BaseException:
            for growth in self._retained.values():
                growth.undo()
            raise

    def _inputs(self, sent: Mapping[str, Sent]) -> dict[str, Any]:
        """What was sent, as the inputs of a run."""
        found: dict[str, Any] = {}
        for name, each in sent.items():
            taking = self._taking(name) if each.kind == "stream" else []
            if not taking:
                found[name] = each.value
            # An iterator can be gone through once, so each that takes it gets one of its own.
            found.update({f"{node}.{parameter}": each.value for node, parameter in taking})
        taken = {pair for name in found for pair in self._taking(name)}
        for name, kind in self._empty.items():
            if tuple(name.rsplit(".", 1)) not in taken:
                found[name] = Sent(kind).value
        return found

    def _arguments(self, name: str) -> Iterator[tuple[str, Argument]]:
        """The inputs that the run input *name* fills, each with its node."""
        lower = {port.slot: port.lower for cycle in self._plan.cycles for port in cycle.ports}
        slots = self._plan.inputs.get(name, ())
        for layout in self._plan.layouts:
            for argument in layout.arguments:
                found = lower.get(argument.slot, argument)
                is_own = name == f"{layout.node}.{argument.name}" and not found.source
                if not argument.injected and (is_own or found.slot in slots):
                    yield layout.node, argument

    def _taking(self, name: str) -> list[tuple[str, str]]:
        """Node and parameter of each input that the run input *name* fills."""
        return [(node, argument.name) for node, argument in self._arguments(name)]

    def _deltas(self, name: str) -> list[DeltaPort]:
        """The delta variables that the run input *name* gives facts to."""
        taking = self._taking(name)
        ports = (port.delta for cycle in self._plan.cycles for port in cycle.ports)
        return [port for port in ports if port is not None and (port.node, port.input) in taking]


def _on_loop(given: Mapping[str, Any], options: RunOptions) -> dict[str, Any]:
    """The options of a run on the running event loop: one at a time is one worker there."""
    found = {**given, "mode": CONCURRENT}
    if options.mode == ExecutionMode.SEQUENTIAL:
        found["max_workers"] = 1
    return found


def _is_stream(workflow: Workflow, node: str, parameter: str) -> bool:
    """Whether a parameter is annotated as something that is gone through once."""
    held = workflow.drawing.nodes[node].signature.inputs
    return any(origin_name(each.annotation) in STREAMS for each in held if each.name == parameter)


def _inner_plans(workflow: Workflow) -> Iterator[tuple[str, Plan]]:
    """The plans of the workflows inside *workflow*."""
    for inner, plan in workflow.plans().items():
        yield getattr(inner, "name", str(inner)), plan


def _refuse_retained(name: str, plan: Plan) -> None:
    """Raise CycleConfigurationError for facts that would have to outlive an epoch inside a node."""
    for cycle in plan.cycles:
        for port in cycle.ports:
            if port.delta is not None and port.delta.retain:
                text = f"{port.delta} of {name!r} lies in a nested workflow, where no facts are retained"
                msg = f"{text}: leave out retain=True, or draw the cycle in the workflow of the session"
                raise CycleConfigurationError(msg)
