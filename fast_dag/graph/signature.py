"""A function's parameters and return type, as the input and output ports of a node."""

from __future__ import annotations

import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fast_dag.errors import InvalidNodeError

CONTEXT = "Context"
"""What a run fills most parameters with that it fills itself."""
DELTA = "Delta"
"""What it fills an input with of which a cycle feeds back only what is new."""
INJECTABLE_NAMES = {
    CONTEXT: CONTEXT,
    "FSMContext": CONTEXT,
    "CycleContext": "CycleContext",
    "CycleState": "CycleState",
    DELTA: DELTA,
}
"""What a parameter is filled with whose annotation is quoted, and not to be found."""
WRAPPED_NAMES = ("func", "fn", "f", "function", "wrapped")
CHOICES = (typing.Union, types.UnionType, typing.Annotated)
EMPTY = inspect.Parameter.empty
BESIDE_NONE = re.compile(r"^\s*None\s*\||\|\s*None\s*$")
"""None as the first or last alternative of a quoted annotation."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a node's function.

    `name` is what the node calls it, `own_name` what the function calls it; `injected` tells that
    the run fills it itself: with its context, or what else `injects` names.  A delta is an input.
    """

    name: str
    required: bool = True
    default: Any = EMPTY
    annotation: Any = EMPTY
    own_name: str = ""
    by_keyword: bool = False
    injected: bool = False
    injects: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a node's function takes and gives."""

    parameters: tuple[Parameter, ...]
    takes_any_name: bool
    returns: Any = EMPTY
    inputs: tuple[Parameter, ...] = field(init=False)
    """The parameters that edges, run inputs or defaults fill."""

    def __post_init__(self) -> None:
        inputs = tuple(parameter for parameter in self.parameters if not parameter.injected)
        object.__setattr__(self, "inputs", inputs)


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that *function* wraps, whose signature, name and description a node shows.

    Raises:
        InvalidNodeError: *function* takes anything and holds several functions.
    """
    if isinstance(function, types.MethodType):  # it lends its function's __wrapped__, which takes self too
        return types.MethodType(unwrapped(function.__func__), function.__self__)
    seen: set[int] = set()
    while True:
        function = _unwrapped_by_attribute(function)
        seen.add(id(function))
        inner = _wrapped_by_closure(function)
        if inner is None or id(inner) in seen:
            return function
        function = inner


def read_signature(function: Callable[..., Any], inputs: Sequence[str] | None, name: str) -> Signature:
    """The signature of *function*, its inputs renamed to *inputs* position by position.

    Raises:
        InvalidNodeError: the function cannot be inspected and *inputs* does not say what it takes.
        ValueError: *inputs* has more names than the function has parameters, or the name of another one.
    """
    try:
        found = inspect.signature(function, follow_wrapped=False)
    except (ValueError, TypeError):
        if inputs is None:
            msg = f"cannot see what {name!r} takes: give inputs=[...]"
            raise InvalidNodeError(msg) from None
        return Signature(tuple(Parameter(each, own_name=each) for each in inputs), takes_any_name=False)
    kinds = {parameter.kind for parameter in found.parameters.values()}
    parameters = _parameters(function, found)
    if inputs is not None:
        extra = inspect.Parameter.VAR_POSITIONAL in kinds
        parameters = _renamed(parameters, list(inputs), name, takes_more=extra)
    return Signature(tuple(parameters), inspect.Parameter.VAR_KEYWORD in kinds, found.return_annotation)


def is_async_function(function: Callable[..., Any]) -> bool:
    """Whether calling *function* gives a coroutine; callable objects and partials included."""
    return _is_of_kind(function, inspect.iscoroutinefunction)


def is_generator_function(function: Callable[..., Any]) -> bool:
    """Whether calling *function* gives a generator, sync or async; what a decorator wraps does not count."""
    return _is_of_kind(function, inspect.isgeneratorfunction) or _is_of_kind(
        function, inspect.isasyncgenfunction
    )


def _is_of_kind(function: Callable[..., Any], is_of_kind: Callable[[object], bool]) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    if is_of_kind(function):
        return True
    call = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is looked at
    return not isinstance(function, types.FunctionType | types.MethodType) and is_of_kind(call)


def origin_name(annotation: Any) -> str:
    """The bare name of an annotation, without module, arguments, or None beside it; '' if there is none.

    >>> origin_name(dict[str, int] | None), origin_name("typing.Sequence[int]")
    ('dict', 'Sequence')
    """
    if annotation is EMPTY:
        return ""
    if isinstance(annotation, str):
        text = BESIDE_NONE.sub("", _without_optional(annotation))
        return text.split("[")[0].split(".")[-1].strip()
    while typing.get_origin(annotation) in CHOICES:
        is_annotated = typing.get_origin(annotation) is typing.Annotated
        given = typing.get_args(annotation)
        kept = given[:1] if is_annotated else [one for one in given if one is not types.NoneType]
        if len(kept) != 1:
            return ""
        annotation = kept[0]
    origin = typing.get_origin(annotation) or annotation
    return getattr(origin, "__name__", "")


def _parameters(function: Callable[..., Any], found: inspect.Signature) -> list[Parameter]:
    skipped = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    injects = {
        name: _injects(parameter.annotation, function) or (CONTEXT if name == "context" else "")
        for name, parameter in found.parameters.items()
    }
    return [
        Parameter(
            name,
            required=parameter.default is EMPTY,
            default=parameter.default,
            annotation=parameter.annotation,
            own_name=name,
            by_keyword=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
            injected=injects[name] not in ("", DELTA),
            injects=injects[name],
        )
        for name, parameter in found.parameters.items()
        if parameter.kind not in skipped
    ]


def _renamed(
    parameters: list[Parameter], names: list[str], node: str, *, takes_more: bool
) -> list[Parameter]:
    left = list(names)
    renamed = [
        replace(parameter, name=left.pop(0)) if left and not parameter.injected else parameter
        for parameter in parameters
    ]
    if left and not takes_more:
        count = sum(not parameter.injected for parameter in parameters)
        msg = f"signature mismatch: {node!r} takes {count} inputs, but inputs= names {len(names)}: {names!r}"
        raise ValueError(msg)
    kept = [parameter.name for parameter in renamed if not parameter.injected][len(names) :]
    taken = [name for name in names if name in kept]
    if taken:
        msg = f"signature mismatch: {node!r} has an input {taken[0]!r} already: name that one in inputs= too"
        raise ValueError(msg)
    return renamed + [Parameter(name, own_name=name) for name in left]


def _injects(annotation: Any, function: Callable[..., Any]) -> str:
    """What the run fills a parameter with that has this *annotation*, '' if it does not."""
    if annotation is EMPTY:
        return ""
    if not isinstance(annotation, str):
        candidates = typing.get_args(annotation) if typing.get_origin(annotation) in CHOICES else [annotation]
        found = [_injected_by(one) for one in candidates]
    else:
        found = [_injected_by_name(text, function) for text in _alternatives(annotation)]
    return next(filter(None, found), "")


def _injected_by(kind: Any) -> str:
    mark = getattr(kind, "__fast_dag_injected__", "") if isinstance(kind, type) else ""
    return CONTEXT if mark is True else str(mark)


def _alternatives(annotation: str) -> list[str]:
    return [part.strip("'\" ") for part in _without_optional(annotation).split("|")]


def _without_optional(annotation: str) -> str:
    text = annotation.strip("'\" ")
    is_optional = text.split("[")[0].endswith("Optional")
    return text.partition("[")[2].removesuffix("]") if is_optional else text


def _injected_by_name(text: str, function: Callable[..., Any]) -> str:
    """What is injected for the class that *text* names: looked up by name, never evaluated."""
    head, *attributes = text.split(".")
    found = getattr(function, "__globals__", {}).get(head)
    for attribute in attributes:
        found = getattr(found, attribute, None)
    if found is None:
        return INJECTABLE_NAMES.get(text.rsplit(".", maxsplit=1)[-1], "")
    return _injected_by(found)


def _unwrapped_by_attribute(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        inner: Callable[..., Any] = inspect.unwrap(function)
    except ValueError as error:
        msg = f"{function!r} wraps itself: its __wrapped__ leads back to it"
        raise InvalidNodeError(msg) from error
    return inner


def _wrapped_by_closure(function: Callable[..., Any]) -> Callable[..., Any] | None:
    if not isinstance(function, types.FunctionType) or not _takes_anything(function):
        return None
    held: dict[str, Callable[..., Any]] = {
        variable: cell.cell_contents
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        if _holds_function(cell) and cell.cell_contents is not function
    }
    if len(held) <= 1:
        return next(iter(held.values()), None)
    named = [held[variable] for variable in WRAPPED_NAMES if variable in held]
    if len(named) == 1:
        return named[0]
    msg = (
        f"cannot tell which function {function.__name__!r} wraps (found {', '.join(sorted(held))}): "
        "use functools.wraps, or give name= and inputs="
    )
    raise InvalidNodeError(msg)


def _takes_anything(function: types.FunctionType) -> bool:
    code = function.__code__
    stars = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
    return code.co_flags & stars == stars and not code.co_argcount and not code.co_kwonlyargcount


def _holds_function(cell: types.CellType) -> bool:
    try:
        content = cell.cell_contents
    except ValueError:  # a variable of the enclosing function that has no value yet
        return False
    return isinstance(
        content, types.FunctionType | types.MethodType | types.BuiltinFunctionType | functools.partial
    )
