"""The builder of a cycle: nodes, edges and settings in any order, checked and declared at once at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from fast_dag.cycles.built import Cycle
from fast_dag.cycles.chained import ChainedSettings
from fast_dag.cycles.node_types import NodeTypes, node_of
from fast_dag.cycles.precondition import Precondition
from fast_dag.cycles.specs import create_convergence_condition
from fast_dag.errors import CycleConfigurationError, DuplicateCycleError, MissingConnectionError
from fast_dag.graph.attached import with_attached
from fast_dag.graph.check import Problem, error_for, undeclared_rings
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.cycle_mapping import mapped_edges
from fast_dag.graph.deltas import DeltaPort, Merge, declared_delta
from fast_dag.graph.edge import FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.keywords import known_keywords
from fast_dag.graph.loops import Fault, cycles_of
from fast_dag.graph.node import Node
from fast_dag.graph.operators import Wanted
from fast_dag.graph.order import reached
from fast_dag.run.brief import brief

End = str | Node[..., Any]
Mapped = Mapping[str, str] | str | None


@runtime_checkable
class Buildable(Protocol):
    """What cycles can be built in: a DAG or a WorkflowBuilder."""

    @property
    def drawing(self) -> Graph:
        """What is drawn of it."""

    @property
    def autowire(self) -> bool:
        """Whether open inputs named like nodes are connected to them."""

    @property
    def node_types(self) -> NodeTypes:
        """What the name of a type of nodes stands for."""

    def output_of(self, source: str, output: str | None) -> str | None:
        """What the *output* of a connection from *source* is in the drawing."""

    def resolve(self) -> None:
        """Draw every connection that was asked for; an error if it cannot be."""


class _Port(NamedTuple):
    """What one edge between two nodes takes and feeds; None: to be found."""

    output: str | None
    input: str | None


class CycleBuilder(ChainedSettings):
    """Builds one cycle of a workflow; every method but `build` gives the builder back.

    As a context manager it is built when the block ends well, and forgotten when it does not.

    >>> from fast_dag import DAG
    >>> dag = DAG("halving").add_node("half", lambda x: x / 2)
    >>> CycleBuilder(dag, "halve").connect("half", "half").converge_when("half < 0.1").build().nodes
    ['half']
    >>> dag.run(x=1)
    0.0625

    Parameters:
        workflow: a DAG or a WorkflowBuilder.
        name: of the cycle; no node has it.
        config: settings to start from.

    Raises:
        CycleConfigurationError: the workflow cannot have cycles, or nothing can be called *name*.
        DuplicateCycleError: the cycle is configured already, or a node has its name.
    """

    def __init__(self, workflow: Buildable, name: str, config: CycleConfig | None = None) -> None:
        if not isinstance(workflow, Buildable):
            msg = f"cycle {name!r} needs a DAG or a WorkflowBuilder to be built in, got {brief(workflow)}"
            raise CycleConfigurationError(msg)
        super().__init__(name, config or CycleConfig())
        self.workflow = workflow
        self._ahead: list[Wanted] = []
        self._back: list[FeedbackEdge] = []
        self._deltas: dict[tuple[str, str, str], DeltaPort] = {}
        self._built: Cycle | None = None
        workflow.drawing.cycles.begin(name, workflow.drawing.nodes)
        workflow.drawing.touch()

    @classmethod
    def from_config(cls, workflow: Buildable, config: CycleConfig | Mapping[str, Any]) -> Self:
        """A builder with the settings of *config*; without a ``cycle_name`` there, it gets one of its own."""
        given = config if isinstance(config, CycleConfig) else CycleConfig(**config)
        return cls(workflow, given.cycle_name or _free_name(workflow.drawing), given)

    def __repr__(self) -> str:
        state = "built" if self._built else f"{len(self._back)} feedback edges"
        return f"<CycleBuilder {self.name!r}, {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._built is None:
                self.build()
        finally:
            if self._built is None:
                self.workflow.drawing.cycles.drop_begun(self.name)
                self.workflow.drawing.touch()

    def add_node(
        self, name: str, node: Any, config: Mapping[str, Any] | None = None, **settings: Any
    ) -> Self:
        """Add a node to the workflow.

        Parameters:
            name: of the node.
            node: a function, a Node, a class, an object with a method run, or the name of a registered type.
            config: keywords of a class; for everything else values of parameters, as their defaults.
            settings: of the node, such as retries.

        Raises:
            InvalidNodeError: it is none of these.
            UnknownOptionError: *config* has a key that is no parameter.
            DuplicateNodeError: the name is taken.
        """
        types = self.workflow.node_types
        self.workflow.drawing.add(node_of(node, name, config or {}, types, **settings))
        return self

    def connect(
        self, source: End, target: End, mapping: Mapped = None, *, feedback: bool | None = None
    ) -> Self:
        """Draw edges from *source* to *target*.

        Parameters:
            source, target: names or nodes.
            mapping: outputs to inputs; None for the whole value, ``"*"`` for all ports of the same name.
            feedback: whether they feed back into the next iteration; None: they do if they would close a loop
                with the forward edges there are by now.

        Raises:
            UnknownNodeError, InvalidNodeError: no such node, or one of another workflow.
            MissingConnectionError: no such port, or no two of the same name.
        """
        drawing = self.workflow.drawing
        start, end = drawing.node(source).name, drawing.node(target).name
        ports = list(_ports(drawing, start, end, mapping))
        if self._closes_loop(start, end) if feedback is None else feedback:
            for port in ports:
                self.feedback(start, end, output=port.output, input=port.input)
        else:
            found = self.workflow.output_of
            self._ahead += [(start, found(start, port.output), end, port.input, False) for port in ports]
        return self

    def feedback(
        self,
        source: End,
        target: End,
        *,
        output: str | None = None,
        input: str | None = None,
        optional: bool = False,
        signal: bool = False,
    ) -> Self:
        """Feed a value back; parameters and errors as for `DAG.feedback`."""
        flags = {"optional": optional, "signal": signal}
        drawing = self.workflow.drawing
        start = drawing.node(source).name
        output = self.workflow.output_of(start, output)
        edge = drawing.feedback_edge(start, output, target, input, self.name, **flags)
        self._back.append(edge)
        return self

    @known_keywords
    def delta(
        self, node: End, *, input: str | None = None, merge: Merge = "set", retain: bool = False
    ) -> Self:
        """Have an input that a feedback edge feeds be given only what is new: a delta variable.

        The node is given a `Delta` there.  What the feedback edges bring are candidates; those that are not
        known yet go round, and when none is the cycle ends.  It is a way out of the cycle.

        Parameters:
            node: name or node.
            input: the parameter; default the only one that is annotated as a Delta.
            merge: ``"set"`` for facts that are there or not; min, max or a function of two values for values
                by key, where a key is new if its value changes.  It is associative, commutative, idempotent.
            retain: keep the facts for the next epoch of a session.

        Raises:
            UnknownNodeError, MissingConnectionError: no such node or parameter, or several.
            CycleConfigurationError: a bad merge, or the input is a delta variable already.
        """
        port = declared_delta(self.workflow.drawing.node(node), self.name, input, merge, retain=retain)
        if port.key in {**self.workflow.drawing.cycles.deltas, **self._deltas}:
            msg = f"{port} is declared already: give merge and retain in one place"
            raise CycleConfigurationError(msg)
        self._deltas[port.key] = port
        return self

    def attach(self, name: End) -> Self:
        """Have a node that the body feeds run at the end of each iteration, though it is on no loop."""
        node = name if isinstance(name, str) else name.name
        return self._set(attached=(*self.config.attached, node))

    def build(self) -> Cycle:
        """Check the cycle and declare it; until then nothing of it but its nodes is in the workflow.

        Returns:
            Its name, settings, body and feedback edges.

        Raises:
            CycleConfigurationError: it has no feedback edge, its settings are wrong, or it was built already.
            CycleConnectionError: a feedback edge closes no loop.
            MissingConnectionError: a port is unknown, or it is not clear which one is fed.
            CycleError: forward edges form a ring, or it crosses another cycle.
        """
        if self._built is not None:
            msg = (
                f"cycle {self.name!r} is built already: change the settings of one run, or make another cycle"
            )
            raise DuplicateCycleError(msg)
        for spec in self.config.convergence_conditions:
            create_convergence_condition(spec)
        if self.config.when is not None:
            Precondition(self.config.when)
        self.workflow.resolve()
        drawing = self.workflow.drawing
        edges = self._checked(drawing)
        drawing.connect_pairs(self._ahead)
        drawing.cycles.end(self.name, self.config, edges, self._deltas.values())
        drawing.touch()
        self._built = self._found(self._looked_at(drawing))
        return self._built

    def _checked(self, drawing: Graph) -> list[FeedbackEdge]:
        """The feedback edges to declare, after everything was tried on a copy."""
        for name in (name for edge in self._back for name in (edge.source, edge.target)):
            drawing.node(name)  # it may have been removed since
        trial = drawing.sketch()
        trial.connect_pairs(self._ahead)
        known = [edge for edge in trial.cycles.edges if edge.cycle == self.name]
        drawn = [*known, *self._back]
        edges = [*self._back, *mapped_edges(trial, self.name, self.config.parameter_mapping, drawn)]
        if not edges and not known:
            remedy = "connect(source, target) that closes a loop, or feedback(source, target)"
            msg = f"cycle {self.name!r} has no feedback edge: give it one, {remedy}"
            raise CycleConfigurationError(msg)
        before = {fault.text for fault in cycles_of(self._looked_at(trial))[1]}
        # Whether it lies inside another can only be seen when that one is there.
        given = {name: value for name, value in self.config.given.items() if name != "parent_cycle"}
        trial.cycles.end(self.name, CycleConfig(**given), edges, self._deltas.values())
        trial = self._looked_at(trial)
        faults = [fault for fault in cycles_of(trial)[1] if fault.text not in before]
        error = error_for(trial, [*undeclared_rings(trial), *map(_problem, faults)])
        if error is not None:
            raise error
        return edges

    def _looked_at(self, graph: Graph) -> Graph:
        return graph.wired() if self.workflow.autowire else graph

    def _closes_loop(self, source: str, target: str) -> bool:
        """Whether *target* leads to *source* over the forward edges there are by now."""
        graph = self._looked_at(self.workflow.drawing)
        after = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
        for start, _, end, _, _ in self._ahead:
            after[str(start)].append(str(end))
        return source in reached(target, after)

    def _found(self, graph: Graph) -> Cycle:
        cycles = {cycle.name: cycle for cycle in with_attached(graph, cycles_of(graph)[0])}
        if self.name not in cycles:  # it crosses another one, which running it will tell
            return Cycle(self.name, self.config, [], [], list(self._back))
        found = cycles[self.name]
        return Cycle(self.name, self.config, list(found.nodes), list(found.attached), list(found.edges))


def _ports(graph: Graph, source: str, target: str, mapping: Mapped) -> Iterator[_Port]:
    """The outputs and inputs of the edges that *mapping* asks for."""
    if mapping is None:
        yield _Port(None, None)
    elif isinstance(mapping, Mapping):
        yield from (_Port(output, entry) for output, entry in mapping.items())
    elif mapping == "*":
        yield from _same_named(graph, source, target)
    else:
        wanted = "a mapping of outputs to inputs, or '*'"
        msg = f"{source!r} -> {target!r}: mapping must be {wanted}, got {mapping!r}"
        raise MissingConnectionError(msg)


def _same_named(graph: Graph, source: str, target: str) -> list[_Port]:
    outputs, inputs = graph.nodes[source].declared_outputs, graph.nodes[target].inputs
    found = [_Port(name, name) for name in outputs if name in inputs]
    if not found:
        gives, takes = ", ".join(outputs) or "nothing by name", ", ".join(inputs) or "nothing"
        msg = (
            f"{source!r} and {target!r} have no ports of the same name: it gives {gives}, that takes {takes}"
        )
        raise MissingConnectionError(msg)
    return found


def _problem(fault: Fault) -> Problem:
    return Problem(fault.text, kind=fault.kind, nodes=fault.nodes)


def _free_name(graph: Graph) -> str:
    number, name = 1, "cycle"
    while name in graph.nodes or graph.cycles.knows(name):
        number += 1
        name = f"cycle_{number}"
    return name
