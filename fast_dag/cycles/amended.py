"""The cycles of a workflow for one run: settings that override the declared ones, edges that are added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.built import Cycle
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.cycle_mapping import mapped_edges
from fast_dag.graph.graph import Graph
from fast_dag.run.brief import brief

Chosen = CycleConfig | Cycle | str | None
"""A cycle by its name, as it was built, or by settings."""


def amended(graph: Graph, chosen: Chosen, caps: Mapping[str, Any]) -> tuple[Graph, str]:
    """A copy of *graph* for one run, and the name of the cycle that is meant.

    Parameters:
        graph: of the workflow; it stays as it is.
        chosen: settings with or without a name, a cycle that was built, or a name.  Without a name the only
            cycle is meant.  Where *graph* has none, the ``parameter_mapping`` of the settings makes one.
        caps: limits that hold besides those of the cycle: the smaller one counts.

    Raises:
        CycleConfigurationError: no such cycle, several to choose from, or none and no mapping.
        MissingConnectionError: the mapping names a port that is not there.
    """
    copy = graph.sketch()
    given, name = _given(chosen)
    known = copy.cycles.names
    if not known:
        name = _made(copy, given, name)
    else:
        name = _known(graph.name, known, name)
        _override(copy, name, given)
    config = copy.cycles.config(name)
    limits = {field: _least(getattr(config, field), cap) for field, cap in caps.items() if cap is not None}
    copy.cycles.configs[name] = config.replace(**limits) if limits else config
    return copy, name


def _given(chosen: Chosen) -> tuple[CycleConfig, str | None]:
    """The settings to override others with, and the name."""
    if chosen is None or isinstance(chosen, str):
        return CycleConfig(), chosen
    if isinstance(chosen, Cycle):
        return CycleConfig(), chosen.name
    if isinstance(chosen, CycleConfig):
        return chosen, chosen.cycle_name
    msg = f"a cycle is chosen by a CycleConfig, a Cycle or a name, got {brief(chosen)}"
    raise CycleConfigurationError(msg)


def _known(workflow: str, known: Iterable[str], name: str | None) -> str:
    names = list(known)
    listed = ", ".join(map(repr, names))
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        msg = f"{workflow!r} has the cycles {listed}: name one, cycle_name=..."
        raise CycleConfigurationError(msg)
    if name not in names:
        msg = f"{workflow!r} has no cycle {name!r}; it has {listed}{suggestion(name, names)}"
        raise CycleConfigurationError(msg)
    return name


def _made(copy: Graph, given: CycleConfig, name: str | None) -> str:
    """Declare the cycle that the mapping of *given* stands for."""
    if not given.parameter_mapping:
        msg = (
            f"{copy.name!r} declares no cycle: draw one with feedback(...), or give parameter_mapping in the "
            "CycleConfig, such as {'previous_iteration.loss': 'current_iteration.loss'}"
        )
        raise CycleConfigurationError(msg)
    name = name or "cycle"
    copy.cycles.begin(name, copy.nodes)
    copy.cycles.end(name, given, mapped_edges(copy, name, given.parameter_mapping))
    return name


def _override(copy: Graph, name: str, given: CycleConfig) -> None:
    """Let the fields that are set in *given* win over those of the cycle *name*, and add its edges."""
    drawn = [edge for edge in copy.cycles.edges if edge.cycle == name]
    if given.parameter_mapping:
        for edge in mapped_edges(copy, name, given.parameter_mapping, drawn):
            copy.cycles.add(edge)
    copy.cycles.configs[name] = copy.cycles.config(name).merge(given)


def _least(own: float | None, cap: float) -> float:
    return cap if own is None else min(own, cap)
