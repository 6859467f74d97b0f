"""What a document holds of a bounded iteration, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from fast_dag.graph.cycle_data import FunctionNames, Functions, as_data, from_data
from fast_dag.graph.settings import NAMES
from fast_dag.iterate.settings import IterationSettings, settings_of
from fast_dag.workflow.document import mapping, place_of_errors, table
from fast_dag.workflow.iterated_function import IteratedFunction
from fast_dag.workflow.iteration_node import BoundedIterationNode
from fast_dag.workflow.runs import Runnable

Entry = dict[str, Any]

DEFAULTS = {field.name: field.default for field in fields(IterationSettings) if field.name != "name"}
PORTS = ("seed", "feedback", "output")
"""What the function form settles by itself."""


def iteration_entry(node: BoundedIterationNode, names: FunctionNames) -> Entry:
    """The settings of *node* that differ from the default.

    Raises:
        NotSerializableError: one that is no plain data.
    """
    fixed = PORTS if isinstance(node, IteratedFunction) else ()
    given = {name: getattr(node.bounds, name) for name in DEFAULTS if name not in fixed}
    return {name: as_data(value, name, names) for name, value in given.items() if value != DEFAULTS[name]}


def iteration_settings(name: str, value: Any, place: str, functions: Functions) -> Entry:
    """The settings in the table of the iteration *name*, all right, functions looked up."""
    entry = table(mapping(value, place), place, frozenset(), frozenset(DEFAULTS))
    found = {key: from_data(each, f"{place}.{key}", functions) for key, each in entry.items()}
    # A function that is not registered is told of with all others.
    with place_of_errors(place):
        settings_of(name, {key: each for key, each in found.items() if each is not None})
    return found


def iteration_of(body: Any, name: str, settings: Mapping[str, Any], options: Entry) -> BoundedIterationNode:
    """The iteration called *name* of *body*, a workflow or a function; *options* are those of any node."""
    described = {key: value for key, value in options.items() if key not in NAMES}
    given = {"max_rounds": None, **settings, **described}
    made: BoundedIterationNode
    if isinstance(body, Runnable):
        made = BoundedIterationNode(name, body, **given)
    else:
        made = IteratedFunction(body, name=name, **given)
    made.updated(**{key: value for key, value in options.items() if key in NAMES})
    return made
