"""A workflow as a node of another: its ports, and its runs inside the other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

from fast_dag.errors import InvalidNodeError, MissingConnectionError, TimeoutError, suggestion
from fast_dag.graph.graph import Graph
from fast_dag.graph.node import Node
from fast_dag.graph.signature import Parameter, Signature
from fast_dag.run.context import Context
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.invocation import invocation
from fast_dag.run.policy import strategy_named
from fast_dag.run.requests import Enter, Outcome
from fast_dag.values import NO_DATA
from fast_dag.workflow.inputs import starting_values
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.runs import Runnable
from fast_dag.workflow.session import Session, begin_context, claimed, finish, graph_run, nobody_watches

Ports = Sequence[str] | Mapping[str, str] | None


class WorkflowNode(Node[..., Any]):
    """A node that runs a workflow.  Calling it runs that by itself.

    Parameters:
        workflow: what it runs; edits show at once.
        ports: the open inputs that are inputs of the node: None for all, names, or new names for them.
        results: names of nodes inside whose results make the node's value, a mapping; None for what a
            run of the workflow returns.
        error_strategy: that of the runs inside.
        name, description, metadata, settings: as for `Node`.

    Raises:
        MissingConnectionError: a name that is no open input of the workflow.
        UnknownNodeError: a result of no node of it.
    """

    def __init__(
        self,
        workflow: Runnable,
        *,
        name: str,
        ports: Ports = None,
        results: Sequence[str] | None = None,
        error_strategy: str = "fail_fast",
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.workflow = workflow
        self.ports = dict(ports) if isinstance(ports, Mapping) else None if ports is None else tuple(ports)
        self.results = None if results is None else tuple(results)
        self.error_strategy = strategy_named(error_strategy)
        self.serial = 0
        """Counts how often its signature has changed."""
        self._known: tuple[object, Signature] | None = None

        def run(**inputs: Any) -> Any:
            return workflow.run(inputs)

        super().__init__(
            run,
            name=name,
            outputs=self.results,
            description=workflow.description if description is None else description,
            node_type=workflow.node_type,
            metadata=metadata,
            **settings,
        )
        for result in self.results or ():
            workflow.graph.node(result)
        self._check_ports()

    def __reduce__(self) -> str:
        return self.name

    @property
    def inside(self) -> WorkflowNode:
        """What runs in place of a call: this node itself knows how."""
        return self

    @property
    def signature(self) -> Signature:
        """The open inputs of the workflow, as far as they are ports."""
        self.refresh()
        return self._known[1]  # type: ignore[index]

    def refresh(self) -> None:
        """Read the ports anew if the workflow has changed."""
        version = self.workflow.version
        if self._known is None or self._known[0] != version:
            found = self._read()
            if self._known is None or self._known[1] != found:
                self.serial += 1
            self._known = version, found

    def enter(self, inputs: dict[str, Any], outer: GraphRun, step: int, index: tuple[int, ...]) -> Enter:
        """Begin a run inside *step* of *outer*; *index* is that of the element if the node is a map."""
        workflow, plan = self.workflow, outer.ledger.plans[self.workflow]
        names = self.inner_names
        given = {names.get(name, name): value for name, value in inputs.items() if value is not NO_DATA}
        values = starting_values(plan, given)
        context = Context(metadata=dict(outer.context.metadata))
        values[0] = claimed(context)
        options = RunOptions(error_strategy=self.error_strategy, keep_results=self._kept(outer))
        path = outer.path_of(step) + "."
        is_live = plan.sees_context or bool(workflow.node_error_handlers)
        run = graph_run(
            workflow,
            plan,
            values,
            context,
            options,
            ledger=outer.ledger,
            live=is_live,
            outer=outer,
            path=path,
        )
        begin_context(run, given)
        for key in [self.name, *([f"{self.name}{list(index)}"] if index else [])]:
            outer.context.hold(key, context)
        session = Session(run, workflow, options, nobody_watches, perf_counter())
        outer.ledger.inside[run] = partial(self._close, session)
        return Enter(run, partial(invocation, run), self.settings.timeout)

    def leave(self, run: GraphRun, outcome: Outcome) -> Outcome:
        """What a run inside has come to."""
        if outcome.expired:
            run.error = TimeoutError("its node is out of time")
        value = self._value(run) if run.error is None else None
        duration = run.ledger.inside.pop(run)(run)
        return replace(outcome, value=value, duration=outcome.duration or duration)

    @property
    def inner_names(self) -> dict[str, str]:
        """What each port is called inside, as far as it has another name."""
        return dict(self.ports) if isinstance(self.ports, dict) else {}

    def _close(self, session: Session, ended_by: GraphRun) -> float:
        """Keep the books of a run inside; one that is left in the middle ends as the one around it."""
        run = session.run
        if not run.finished:
            run.error = ended_by.error
        finish(session)
        run.let_go()
        return run.tally.wall

    def _value(self, run: GraphRun) -> Any:
        if self.results is None:
            return run.value()
        return {name: run.value(name) for name in self.results if run.has_result(name)}

    def _kept(self, outer: GraphRun) -> Any:
        """What the option keep_results of the outermost run means inside."""
        if outer.keep is None:
            return "all"
        prefix = f"{self.name}."
        named = [name.removeprefix(prefix) for name in outer.keep if name.startswith(prefix)]
        return named or "exits"

    def _read(self) -> Signature:
        known = open_inputs(self.workflow.wired)
        takes_any = self.ports is None and any(
            node.signature.takes_any_name for node in self.workflow.graph.nodes.values()
        )
        names = _pairs(known if self.ports is None else self.ports)
        parameters = [
            replace(known[inner], name=port, own_name=port) for port, inner in names if inner in known
        ]
        return Signature(tuple(parameters), takes_any)

    def _check_ports(self) -> None:
        known = open_inputs(self.workflow.wired)
        for _, inner in _pairs(self.ports or ()):
            if inner not in known:
                listed = ", ".join(known) or "none"
                near = suggestion(inner, known)
                msg = f"{self.workflow.name!r} has no open input {inner!r}; it has {listed}{near}"
                raise MissingConnectionError(msg)


def node_of(workflow: Any, **options: Any) -> WorkflowNode:
    """A node that runs *workflow*.

    Raises:
        InvalidNodeError: it is no workflow.
    """
    if not isinstance(workflow, Runnable):
        msg = f"{workflow!r} is no workflow: give a DAG"
        raise InvalidNodeError(msg)
    return WorkflowNode(workflow, **options)


def open_inputs(graph: Graph) -> dict[str, Parameter]:
    """The inputs that no edge feeds, by name; required if some node needs it."""
    found: dict[str, Parameter] = {}
    for name, node in graph.nodes.items():
        fed = {edge.input for edge in graph.incoming[name]}
        for each in () if node.collects and fed else node.signature.inputs:
            if each.name not in fed:
                required = each.required or (each.name in found and found[each.name].required)
                found[each.name] = Parameter(
                    each.name, required, NO_DATA, each.annotation, own_name=each.name, by_keyword=True
                )
    return found


def _pairs(ports: Sequence[str] | Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each port and the input it fills."""
    if isinstance(ports, Mapping):
        return [(port, inner if isinstance(inner, str) else port) for port, inner in ports.items()]
    return [(name, name) for name in ports]
