"""Where the states of a machine lead: which comes first, which end it, what chooses."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from fast_dag.errors import InvalidNodeError, ValidationError
from fast_dag.graph.check import compatible
from fast_dag.graph.node import Node
from fast_dag.graph.signature import is_async_function, unwrapped
from fast_dag.graph.ways_out import Outgoing, shown
from fast_dag.values import END, FSMReturn

ALWAYS = "default"
"""The condition of a transition that is taken whatever the result is."""


class Transition(NamedTuple):
    """From *source* to *target* under a *condition*; of a router to one of its *targets*.

    A router has no single target, and no targets either if they are not declared.
    """

    source: str
    target: str | None
    condition: str = ALWAYS
    targets: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Router:
    """A function that chooses what comes after a state.

    Parameters:
        function: called with the result of the state, and with the context if it takes that.
        targets: what it may answer, None if that is not declared.
    """

    function: Callable[..., Any]
    targets: tuple[str, ...] | None
    takes_context: bool
    is_async: bool

    @property
    def name(self) -> str:
        """The name of its function."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))


class Machine:
    """Transitions by the names of their states, in the order in which they were declared.

    Whether there are such states is checked with the rest of a definition.
    """

    def __init__(self, initial: Iterable[str] = (), terminal: Iterable[str] = ()) -> None:
        self.initial: dict[str, None] = dict.fromkeys(initial)
        self.terminal: dict[str, None] = dict.fromkeys(terminal)
        self.always: dict[str, dict[str, None]] = {}
        """By state what follows whatever its result is: one state, or the definition is wrong."""
        self.named: dict[str, dict[str, str]] = {}
        """By state what it or its router may answer, each with its condition."""
        self.routers: dict[str, Router] = {}

    def begin_with(self, state: str) -> None:
        """Make *state* the one initial state."""
        self.initial = {state: None}

    def end_with(self, state: str) -> None:
        """Make *state* a terminal state."""
        self.terminal[state] = None

    def add(self, source: str, target: str, condition: str = ALWAYS) -> None:
        """Declare a transition."""
        if condition == ALWAYS:
            self.always.setdefault(source, {})[target] = None
        else:
            self.named.setdefault(source, {}).setdefault(target, condition)

    def add_all(self, source: str, targets: Iterable[str]) -> None:
        """Declare what *source* may answer; a single target always follows."""
        names = list(dict.fromkeys(targets))
        if len(names) == 1:
            self.add(source, names[0])
            return
        # Not by `add`: a state may be called as what stands for no condition.
        for target in names:
            self.named.setdefault(source, {}).setdefault(target, target)

    def route(self, source: str, function: Callable[..., Any], targets: Iterable[str] | None) -> None:
        """Have *function* choose what follows *source*.

        Raises:
            InvalidNodeError: it cannot be called with a result.
            ValidationError: its annotation names other targets, or *source* has a router.
        """
        if source in self.routers:
            msg = f"{source!r} has a router already, {self.routers[source].name!r}: remove one of the two"
            raise ValidationError(msg)
        given = None if targets is None else tuple(dict.fromkeys(targets))
        literal = literal_targets(function)
        if given is not None and literal is not None and set(given) != set(literal):
            msg = (
                f"the router of {source!r} is declared with targets {listed(given)}, but annotated with "
                f"{listed(literal)}: leave out one of the two"
            )
            raise ValidationError(msg)
        self.routers[source] = Router(
            function,
            literal if given is None else given,
            _takes_context(function, source),
            is_async_function(function),
        )

    def forget(self, state: str) -> None:
        """Drop what was said of *state*, and the transitions that lead to it."""
        every: tuple[dict[str, Any], ...] = (
            self.initial,
            self.terminal,
            self.always,
            self.named,
            self.routers,
        )
        for known in every:
            known.pop(state, None)
        for always in self.always.values():
            always.pop(state, None)
        for named in self.named.values():
            named.pop(state, None)

    def without(self, left_out: Collection[str]) -> Machine:
        """A copy that does not tell of the states *left_out*."""
        copy = Machine(_but(self.initial, left_out), _but(self.terminal, left_out))
        for mine, its in ((self.always, copy.always), (self.named, copy.named)):
            its.update((name, _but(targets, left_out)) for name, targets in _but(mine, left_out).items())
        copy.routers = _but(self.routers, left_out)
        return copy

    def transitions(self, nodes: Mapping[str, Node[..., Any]]) -> list[Transition]:
        """Every transition, state by state; those that annotations of states declare included."""
        found = []
        for name in dict.fromkeys([*nodes, *self.always, *self.named, *self.routers]):
            found += [Transition(name, target) for target in self.always.get(name, ())]
            found += [Transition(name, *each) for each in self.named.get(name, {}).items()]
            if name in nodes:
                found += [Transition(name, target, target) for target in state_targets(nodes[name]) or ()]
            if name in self.routers:
                router = self.routers[name]
                found.append(Transition(name, None, router.name, router.targets))
        return found

    def names(self, nodes: Mapping[str, Node[..., Any]]) -> set[str]:
        """Every name that a state is meant by, in annotations of states too."""
        targets: set[str] = set().union(*self.always.values(), *self.named.values())
        targets.update(*(router.targets or () for router in self.routers.values()))
        targets.update(*filter(None, map(state_targets, nodes.values())))
        targets.discard(END)
        return targets.union(self.initial, self.terminal, self.always, self.named, self.routers)

    def declared(self, node: Node[..., Any]) -> tuple[str, ...] | None:
        """What may follow *node* by its transitions and its annotation, None if nothing is declared."""
        always, named = self.always.get(node.name, ()), self.named.get(node.name, ())
        targets = state_targets(node)
        if not named and targets is None:
            return tuple(always) or None
        return tuple(dict.fromkeys([*always, *named, *(targets or ())])) or None

    def answers(self, name: str) -> tuple[str, ...] | None:
        """What the router of state *name* may answer, None if nothing is declared."""
        named, targets = self.named.get(name, {}), self.routers[name].targets or ()
        return tuple(dict.fromkeys([*targets, *named])) or None

    def outgoing(self, node: Node[..., Any]) -> Outgoing:
        """Where a run may go from *node*, as the rules about ways out take it."""
        name, always = node.name, tuple(self.always.get(node.name, ()))
        if name in self.terminal:
            return Outgoing(plain=(END,))
        if name in self.routers:
            return Outgoing(always, self.answers(name), is_router=True)
        declared = self.declared(node)
        if declared is None:
            is_open = may_choose(node)
            return Outgoing(() if is_open else (END,), None, is_router=is_open)
        # With several targets what the state returns decides, a plain transition among them included.
        is_plain = declared == always or set(declared) == set(always)
        return Outgoing(always) if is_plain else Outgoing((), declared, is_router=True)


def literal_targets(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """The strings that the return annotation of *function* lists, None if it lists none."""
    annotation = _returns(function)
    if typing.get_origin(annotation) is not typing.Literal:
        return None
    names = typing.get_args(annotation)
    return tuple(dict.fromkeys(names)) if all(isinstance(name, str) for name in names) else None


def state_targets(node: Node[..., Any]) -> tuple[str, ...] | None:
    """As `literal_targets`, of the function of *node*."""
    # Most say nothing, or name a class: nothing to evaluate, which is what takes time in large machines.
    return None if isinstance(node.signature.returns, type) else literal_targets(node.func)


def may_choose(node: Node[..., Any]) -> bool:
    """Whether what *node* returns may be an FSMReturn, as far as its annotation tells."""
    written = node.signature.returns
    returns = written if isinstance(written, type) else _returns(node.func)
    return node.inside is None and bool(compatible(FSMReturn, returns))


def listed(targets: Iterable[str]) -> str:
    """*targets* as a message lists them."""
    return ", ".join(map(shown, targets))


def _returns(function: Callable[..., Any]) -> Any:
    try:
        return typing.get_type_hints(unwrapped(function)).get("return", inspect.Parameter.empty)
    except (InvalidNodeError, NameError, TypeError, AttributeError, SyntaxError):
        return inspect.Parameter.empty


def _takes_context(function: Callable[..., Any], source: str) -> bool:
    """Whether *function* wants the context too; a second parameter with a default is the user's own."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # a builtin that does not say what it takes
        return False
    except TypeError:
        raise _unfit(function, source) from None
    if "context" not in list(signature.parameters)[1:] and _fits(signature, 1):
        return False
    if _fits(signature, 2):
        return True
    raise _unfit(function, source)


def _fits(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _unfit(function: Callable[..., Any], source: str) -> InvalidNodeError:
    return InvalidNodeError(f"the router of {source!r} must take (result[, context]), got {function!r}")


def _but(found: Mapping[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    return {name: each for name, each in found.items() if name not in left_out}
