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
    is_map: bool
    """Whether it is a node that is called for each element of an input."""


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
            found = Place(holder, cycle if is_near else "", self._control.is_map(path))
            self._found[path] = found
        return found
