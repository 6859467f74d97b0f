"""The names of steps: dotted inside other nodes, with an index for an element of a map."""

from __future__ import annotations

from typing import Any

from fast_dag.errors import UnknownNodeError
from fast_dag.run.places import without_index


def check_step(workflow: Any, path: str) -> None:
    """Raise UnknownNodeError unless a run of *workflow* may have a step, or steps, of that name."""
    inside: Any = workflow
    for number, part in enumerate(path.split(".")):
        if inside is None:
            outer = ".".join(path.split(".")[:number])
            msg = f"no node {path!r} in {workflow.name!r}: {outer!r} is no workflow"
            raise UnknownNodeError(msg)
        name = without_index(part)
        node = inside.drawing.node(name)
        if name != part and node.settings.map is None:
            msg = f"no node {path!r} in {workflow.name!r}: {name!r} is no map node, its step has no index"
            raise UnknownNodeError(msg)
        inside = None if node.inside is None else node.inside.workflow
