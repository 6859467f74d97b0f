"""The tools of a cycle: given with a call, or made for every run of its workflow."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fast_dag.checks import suggestion
from fast_dag.errors import CycleConfigurationError, ValidationError

if TYPE_CHECKING:
    from fast_dag.plan.plan import Plan

GIVEN = ("monitor", "debugger", "profiler", "safety_manager")
"""Keywords of a call that are tools."""
KINDS: Mapping[str, tuple[str, str]] = {
    "monitor": ("fast_dag.observe.monitor", "CycleMonitor"),
    "resources": ("fast_dag.observe.monitor", "CycleMonitor"),
    "debugger": ("fast_dag.observe.debugger", "CycleDebugger"),
    "profiler": ("fast_dag.observe.profiler", "CycleProfiler"),
}
"""What a cycle may have made for each run: module and class."""


def with_tools(options: Mapping[str, Any]) -> dict[str, Any]:
    """The *options* of a call, its tools among the observers, each once.

    Raises:
        ValidationError: one of them is no tool.
    """
    made = {name: value for name, value in options.items() if name not in GIVEN}
    tools = {name: options[name] for name in GIVEN if options.get(name) is not None}
    for name, tool in tools.items():
        check_tool(name, tool)
    return watched_by(made, tools.values())


def check_tool(name: str, tool: Any) -> Any:
    """*tool*, given as *name*; ValidationError if it is none."""
    if not hasattr(tool, "watching") or isinstance(tool, type):
        msg = f"{name} must be a tool that watches runs, got {tool!r}"
        raise ValidationError(msg)
    return tool


def watched_by(options: Mapping[str, Any], tools: Iterable[Any]) -> dict[str, Any]:
    """*options*, with *tools* among the observers, each once."""
    observers = options.get("observers", ())
    # What is no list of observers is told of where all options are checked.
    if not isinstance(observers, Iterable):
        return dict(options)
    given = list(observers)
    known = {id(each) for each in given}
    found = [*given, *(tool for tool in tools if id(tool) not in known)]
    return {**options, "observers": found} if found else dict(options)


def tools_of(plan: Plan, inner: Iterable[Plan] = ()) -> list[Any]:
    """New tools for one run: those that the cycles of its *plan* ask for.

    Raises:
        CycleConfigurationError: a cycle of one of the plans *inner* to it asks for one.
    """
    for each in inner:
        for cycle in each.cycles:
            if cycle.config.tools:
                wanted = f"cycle {cycle.name!r} of {each.name!r} asks for a {next(iter(cycle.config.tools))}"
                remedy = "give the tool to the run, observers=[...], and leave it out there"
                msg = f"{wanted}, which it has in runs of {each.name!r} alone, not inside a node: {remedy}"
                raise CycleConfigurationError(msg)
    return [
        tool_made(kind, cycle.name, settings)
        for cycle in plan.cycles
        for kind, settings in cycle.config.tools.items()
    ]


def tool_made(kind: str, cycle: str, settings: Mapping[str, Any]) -> Any:
    """A tool of a *kind* for one run that is about one *cycle*: it has its name as `only`.

    Raises:
        CycleConfigurationError: there is no such kind.
        Whatever the tool says of its settings.
    """
    if kind not in KINDS:
        known = ", ".join(KINDS) or "none"
        msg = f"cycle {cycle!r}: there is no tool {kind!r}{suggestion(kind, KINDS)}; known are {known}"
        raise CycleConfigurationError(msg)
    made = new_tool(kind, **{"cycle_id": cycle, **settings})
    made.only = cycle
    return made


def new_tool(kind: str, **settings: Any) -> Any:
    """A tool of a kind that there is."""
    module, name = KINDS[kind]
    return getattr(importlib.import_module(module), name)(**settings)


def with_enabled(options: Mapping[str, Any], kinds: Iterable[str]) -> dict[str, Any]:
    """The *options* of a call, and a new tool of each of these *kinds* that it does not bring."""
    return {**options, **{kind: new_tool(kind) for kind in kinds if options.get(kind) is None}}
