"""Functions by name: what a stored workflow holds in the place of a function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType, MethodType, ModuleType
from typing import Any, TypeVar, overload

from fast_dag.checks import suggestion
from fast_dag.errors import FastDAGError
from fast_dag.graph.node import Node

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


class UnknownFunctionError(FastDAGError, KeyError):
    """No function is registered under that name; the text suggests the nearest one."""

    __str__ = Exception.__str__


class FunctionRegistry:
    """Functions under the names that stored workflows know them by.

    >>> functions = FunctionRegistry()
    >>> @functions.register(name="double", unit="m")
    ... def twice(x: float) -> float:
    ...     return 2 * x
    >>> functions["double"](4), functions.metadata["double"]["unit"]
    (8, 'm')
    """

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._names: dict[Hashable, str] = {}
        self._metadata: dict[str, dict[str, Any]] = {}

    @overload
    def register(self, func: F, *, name: str | None = None, **metadata: Any) -> F: ...
    @overload
    def register(
        self, func: None = None, *, name: str | None = None, **metadata: Any
    ) -> Callable[[F], F]: ...
    def register(self, func: Function | None = None, *, name: str | None = None, **metadata: Any) -> Any:
        """Take in a function and return it; a decorator bare, with () or with keywords.

        Parameters:
            func: the function; of a Node, its function.
            name: default ``module:qualname``.
            metadata: anything to be kept with the name.

        Raises:
            ValueError: the name stands for another function, or there is none.
        """
        if func is None:
            return lambda function: self.register(function, name=name, **metadata)
        function = function_of(func)
        name = _usable_name(function, name)
        known = self._functions.setdefault(name, function)
        if identity(known) != identity(function):
            msg = f"the name {name!r} is taken by {known!r}: give name='...'"
            raise ValueError(msg)
        self._names.setdefault(identity(known), name)
        self._metadata.setdefault(name, {}).update(metadata)
        return func

    def get(self, name: str, default: Any = None) -> Any:
        """The function called *name*, or *default*."""
        return self._functions.get(name, default)

    def __getitem__(self, name: str) -> Function:
        try:
            return self._functions[name]
        except KeyError:
            msg = f"function {name!r} is not registered{suggestion(name, self._functions)}"
            raise UnknownFunctionError(msg) from None

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def name_of(self, func: Function) -> str | None:
        """The first name that *func* was registered under, or None."""
        return self._names.get(identity(function_of(func)))

    def list_functions(self) -> list[str]:
        """The names, in the order of registering."""
        return list(self._functions)

    @property
    def metadata(self) -> Mapping[str, Mapping[str, Any]]:
        """What is kept with each name; read-only."""
        return MappingProxyType(self._metadata)

    def clear(self) -> None:
        """Forget every function."""
        for kept in (self._functions, self._names, self._metadata):
            kept.clear()


Registry = FunctionRegistry | Mapping[str, Function]
"""What writers and readers of documents take."""


def as_registry(registry: Registry | None) -> FunctionRegistry:
    """*registry*, or one made of a mapping from names to functions.

    Raises:
        ValueError: it is neither, or holds something else than functions by name.
    """
    if isinstance(registry, FunctionRegistry):
        return registry
    made = FunctionRegistry()
    if registry is None:
        return made
    if not isinstance(registry, Mapping):
        msg = f"registry must be a FunctionRegistry or a dict of functions by name, got {registry!r}"
        raise ValueError(msg)  # noqa: TRY004 - a bad value, as everywhere in this library
    for name, function in registry.items():
        made.register(_checked(function), name=name)
    return made


def importable_name(func: Function) -> str | None:
    """``module:qualname`` of *func* if that leads to it, or to a Node around it; imports nothing."""
    module, path = _origin(func)
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        if isinstance(found, ModuleType):
            found = vars(found).get(part)
        else:
            found = getattr(found, part, None) if isinstance(found, type) else None
    leads_there = found is not None and identity(function_of(found)) == identity(func)
    return f"{module}:{path}" if leads_there else None


def function_of(func: Any) -> Any:
    """The function of a Node; anything else is given back."""
    return func.func if isinstance(func, Node) else func


def identity(func: Any) -> Hashable:
    """What tells functions apart as long as they live; a bound method is made anew on each look-up."""
    return (id(func.__func__), id(func.__self__)) if isinstance(func, MethodType) else id(func)


def _usable_name(function: Any, name: str | None) -> str:
    _checked(function)
    if name is None:
        module, path = _origin(function)
        if module and path and "<lambda>" not in path:
            return f"{module}:{path}"
        msg = f"{function!r} has no name of its own: give name='...'"
        raise ValueError(msg)
    if not isinstance(name, str) or not name:
        msg = f"the name of a function must be a non-empty string, got {name!r}"
        raise ValueError(msg)
    return name


def _checked(function: Any) -> Function:
    if callable(function):
        made: Function = function
        return made
    msg = f"only functions can be registered, got {function!r}"
    raise ValueError(msg)


def _origin(func: Any) -> tuple[str, str]:
    """Module and qualified name as the function states them, empty where it does not."""
    stated = getattr(func, "__module__", None), getattr(func, "__qualname__", None)
    module, path = (part if isinstance(part, str) else "" for part in stated)
    return module, path
