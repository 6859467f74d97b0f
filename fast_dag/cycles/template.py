"""A template of a cycle: settings, roles that nodes take, and what it adds for the nodes that take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.builder import Buildable, CycleBuilder
from fast_dag.cycles.built import Cycle
from fast_dag.cycles.courses import Plain
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.graph import AnyNode, Graph
from fast_dag.graph.loops import cycles_of
from fast_dag.graph.order import topological_order
from fast_dag.run.brief import brief


@dataclass(frozen=True)
class CycleTemplate:
    """A cycle without its nodes; `workflow.add_cycle(template)` makes one of it."""

    kind: str
    """Its name, which the cycle gets if no other is given."""
    config: CycleConfig
    roles: tuple[str, ...]
    """What its nodes are to be called; the first one is gone back to."""
    optional_roles: tuple[str, ...] = ()
    """Roles behind these that may stay empty."""
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Values for the inputs of a role, where its node has an input of that name."""
    needed: tuple[tuple[str, str], ...] = ()
    """Role and name of each input that its node must have."""
    metric: str | None = None
    """What the last role puts out, whether that says so or not."""
    policy: Callable[[Mapping[str, str]], Plain] | None = None
    """Makes what it adds, for the names of the nodes by role."""

    @property
    def every_role(self) -> tuple[str, ...]:
        """All roles, the optional ones last."""
        return (*self.roles, *self.optional_roles)


def add_cycle(
    workflow: Buildable,
    template: CycleTemplate,
    nodes: Sequence[str | AnyNode] = (),
    *,
    by_role: Mapping[str, str | AnyNode] | None = None,
    feedback: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Cycle:
    """Make a cycle of *template* in *workflow*; for parameters and errors see `Cyclic.add_cycle`."""
    if not isinstance(template, CycleTemplate):
        msg = f"add_cycle needs a template, such as CycleTemplates.retry_cycle(), got {brief(template)}"
        raise CycleConfigurationError(msg)
    workflow.resolve()
    graph = workflow.drawing
    bound = _bound(graph, template, nodes, by_role or {})
    course = None if template.policy is None else template.policy(bound)
    values = dict(_initial(graph, template, bound))
    config = template.config.replace(initial_parameters=values) if values else template.config
    cycle_name = _free_name(graph, name or template.kind)
    first, last = bound[template.roles[0]], list(bound.values())[-1]
    if feedback is None:
        feedback = _same_named(graph, template, first, last, course)
    with CycleBuilder(workflow, cycle_name, config) as builder:
        for output, entry in feedback.items():
            builder.feedback(last, first, output=output, input=entry)
        if not feedback:
            builder.feedback(last, first, signal=True)
        built = builder.build()
    if course is not None:
        graph.cycles.courses[cycle_name] = course
        graph.touch()
    return built


def _bound(
    graph: Graph,
    template: CycleTemplate,
    nodes: Sequence[str | AnyNode],
    by_role: Mapping[str, str | AnyNode],
) -> dict[str, str]:
    """The name of the node in each role that is taken, in the order of the roles."""
    roles = template.every_role
    strange = [role for role in by_role if role not in roles]
    if strange or len(nodes) > len(roles):
        near = suggestion(strange[0], roles) if strange else ""
        what = f"has no role {strange[0]!r}" if strange else f"takes no {len(nodes)} nodes"
        raise _wrong(template, f"{what}{near}")
    given = {**dict(zip(roles, nodes, strict=False)), **by_role}
    found = {role: graph.node(node).name for role, node in given.items()}
    if not given:
        found = _by_name(graph, template) or _by_order(graph, template)
    missing = [role for role in template.roles if role not in found]
    if missing:
        raise _wrong(template, f"finds no node for {', '.join(map(repr, missing))}; {graph.listed}")
    return {role: found[role] for role in roles if role in found}


def _by_name(graph: Graph, template: CycleTemplate) -> dict[str, str]:
    found = {role: role for role in template.every_role if role in graph.nodes}
    return found if all(role in found for role in template.roles) else {}


def _by_order(graph: Graph, template: CycleTemplate) -> dict[str, str]:
    """The nodes outside of cycles in topological order, if there are as many as roles."""
    inside = {name for cycle in cycles_of(graph)[0] for name in cycle.nodes}
    after = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    free = [name for name in topological_order(list(graph.nodes), after) if name not in inside]
    fits = len(template.roles) <= len(free) <= len(template.every_role)
    return dict(zip(template.every_role, free, strict=False)) if fits else {}


def _initial(graph: Graph, template: CycleTemplate, bound: Mapping[str, str]) -> list[tuple[str, Any]]:
    """The values of the template for inputs that no edge feeds."""
    for role, name in template.needed:
        if not _declares(graph, bound[role], name):
            msg = f"gives {name!r} to {bound[role]!r}, which has no such input"
            raise _wrong(template, msg)
    return [
        (f"{bound[role]}.{name}", value)
        for role, values in template.given.items()
        for name, value in values.items()
        if role in bound and _declares(graph, bound[role], name) and not _is_fed(graph, bound[role], name)
    ]


def _declares(graph: Graph, node: str, name: str) -> bool:
    signature = graph.nodes[node].signature
    return signature.takes_any_name or name in graph.nodes[node].inputs


def _is_fed(graph: Graph, node: str, name: str) -> bool:
    return any(edge.input == name for edge in graph.incoming[node])


def _same_named(
    graph: Graph, template: CycleTemplate, first: str, last: str, course: Plain | None
) -> dict[str, str]:
    """The outputs of the last role that the first one has inputs for, which nothing else fills."""
    outputs = list(graph.nodes[last].declared_outputs)
    if template.metric is not None and not outputs:
        outputs = [template.metric]
    supplied = () if course is None else course.ports
    inputs = [
        name
        for name in graph.nodes[first].inputs
        if f"{first}.{name}" not in supplied
        and not any(edge.input == name and edge.source == last for edge in graph.incoming[first])
    ]
    return {name: name for name in outputs if name in inputs}


def _free_name(graph: Graph, wanted: str) -> str:
    name, number = wanted, 1
    while name in graph.nodes or graph.cycles.knows(name):
        number += 1
        name = f"{wanted}_{number}"
    return name


def _wrong(template: CycleTemplate, what: str) -> CycleConfigurationError:
    required = ", ".join(template.roles)
    optional = "".join(f", [{role}]" for role in template.optional_roles)
    remedy = "name the nodes, add_cycle(template, nodes={role: node})"
    return CycleConfigurationError(
        f"template {template.kind!r} {what}; its roles are {required}{optional}: {remedy}"
    )
