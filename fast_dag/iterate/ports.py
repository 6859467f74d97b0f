"""Where the ports of a bounded iteration lie in its inner graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fast_dag.graph.binding import chosen_output, whole_output
from fast_dag.graph.bounded import Ports
from fast_dag.graph.graph import Graph
from fast_dag.iterate.settings import IterationSettings

SIGNAL = "converged"
"""The node inside that asks to stop where none is mapped."""


class InnerPorts:
    """The ports of one iteration, looked up by the names its settings give.

    Parameters:
        graph: the inner one.
        settings: of the iteration.
    """

    def __init__(self, graph: Graph, settings: IterationSettings) -> None:
        self._graph, self._settings = graph, settings
        self.open: dict[str, list[tuple[str, str]]] = {}
        """The inputs that no edge inside feeds, by name."""
        for name, node in graph.nodes.items():
            fed = {edge.input for edge in graph.incoming[name]}
            for entry in () if node.collects and fed else node.inputs:
                if entry not in fed:
                    self.open.setdefault(entry, []).append((name, entry))

    @property
    def held(self) -> list[str]:
        """The inputs that have the same value in every round."""
        return [name for name in self.open if name not in (self._settings.seed, self._settings.feedback)]

    @property
    def ports(self) -> Ports:
        """Where they lie; nothing is wrong with them."""
        settings = self._settings
        return Ports(
            tuple(self.open[settings.seed]),
            tuple(self.open[settings.feedback]),
            self._output(settings.output),
            self._signal,
        )

    @property
    def has_signal(self) -> bool:
        """Whether the body may ask to stop."""
        return self._signal is not None

    def problems(self) -> Iterator[str]:
        """What of them is not there."""
        settings = self._settings
        for port, name in dict.fromkeys((("seed", settings.seed), ("feedback", settings.feedback))):
            if name not in self.open:
                yield self._no_input(port, name)
        if self._output(settings.output) == ("", ""):
            yield self._no_output("output", settings.output)
        if settings.converged is not None and self._signal is None:
            yield self._no_output("converged", settings.converged)

    @property
    def _signal(self) -> tuple[str, str] | None:
        name = self._settings.converged
        if name is None:
            name = SIGNAL if SIGNAL in self._graph.nodes else ""
        found = self._output(name)
        return None if found == ("", "") else found

    def _output(self, path: str) -> tuple[str, str]:
        """The node and output that *path* means; of a node alone its whole value."""
        name, _, output = path.partition(".")
        node = self._graph.nodes.get(name)
        if node is None:
            return "", ""
        if output and node.is_router:
            return name, output if output in node.outputs else ""
        if output and node.declared_outputs and output not in node.declared_outputs:
            return "", ""
        return name, chosen_output(node, output) if output else whole_output(node)

    def _no_input(self, port: str, name: str) -> str:
        settings, known = self._settings, list(self.open)
        named = "" if name == port else f" (mapped to {name!r})"
        text = f"inner graph {self._graph.name!r} has no {port!r} input{named} (inputs: {_listed(known)})"
        return self._with_hint(text, port, [each for each in known if each != settings.seed] or known)

    def _no_output(self, port: str, name: str) -> str:
        named = "" if name == port else f" (mapped to {name!r})"
        nodes = list(self._graph.nodes)
        text = f"inner graph {self._graph.name!r} has no {port!r} output{named} (nodes: {_listed(nodes)})"
        return self._with_hint(text, port, nodes[-1:])

    def _with_hint(self, text: str, port: str, candidates: Sequence[str]) -> str:
        hint = f'\n    hint: map it with {port}="{candidates[0]}"' if candidates else ""
        return f"iteration {self._settings.name!r}: {text}{hint}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
