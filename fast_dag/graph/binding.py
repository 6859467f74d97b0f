"""Which output an edge takes and which input it feeds, when nobody says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.errors import MissingConnectionError
from fast_dag.graph.edge import RESULT_OR_WHOLE, WHOLE, Edge, Facts
from fast_dag.graph.node import CONDITION_BRANCHES, JOINS, Node
from fast_dag.values import NodeType

AnyNode = Node[..., Any]


class Wish:
    """An edge somebody asks for; output and input may be left open."""

    __slots__ = ("input", "optional", "output", "source", "target")

    def __init__(
        self,
        source: AnyNode,
        output: str | None,
        target: AnyNode,
        entry: str | None,
        *,
        optional: bool = False,
    ) -> None:
        self.source, self.output, self.target, self.input = source, output, target, entry
        self.optional = optional

    @property
    def name(self) -> str:
        """What its source is called: the node, or the cycle whose facts it takes."""
        return self.output.cycle if isinstance(self.output, Facts) else self.source.name


def whole_output(node: AnyNode) -> str:
    """The name under which an edge carries the whole value of *node*."""
    return "*" if WHOLE in node.declared_outputs else WHOLE


def takes_whole(node: AnyNode, output: str) -> bool:
    """Whether an edge from *output* of *node* carries the whole value."""
    return not node.is_router and output == whole_output(node)


def needs(target: AnyNode, entry: str) -> bool:
    """Whether *target* is skipped when the edge into its input *entry* is dead."""
    if target.node_type in JOINS:
        return target.node_type is NodeType.ALL
    return any(parameter.name == entry and parameter.required for parameter in target.signature.inputs)


def bind(wishes: Sequence[Wish], fed: dict[str, set[str]]) -> list[Edge]:
    """One edge for each wish: inputs named like a source first, the rest in order.

    *fed* tells which inputs of each target are taken; it is kept up to date.

    Raises:
        MissingConnectionError: no such port, or no input is free.
    """
    outputs = [chosen_output(wish.source, wish.output) for wish in wishes]
    inputs = [_named_input(wish, fed) for wish in wishes]
    for index, wish in enumerate(wishes):
        if inputs[index] is None:
            inputs[index] = _free_input(wish, fed, wishes, inputs)
    return [
        Edge(wish.source.name, output, wish.target.name, str(entry))
        for wish, output, entry in zip(wishes, outputs, inputs, strict=True)
    ]


def chosen_output(node: AnyNode, output: str | None) -> str:
    """The output an edge from *node* takes: the given one if there is such, else the whole value."""
    if isinstance(output, Facts):
        return output
    if node.is_router:
        return _branch(node, output)
    if output is None or output == node.whole_output:
        return whole_output(node)
    if node.declared_outputs and output not in node.declared_outputs:
        known = ", ".join(node.declared_outputs)
        near = suggestion(output, node.declared_outputs)
        msg = f"{node.name!r} has no output {output!r}; it has {known}{near}"
        raise MissingConnectionError(msg)
    return output


def chosen_input(node: AnyNode, entry: str) -> str:
    """The input *entry* of *node*, by its own name; MissingConnectionError if it has none of that name."""
    entry = node.other_names.get(entry, entry)
    if not node.collects and entry not in node.refused_inputs:
        _check_input(node, entry)
    return entry


def feedback_input(source: AnyNode, output: str, target: AnyNode, taken: Collection[str]) -> str | None:
    """The input of *target* that a feedback edge feeds by a name; None if none of its name is free."""
    if target.collects:
        return source.name
    names = (source.name,) if takes_whole(source, output) else (source.name, output)
    return next((name for name in names if name in target.inputs and name not in taken), None)


def only_input(source: AnyNode, target: AnyNode, taken: Collection[str]) -> str:
    """The one input of *target* that a feedback edge can feed; required ones first.

    Raises:
        MissingConnectionError: there is none, or several.
    """
    free = [parameter for parameter in target.signature.inputs if parameter.name not in taken]
    required = [parameter.name for parameter in free if parameter.required]
    candidates = required or [parameter.name for parameter in free]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates and target.signature.takes_any_name and source.name not in taken:
        return source.name
    found = f"may feed {', '.join(candidates)}" if candidates else "finds no free input"
    msg = f"the feedback edge {source.name}->{target.name} {found} of {target.name!r}: say input="
    raise MissingConnectionError(msg)


def _branch(node: AnyNode, output: str | None) -> str:
    if output is None:
        msg = (
            f"{node.name!r} chooses a branch: say on_true, on_false or branches['x'] instead of a plain edge"
        )
        raise MissingConnectionError(msg)
    label = output.removeprefix("on_") if node.node_type is NodeType.CONDITIONAL else output
    known = CONDITION_BRANCHES if node.node_type is NodeType.CONDITIONAL else node.declared_outputs
    if known and label not in known and (label != "default" or node.node_type is NodeType.CONDITIONAL):
        msg = f"{node.name!r} has no branch {output!r}; it has {', '.join(known)}{suggestion(label, known)}"
        raise MissingConnectionError(msg)
    return label


def _named_input(wish: Wish, fed: dict[str, set[str]]) -> str | None:
    """The input the wish names, or that is named like its source or output and still free."""
    target = wish.target
    if target.collects:
        return wish.name if wish.input is None else wish.input
    taken = fed.setdefault(target.name, set())
    if wish.input is not None:
        given = chosen_input(target, wish.input)
        taken.add(given)
        return given
    output = wish.output.input if isinstance(wish.output, Facts) else wish.output
    for name in (wish.name, WHOLE if output == RESULT_OR_WHOLE else output):
        if name in target.inputs and name not in taken:
            taken.add(name)
            return name
    return None


def _check_input(target: AnyNode, name: str) -> None:
    if name in target.inputs or target.signature.takes_any_name:
        return
    injected = any(parameter.name == name for parameter in target.signature.parameters)
    reason = "is filled by the run itself" if injected else f"is no input{suggestion(name, target.inputs)}"
    msg = f"{name!r} of {target.name!r} {reason}; inputs: {', '.join(target.inputs) or 'none'}"
    raise MissingConnectionError(msg)


def _free_input(
    wish: Wish, fed: dict[str, set[str]], wishes: Sequence[Wish], inputs: Sequence[str | None]
) -> str:
    taken = fed[wish.target.name]
    ordered = sorted(wish.target.signature.inputs, key=lambda parameter: not parameter.required)
    for parameter in ordered:
        if parameter.name not in taken:
            taken.add(parameter.name)
            return parameter.name
    if wish.target.signature.takes_any_name and wish.name not in taken:
        taken.add(wish.name)
        return wish.name
    raise MissingConnectionError(_nothing_free(wish, wishes, inputs))


def _nothing_free(wish: Wish, wishes: Sequence[Wish], inputs: Sequence[str | None]) -> str:
    name = wish.target.name
    sources = sum(other.target.name == name for other in wishes)
    if sources > 1:
        given = _count(
            entry for other, entry in zip(wishes, inputs, strict=True) if other.target.name == name
        )
        return f"cannot connect {sources} sources to {name!r} with {given} free inputs"
    takes = ", ".join(wish.target.inputs) or "nothing"
    return f"{name!r} has no free input for {wish.name!r} (it takes {takes}): disconnect one first"


def _count(entries: Iterable[str | None]) -> int:
    return sum(entry is not None for entry in entries)
