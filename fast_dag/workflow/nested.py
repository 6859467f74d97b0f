"""A workflow as a node of another: its ports, and its runs inside the other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from time import perf_counter
from typing import Any, Final

from fast_dag.checks import suggestion
from fast_dag.errors import InvalidNodeError, MissingConnectionError, TimeoutError
from fast_dag.graph.check import Problem
from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from fast_dag.graph.node import Node
from fast_dag.graph.settings import check_names
from fast_dag.graph.signature import Signature
from fast_dag.plan.plan import Plan
from fast_dag.run.brief import brief
from fast_dag.run.context import Context
from fast_dag.run.invocation import invocation
from fast_dag.run.policy import strategy_named
from fast_dag.run.requests import Enter, Outcome
from fast_dag.run.run import Run
from fast_dag.run.streams import Reader
from fast_dag.values import NO_DATA
from fast_dag.workflow.inputs import merged, starting_values
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.runs import Runnable
from fast_dag.workflow.session import Session, begin_context, claimed, finish, new_run, nobody_watches

Ports = Sequence[str] | Mapping[str, str] | None

NOTHING_OPEN: Final = Signature((), takes_any_name=False)


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
        ValueError: ports or results that are no list of names, or have one twice.
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
        if ports is not None:
            ports = dict(ports) if isinstance(ports, Mapping) else check_names("inputs", ports, name)
        self.ports = ports
        self.results = None if results is None else check_names("outputs", results, name)
        workflow.options_type(error_strategy=error_strategy)  # a machine has nothing to continue with
        self.error_strategy = strategy_named(error_strategy)
        self.serial = 0
        """Counts how often its signature has changed."""
        self._known: tuple[object, Signature, list[str]] = (None, NOTHING_OPEN, [])
        self._seen = -1
        workflow.drawing.is_held = True

        def run(*args: Any, **inputs: Any) -> Any:
            if len(args) > len(self.inputs):
                msg = f"{name!r} takes {len(self.inputs)} inputs, got {len(args)}: {', '.join(self.inputs)}"
                raise TypeError(msg)
            return self.run_alone(merged(dict(zip(self.inputs, args, strict=False)), inputs))

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
            workflow.drawing.node(result)
        self._check_ports()

    def __reduce__(self) -> str:
        return self.name

    @property
    def inside(self) -> WorkflowNode:
        """What runs in place of a call: this node itself knows how."""
        return self

    @property
    def edition(self) -> tuple[object, ...]:
        """Another one whenever the workflow, or one inside it, has been edited."""
        found: dict[Runnable, object] = {}
        work = [self.workflow]
        while work:
            workflow = work.pop()
            if workflow not in found:
                found[workflow] = workflow.version
                work += [node.inside.workflow for node in workflow.drawing.holders]
        return tuple(found.values())

    @property
    def signature(self) -> Signature:
        """The open inputs of the workflow, as far as they are ports."""
        if self._seen != Graph.inner_edits:
            self._look_inside()
        return self._known[1]

    def refresh(self) -> None:
        """Read the ports anew if the workflow has changed; those of workflows inside it are up to date."""
        version = self.workflow.version
        if self._known[0] != version:
            found = self._read(), self._faults()
            if self._known[1:] != found:
                self.serial += 1
            self._known = version, *found

    def run_alone(self, inputs: Mapping[str, Any]) -> Any:
        """Run the workflow by itself, with values for the ports."""
        names, context = self.inner_names, Context()
        given = {names.get(name, name): value for name, value in inputs.items()}
        value = self.workflow.run(given, context=context, error_strategy=self.error_strategy)
        if self.results is None:
            return value
        return {name: context.results[name] for name in self.results if name in context.results}

    def problems(self, edges: Sequence[Edge], leaving: Sequence[Edge] = ()) -> list[str]:  # noqa: ARG002 - its value leaves
        """What does not fit between the workflow and what the node says of it.

        Parameters:
            edges: those into it.
            leaving: those out of it.
        """
        self.refresh()
        known = self._known[1]
        names = {parameter.name for parameter in known.inputs}
        lost = [] if known.takes_any_name else [edge for edge in edges if edge.input not in names]
        has_lost = f"of {self.name!r} is no open input of {self.workflow.name!r} any more"
        return [*self._known[2], *(f"{edge.input!r} {has_lost}: disconnect {edge.source!r}" for edge in lost)]

    @property
    def shares_streams(self) -> bool:
        """Whether several nodes inside may read one stream that comes in."""
        return True

    @property
    def plan_key(self) -> object:
        """What its plan is kept under while a run goes on."""
        return self.workflow

    def planned(self, plan: Plan) -> Plan:
        """What its runs follow, *plan* being that of the workflow by itself."""
        return plan

    def path_in(self, path: str) -> str:
        """What stands before the names of the nodes inside, *path* being its own."""
        return f"{path}."

    def unconnected(self, given: Sequence[str]) -> list[Problem]:  # noqa: ARG002 - a run tells what is missing
        """The inputs it cannot do without that are not among those *given*."""
        return []

    def closed(self, plan: Plan) -> list[tuple[str, str]]:
        """Node and name of each input that *plan* of the workflow needs and that is no port."""
        if self.ports is None:
            return []
        ports = {inner for _, inner in _pairs(self.ports)}
        return [(node, name) for _, node, name in plan.needs if name not in ports]

    def enter(self, inputs: dict[str, Any], outer: Run, step: int, index: tuple[int, ...]) -> Enter:
        """Begin a run inside *step* of *outer*; *index* is that of the element if the node is a map."""
        workflow, plan = self.workflow, outer.ledger.plans[self.plan_key]
        names = self.inner_names
        given = {names.get(name, name): value for name, value in inputs.items() if value is not NO_DATA}
        values = starting_values(plan, given)
        context = workflow.new_context(Context(metadata=dict(outer.context.metadata)))
        values[0] = claimed(context)
        options = RunOptions(error_strategy=self.error_strategy, keep_results=self._kept(outer))
        path = self.path_in(outer.path_of(step))
        is_live = plan.sees_context or bool(workflow.node_error_handlers)
        run = new_run(
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
        run.outer_step, run.outer_iteration = step, outer.iteration_of(step)
        if self.shares_streams and any(isinstance(value, Reader) for value in given.values()):
            run.share_streams(path)
        for name in self.results or ():
            run.showing.hold(name)
        begin_context(run, given)
        for key in [self.name, *([f"{self.name}{list(index)}"] if index else [])]:
            outer.context.hold(key, context)
        session = Session(run, workflow, options, nobody_watches, perf_counter())
        outer.ledger.inside[run] = partial(self._close, session)
        return Enter(run, partial(invocation, run), self.settings.timeout)

    def leave(self, run: Run, outcome: Outcome) -> Outcome:
        """What a run inside has come to."""
        if outcome.expired:
            run.error = TimeoutError("its node is out of time")
        if run.error is not None:
            self._leave_inner(run)
        value = self._value(run) if run.error is None else None
        duration = run.ledger.inside.pop(run)(run)
        return replace(outcome, value=value, duration=outcome.duration or duration)

    @property
    def inner_names(self) -> dict[str, str]:
        """What each port is called inside, as far as it has another name."""
        return dict(self.ports) if isinstance(self.ports, dict) else {}

    def _close(self, session: Session, ended_by: Run) -> float:
        """Keep the books of a run inside; one that is left in the middle ends as the one around it."""
        run = session.run
        if not run.is_complete and run.error is None:
            run.error = ended_by.error
        finish(session)
        if run.keep is not None:
            run.context.forget_inputs()
        run.let_go()
        return run.tally.wall

    def _leave_inner(self, run: Run) -> None:
        """Close the books of the runs inside *run*, which has ended before them."""
        inside = run.ledger.inside
        # They began after it.
        for each in list(takewhile(lambda each: each is not run, reversed(inside))):
            if each.is_inside(run):
                inside.pop(each)(run)

    def _value(self, run: Run) -> Any:
        if self.results is None:
            return run.value()
        return {name: run.value(name) for name in self.results if run.has_result(name)}

    def _kept(self, outer: Run) -> Any:
        """What the option keep_results of the outermost run means inside."""
        if outer.keep is None:
            return "all"
        prefix = f"{self.name}."
        named = [name.removeprefix(prefix) for name in outer.keep if name.startswith(prefix)]
        return named or ("exits" if self.name in outer.keep else ())

    def _read(self) -> Signature:
        known = self.workflow.open_inputs()
        takes_any = self.ports is None and any(
            node.signature.takes_any_name for node in self.workflow.drawing.nodes.values()
        )
        names = _pairs(known if self.ports is None else self.ports)
        parameters = [
            replace(known[inner], name=port, own_name=port) for port, inner in names if inner in known
        ]
        return Signature(tuple(parameters), takes_any)

    def _look_inside(self) -> None:
        """Bring what is known of workflows inside up to date, from the inside out."""
        now = self._seen = Graph.inner_edits
        path = [(self, iter(self.workflow.drawing.holders))]
        while path:
            node, left = path[-1]
            holder = next(left, None)
            if holder is None:
                path.pop()
                node.refresh()
            elif holder.inside._seen != now:  # noqa: SLF001 - another node of this class
                holder.inside._seen = now  # noqa: SLF001 - as above; also what ends a ring
                path.append((holder.inside, iter(holder.inside.workflow.drawing.holders)))

    def _faults(self) -> list[str]:
        """What the node says of the workflow that does not hold any more."""
        workflow, known = self.workflow, self.workflow.open_inputs()
        closed = [inner for _, inner in _pairs(self.ports or ()) if inner not in known]
        lost = [name for name in self.results or () if name not in workflow]
        return [
            *(
                f"input {name!r} of {self.name!r} is not open in {workflow.name!r} any more"
                for name in closed
            ),
            *(f"output {name!r} of {self.name!r} is no node of {workflow.name!r} any more" for name in lost),
        ]

    def _check_ports(self) -> None:
        known = self.workflow.open_inputs()
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
        msg = f"{brief(workflow)} is no workflow: give a DAG or an FSM"
        raise InvalidNodeError(msg)
    return WorkflowNode(workflow, **options)


def _pairs(ports: Sequence[str] | Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each port and the input it fills."""
    if isinstance(ports, Mapping):
        return [(port, inner if isinstance(inner, str) else port) for port, inner in ports.items()]
    return [(name, name) for name in ports]
