"""The names of steps: dotted inside other nodes, with an index for an element of a map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fast_dag.errors import UnknownNodeError, ValidationError
from fast_dag.run.brief import brief
from fast_dag.run.places import without_index


def steps_named(workflow: Any, nodes: Iterable[Any], option: str) -> list[str]:
    """The names of *nodes*, given by name or as they are; a run of *workflow* may have such steps.

    Raises:
        ValidationError: what was given as *option* is no list.
        UnknownNodeError: there is no such step.
    """
    if isinstance(nodes, str) or not isinstance(nodes, Iterable):
        near = f": write {option}=[{brief(nodes)}]" if isinstance(nodes, str) else ""
        msg = f"{option} must be a list of names, got {brief(nodes)}{near}"
        raise ValidationError(msg, workflow.name)
    names = [each if isinstance(each, str) else workflow.drawing.node(each).name for each in nodes]
    for name in names:
        check_step(workflow, name)
    return names


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
