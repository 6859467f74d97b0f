"""The plan of a bounded iteration: ports that are filled anew each round, or are not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.graph.binding import needs
from fast_dag.graph.loops import Cycle as Loop
from fast_dag.graph.node import Node
from fast_dag.plan.plan import Argument, Cycle, Emitted, Feedback, Link, Port, Rounds
from fast_dag.values import NO_DATA, NodeType

if TYPE_CHECKING:
    from fast_dag.plan.slots import Slots


class BoundedPorts:
    """The ports of one bounded iteration among the slots of its plan.

    Parameters:
        slots: of the plan; what the ports need is taken from them.
        loop: the iteration, all of a graph.
    """

    def __init__(self, slots: Slots, loop: Loop) -> None:
        self._slots, self._loop = slots, loop
        self._before, self._list = slots.new(NO_DATA), slots.new(NO_DATA)
        ports: Any = loop.bounded and loop.bounded.ports
        self._lower: dict[tuple[str, str], Argument] = {}
        self._seeds = set(ports.seeds)
        self.slots: dict[tuple[str, str], int] = {}
        """What each input finds: the seed, what was fed back, or nothing."""
        for key in dict.fromkeys([*ports.seeds, *ports.feedback]):
            self._lower[key] = Argument(key[1], self._outside(key))
            self.slots[key] = slots.new(NO_DATA)
            if key in slots.ports:
                # A cycle inside begins with it.
                slots.open[key] = self.slots[key]
            else:
                slots.ports[key] = self.slots[key]

    def _outside(self, key: tuple[str, str]) -> int:
        """The slot that a run fills with the seed; one that stays empty for what only feedback fills."""
        slots, (node, name) = self._slots, key
        slot = slots.open[key]
        if key in self._seeds:
            return slot
        slots.needs = [need for need in slots.needs if need[1:] != (node, name)]
        slots.inputs[name] = [each for each in slots.inputs[name] if each != slot]
        if not slots.inputs[name]:
            del slots.inputs[name]
        return slots.new(NO_DATA)

    def ports(self) -> tuple[Port, ...]:
        """What fills each of them."""
        fed = {(edge.target, edge.input): self._slots.carried[edge] for edge in self._loop.edges}
        return tuple(
            Port(slot, (fed[key],) if key in fed else (), self._lower[key], once=key in self._seeds)
            for key, slot in self.slots.items()
        )

    @property
    def gathering(self) -> Iterator[str]:
        """The nodes whose results are made lists of items."""
        bounded = self._loop.bounded
        if bounded is not None and bounded.is_stream:
            yield bounded.ports.output[0]
            if bounded.ports.signal is not None:
                yield bounded.ports.signal[0]

    def default(self, node: Node[..., Any], default: Any) -> Any:
        """What an input of *node* has where its port brings nothing and the node runs all the same."""
        ports = [key for key in self.slots if key[0] == node.name]
        has_others = self._slots.graph.incoming[node.name] or len(ports) > 1
        if node.node_type is NodeType.ANY:
            return None if default is NO_DATA else default
        return default if has_others else NO_DATA

    def links(self) -> Iterator[Link]:
        """From the enter to each node that has ports."""
        frame, graph = self._slots.frame, self._slots.graph
        enter = frame.enters[self._loop.name]
        for (node, name), slot in self.slots.items():
            yield Link(enter, frame.entry_of(node, self._loop.name), slot, needs(graph.nodes[node], name))

    def rounds(self, feedback: Feedback) -> Rounds:
        """What the iteration has besides a cycle."""
        bounded: Any = self._loop.bounded
        signal = bounded.ports.signal
        return Rounds(
            feedback.value,
            None if signal is None else self._slots.value_of(*signal),
            self._before,
            bounded.stop_on_empty,
            bounded.history,
            bounded.is_stream,
            bounded.releases,
            bounded.max_buffer,
        )

    def emits(self, feedback: Feedback) -> tuple[Emitted, ...]:
        """The list of what each round gave, if that is wanted."""
        emit = self._loop.bounded.emit if self._loop.bounded is not None else "last"
        if emit == "last":
            return ()
        return (Emitted(feedback.value, self._list, emit, is_branch=False),)


def fires_each_round(cycle: Cycle, links: Sequence[Link]) -> bool:
    """Whether every node with a port has something there in each round that is fed.

    Parameters:
        cycle: a bounded iteration.
        links: from its enter.
    """
    ports = {port.slot: port for port in cycle.ports}
    found: dict[int, list[tuple[Port, bool]]] = {}
    for link in links:
        if link.slot in ports:
            found.setdefault(link.target, []).append((ports[link.slot], link.required))
    return all(
        any(port.once for port, _ in each)
        and any(port.fed for port, _ in each)
        and all((port.once and port.fed) or not required for port, required in each)
        for each in found.values()
    )
