"""Where the nodes and cycles of a run stand: inside which node, and in which cycle."""

from __future__ import annotations

from typing import NamedTuple

from fast_dag.run.tools import Control


class Place(NamedTuple):
    """Where one node or cycle stands; paths name the nodes around it, joined by dots."""

    holder: str
    """The path of the node whose workflow it belongs to, '' for the outermost."""
    cycle: str
    """The path of the innermost cycle around it in that workflow, '' without one."""


class Places:
    """The places of a run, each looked up once.

    Parameters:
        control: of the run.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._found: dict[str, Place] = {}

    def of(self, path: str) -> Place:
        """The place of the node or cycle *path*."""
        found = self._found.get(path)
        if found is None:
            holder, cycle = path.rpartition(".")[0], self._control.cycle_of(path) or ""
            # A cycle further out is around the holder.
            is_near = cycle.rpartition(".")[0] == holder
            found = Place(holder, cycle if is_near else "")
            self._found[path] = found
        return found


class Told:
    """Where a recorder puts what it is told of.

    The elements of a map node cannot be told apart, and a workflow in it runs for several at once: so what
    happens there belongs to where the map node stands, and iterations in there are none.

    Parameters:
        control: of the run.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._found: dict[str, str] = {}

    def cycle_around(self, node: str) -> str | None:
        """The innermost cycle around a node whose iterations are told."""
        return self._control.cycle_of(self._outermost(node))

    def is_told(self, cycle: str) -> bool:
        """Whether a cycle is one whose iterations are told."""
        return self._outermost(cycle) == cycle

    def _outermost(self, path: str) -> str:
        """The outermost map node around *path*, else that itself."""
        found = self._found.get(path)
        if found is None:
            names = path.split(".")
            holders = (".".join(names[:depth]) for depth in range(1, len(names)))
            found = next((each for each in holders if self._control.is_map(each)), path)
            self._found[path] = found
        return found
