"""Hooks around the execution of a node: which there are, in which order, how each wants to be called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from fast_dag.checks import unknown_options
from fast_dag.errors import ValidationError
from fast_dag.graph.signature import is_async_function

ARGUMENTS = {
    "pre_execute": ("node", "inputs", "context"),
    "post_execute": ("node", "inputs", "result", "context"),
    "on_error": ("node", "inputs", "error", "context"),
    "cleanup": ("node", "context"),
}
"""What each hook takes; the context may be left out."""


class Hook(NamedTuple):
    """A hook: its *function*, how many arguments it is given, and whether calling it gives a coroutine."""

    function: Callable[..., Any]
    arity: int
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class NodeHooks:
    """The hooks of one node, or those that all nodes have."""

    pre_execute: Hook | None = None
    post_execute: Hook | None = None
    on_error: Hook | None = None
    cleanup: Hook | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in ARGUMENTS)


NONE = NodeHooks()


@dataclass(slots=True)
class Hooks:
    """The hooks of a workflow: those of single nodes run inside those for all."""

    default: NodeHooks = NONE
    nodes: dict[str, NodeHooks] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.default is not NONE or bool(self.nodes)

    def copy(self) -> Hooks:
        """The same hooks, independent of these."""
        return Hooks(self.default, dict(self.nodes))

    def are_around(self, node: str) -> bool:
        """Whether *node* has any hook."""
        return self.default is not NONE or node in self.nodes

    def before(self, node: str, phase: str) -> list[Hook]:
        """The hooks of *node* for *phase*, outermost first."""
        own = self.nodes.get(node, NONE)
        return [hook for hook in (getattr(self.default, phase), getattr(own, phase)) if hook is not None]

    def after(self, node: str, phase: str) -> list[Hook]:
        """The hooks of *node* for *phase*, innermost first."""
        return self.before(node, phase)[::-1]


def changed_hooks(hooks: NodeHooks, changes: Mapping[str, Any], where: str) -> NodeHooks:
    """*hooks* with *changes*: functions by the name of their hook, None to remove one.

    Raises:
        UnknownOptionError: there is no hook of such a name.
        ValidationError: a hook that cannot be called as it would have to be.
    """
    names = [each.name for each in fields(NodeHooks)]
    unknown = [name for name in changes if name not in names]
    if unknown:
        raise unknown_options(unknown, names, where)
    made = {name: None if function is None else _hook(name, function) for name, function in changes.items()}
    return replace(hooks, **made) or NONE


def _hook(name: str, function: Callable[..., Any]) -> Hook:
    """*function* as a hook; the full form is preferred where both fit."""
    full = len(ARGUMENTS[name])
    for arity in (full, full - 1):
        if _takes(function, arity):
            return Hook(function, arity, is_async_function(function))
    *short, last = ARGUMENTS[name]
    msg = f"{name} must take ({', '.join(short)}[, {last}]), got {function!r}"
    raise ValidationError(msg)


def _takes(function: Callable[..., Any], arity: int) -> bool:
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*[None] * arity)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not say what it takes
        return True
    return True
