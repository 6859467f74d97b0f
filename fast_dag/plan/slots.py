"""The slots of a plan: where inputs, defaults, branches and results lie, and what each edge brings there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fast_dag.graph.binding import needs, takes_whole
from fast_dag.graph.deltas import facts_key
from fast_dag.graph.edge import Edge, FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import Cycle as Loop
from fast_dag.graph.loops import initial_ports
from fast_dag.graph.node import Node
from fast_dag.graph.signature import Parameter
from fast_dag.plan.bounded import BoundedPorts
from fast_dag.plan.emitted import Emissions, loop_values
from fast_dag.plan.frame import Frame
from fast_dag.plan.plan import Argument, Cycle, Feedback, Given, Link, Port
from fast_dag.values import NO_DATA, NodeType

CONTEXT_SLOT: Final = 0
AnyNode = Node[..., Any]


class Slots:
    """Hands out the slots of a plan: everything but results first, the results after it."""

    def __init__(self, graph: Graph, frame: Frame) -> None:
        self.graph, self.frame, self.numbers = graph, frame, frame.numbers
        self.base: list[Any] = [None]
        self.inputs: dict[str, list[int]] = {}
        self.needs: list[tuple[tuple[int, ...], str, str]] = []
        self.given: dict[Edge, Given] = {}
        self.branches: dict[int, dict[str, int]] = {}
        self.open: dict[tuple[str, str], int] = {}
        """The slot of each input that no edge feeds; '**' stands for any name."""
        self.ports: dict[tuple[str, str], int] = {}
        """The slot of each input that a cycle feeds back."""
        self.carried: dict[FeedbackEdge, int] = {}
        """The slot with the value that each feedback edge brings from the iteration before."""
        self.facts: dict[tuple[str, str, str], int] = {}
        """The slot for what each delta variable has gathered, if somebody takes it."""
        self.extras: dict[str, dict[str, None]] = {}
        """For each function that takes any name, those that its cycle has a value for."""
        for name in self.numbers:
            self._number_inputs(graph.nodes[name])
            self._number_branches(graph.nodes[name])
        for edge in graph.edges if graph.cycles.deltas else ():
            if edge.cycle and self.is_inside(edge) and facts_key(edge) not in self.facts:
                self.facts[facts_key(edge)] = self.new(NO_DATA)
        for loop in frame.loops:
            self._number_initial(loop)
            self._number_feedback(loop)
        self.bounded = {loop.name: BoundedPorts(self, loop) for loop in frame.loops if loop.bounded}
        self.emissions = Emissions(frame, [edge for edge in graph.edges if self.is_inside(edge)], self.new)
        self.first = len(self.base)
        self.emissions.fill(self._argument)

    @property
    def port_links(self) -> list[Link]:
        """From the enters of bounded iterations to what their ports lead to."""
        return [link for ports in self.bounded.values() for link in ports.links()]

    def port_argument(self, node: AnyNode, parameter: Parameter, keyword: str) -> Argument | None:
        """The input of a cycle that is filled anew in each iteration; None for every other input."""
        key = node.name, parameter.name
        if key not in self.ports:
            return None
        found = Argument(parameter.name, self.ports[key], keyword)
        for ports in self.bounded.values():
            if ports.slots.get(key) == found.slot:
                default = NO_DATA if parameter.required else parameter.default
                source = key[1] if node.node_type is NodeType.ANY else ""
                return found._replace(default=ports.default(node, default), source=source)
        return found

    def of(self, edge: Edge) -> int:
        """The slot with the value that *edge* carries."""
        if edge in self.given:
            return self.given[edge].slot
        if edge in self.emissions.slots:
            return self.emissions.slots[edge]
        return self._own(edge)

    def _own(self, edge: Edge) -> int:
        """The slot of what the source of *edge* gives, or its cycle has gathered."""
        if edge.cycle:
            return self.facts[facts_key(edge)]
        unit = self.numbers[edge.source]
        return self.branches.get(unit, {}).get(edge.output, self.first + unit)

    def is_inside(self, edge: Edge) -> bool:
        """Whether both ends of *edge* are in the plan."""
        return edge.source in self.numbers and edge.target in self.numbers

    def link(self, edge: Edge) -> Link:
        """*edge* between units."""
        source, target = self.graph.nodes[edge.source], self.graph.nodes[edge.target]
        optional = self.graph.edges[edge]
        unit, leave = self.numbers[edge.source], self.frame.source_of(edge)
        return Link(
            source=leave,
            target=self.frame.target_of(edge),
            slot=self.of(edge),
            required=needs(target, edge.input),
            branch=edge.output if source.is_router else "",
            part=self.argument(edge, edge.input) if optional and edge not in self.emissions.slots else None,
            origin=-1 if leave == unit else unit,
        )

    def argument(self, edge: Edge, name: str, **more: Any) -> Argument:
        """What *edge* brings to the input *name*."""
        if edge in self.emissions.slots:
            return Argument(name, self.of(edge), source=edge.source, **more)
        return self._argument(edge, name, **more)

    def _argument(self, edge: Edge, name: str, **more: Any) -> Argument:
        """What *edge* brings, as its source gives it."""
        slot = self.given[edge].slot if edge in self.given else self._own(edge)
        argument = Argument(name, slot, source=edge.source, optional=self.graph.edges[edge], **more)
        # What comes from outside lies in its slot as it is wanted.
        return (
            argument
            if edge in self.given or edge.cycle
            else part_wanted(argument, self.graph.nodes[edge.source], edge.output)
        )

    def cycle(self, loop: Loop) -> Cycle:
        """*loop* as a range of the plan."""
        feedback = tuple(self._feedback(edge) for edge in loop.edges)
        frame = self.frame
        places: dict[tuple[str, str], list[int]] = {}
        for edge in loop.edges:
            key = (edge.target, edge.input or "")
            if key in self.ports:
                places.setdefault(key, []).append(self.carried[edge])
        ports = tuple(self._port(loop.name, *key, fed) for key, fed in places.items())
        own = self.bounded.get(loop.name)
        body = set(loop.nodes)
        routers = [name for name in loop.nodes if self.graph.nodes[name].is_router]
        leads_out = any(
            edge.target not in body for name in routers for edge in self.graph.outgoing[name]
        ) or any(name in routers for name, _ in self.graph.cycles.ended)
        return Cycle(
            loop.name,
            frame.enters[loop.name],
            frame.leaves[loop.name],
            loop.config,
            feedback,
            ports if own is None else own.ports(),
            leads_out,
            tuple(self.numbers[name] for name in loop.attached if self.graph.nodes[name].checker is not None),
            loop_values=loop_values(loop.edges) if own is None else (("output", (0,)),),
            emits=tuple(self.emissions.of_cycle[loop.name]) if own is None else own.emits(feedback[0]),
            bounded=None if own is None else own.rounds(feedback[0]),
            course=self.graph.cycles.courses.get(loop.name),
            supplied=tuple(
                (f"{node}.{name}", self.open[node, name])
                for node, name in self._supplied(loop)
                if (node, name) in self.open and (node, name) not in self.ports
            ),
        )

    def _port(self, cycle: str, node: str, name: str, fed: Sequence[int]) -> Port:
        key = cycle, node, name
        delta = self.graph.cycles.deltas.get(key)
        place = self.ports[node, name]
        return Port(place, tuple(fed), self._lower(node, name), delta, self.facts.get(key, -1))

    def _feedback(self, edge: FeedbackEdge) -> Feedback:
        value = self.value_of(edge.source, edge.output, whole=edge.signal)
        value = value._replace(name=edge.input or "", optional=edge.optional)
        slot = self.carried.get(edge, -1)
        return Feedback(self.numbers[edge.source], value, slot, edge.signal, not edge.optional)

    def value_of(self, name: str, output: str, *, whole: bool = False) -> Argument:
        """What lies ready of an *output* of the node *name* when it has run."""
        source, unit = self.graph.nodes[name], self.numbers[name]
        slot = self.branches.get(unit, {}).get(output, -1)
        if slot >= 0:
            return Argument("", slot, source=name)
        value = Argument("", self.first + unit, source=name)
        return value if whole else part_wanted(value, source, output)

    def _lower(self, node: str, name: str) -> Argument:
        """What fills a fed-back input as long as no feedback does."""
        edges = [edge for edge in self.graph.incoming[node] if edge.input == name]
        if edges:
            return self.argument(edges[0], name)
        return Argument(name, self.open[node, name])

    def _number_initial(self, loop: Loop) -> None:
        """Slots of their own for the inputs that the settings of a cycle have values for."""
        for key, value in loop.config.initial_parameters.items():
            for node, name in initial_ports(self.graph, loop, key):
                self._open_extra(node, name)
                if (node, name) in self.open:
                    slot = self.open[node, name] = self.new(value)
                    self.inputs.setdefault(name, []).append(slot)
                    self.needs = [need for need in self.needs if need[1:] != (node, name)]
        for node, name in self._supplied(loop):
            self._open_extra(node, name)

    def _open_extra(self, node: str, name: str) -> None:
        """A slot for a *name* that only a function which takes any has."""
        held = self.graph.nodes[node]
        if not held.signature.takes_any_name or name in held.inputs:
            return
        self.extras.setdefault(node, {})[name] = None
        is_fed = any(edge.input == name for edge in self.graph.incoming[node])
        if not is_fed and (node, name) not in self.open:
            slot = self.open[node, name] = self.new(NO_DATA)
            self.inputs.setdefault(name, []).append(slot)

    def _supplied(self, loop: Loop) -> list[tuple[str, str]]:
        """Node and name of each input that the template of a cycle has values for."""
        course = self.graph.cycles.courses.get(loop.name)
        ports = () if course is None else course.ports
        return [each for port in ports for each in initial_ports(self.graph, loop, port)]

    def _number_feedback(self, loop: Loop) -> None:
        for edge in loop.edges:
            if edge.signal or edge.input is None:
                continue
            self.carried[edge] = self.new(NO_DATA)
            if loop.bounded is not None:
                continue
            key = edge.target, edge.input
            self._open_extra(*key)
            if not self.graph.nodes[edge.target].collects and key not in self.ports:
                self.ports[key] = self.new(NO_DATA)

    def _number_inputs(self, node: AnyNode) -> None:
        incoming = self.graph.incoming[node.name]
        outside = [edge for edge in incoming if edge.source not in self.numbers]
        if outside:
            self._number_given(node, outside, others=len(outside) < len(incoming))
        fed = {edge.input for edge in incoming}
        for parameter in node.signature.inputs:
            if parameter.name not in fed and not (node.collects and incoming):
                self._number_open(node.name, parameter)
        if node.signature.takes_any_name:
            self.open[node.name, "**"] = self.new({})

    def _number_given(self, node: AnyNode, edges: list[Edge], *, others: bool) -> None:
        """Slots for what *edges* bring from outside the plan; *others* tells that some come from inside."""
        for edge in edges:
            source = self.graph.nodes[edge.source]
            slot = self.new(NO_DATA)
            wanted = Argument(edge.input, slot, source=edge.cycle or edge.source)
            if not edge.cycle:
                wanted = part_wanted(wanted, source, edge.output)
            # What an earlier run has of the source is its value alone.
            is_beside = edge.output in source.side_outputs or self.frame.is_emitted(edge)
            branch = edge.output if source.is_router or is_beside else ""
            self.given[edge] = Given(slot, self.numbers[node.name], wanted, branch)
            self.inputs.setdefault(edge.input, []).append(slot)
            if needs(node, edge.input):
                self.needs.append(((slot,), node.name, edge.input))
        if node.node_type is NodeType.ANY and not others:
            slots = tuple(self.given[edge].slot for edge in edges)
            self.needs.append((slots, node.name, edges[0].input))

    def _number_open(self, node: str, parameter: Parameter) -> None:
        # A slot of its own for each: a run may give a value to one node alone.
        slot = self.open[node, parameter.name] = self.new(
            NO_DATA if parameter.required else parameter.default
        )
        self.inputs.setdefault(parameter.name, []).append(slot)
        for name, own in self._names_of_run(node):
            if own == parameter.name:
                self.inputs.setdefault(name, []).append(slot)
        if parameter.required:
            self.needs.append(((slot,), node, parameter.name))

    def _names_of_run(self, node: str) -> Iterator[tuple[str, str]]:
        """Other names by which a run may give inputs of an iteration."""
        held = self.graph.nodes[node]
        if held.side_outputs:
            yield from held.other_names.items()

    def _number_branches(self, node: AnyNode) -> None:
        if node.is_router or node.side_outputs:
            labels = dict.fromkeys(edge.output for edge in self.graph.outgoing[node.name])
            back = [edge for edge in self.graph.cycles.of_node(node.name) if edge.source == node.name]
            labels.update(dict.fromkeys(edge.output for edge in back if edge.output))
            if node.side_outputs:
                labels = {label: None for label in labels if label in node.side_outputs}
            self.branches[self.numbers[node.name]] = {label: self.new(NO_DATA) for label in labels}

    def new(self, value: Any) -> int:
        """One more slot, with *value* in it when a run starts."""
        self.base.append(value)
        return len(self.base) - 1


def part_wanted(argument: Argument, source: AnyNode, output: str) -> Argument:
    """*argument* as the part of the value of *source* that an edge from its *output* takes."""
    if source.is_router or takes_whole(source, output) or output in source.side_outputs:
        return argument
    declared = source.declared_outputs
    return argument._replace(output=output, position=declared.index(output) if output in declared else -1)
