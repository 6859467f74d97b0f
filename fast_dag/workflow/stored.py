"""Workflows are saved as documents and loaded from them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Self

from fast_dag.graph.keywords import known_keywords

if TYPE_CHECKING:
    from os import PathLike

    from fast_dag.workflow.functions import Registry

    Path = str | PathLike[str]


class Stored:
    """What is written holds the definition: no results, no observers, and of functions the names.

    A function goes by its name in *registry*, a FunctionRegistry or a dict of functions by name, else by
    ``module:qualname`` where that leads to it.  Loading takes every function from *registry*: it imports
    nothing and calls nothing.

    All writers raise a DocumentError for functions without such a name, cache backends that are no
    names, and metadata that is not JSON-able.  All readers raise one for names that are not registered
    and for data that is no such document.  YAML and msgpack raise a MissingExtraError without [serialize].
    """

    @known_keywords
    def to_dict(self, *, registry: Registry | None = None) -> dict[str, Any]:
        """The definition as plain data."""
        made: dict[str, Any] = _module("writer").document_of(self, registry)
        return made

    @known_keywords
    def to_json(self, path: Path | None = None, *, registry: Registry | None = None) -> str:
        """The definition as JSON text, written to *path* too if it is given."""
        text: str = self._written("json", path, registry)
        return text

    @known_keywords
    def to_yaml(self, path: Path | None = None, *, registry: Registry | None = None) -> str:
        """The definition as YAML text, written to *path* too if it is given."""
        text: str = self._written("yaml", path, registry)
        return text

    @known_keywords
    def to_msgpack(self, path: Path | None = None, *, registry: Registry | None = None) -> bytes:
        """The definition as msgpack, written to *path* too if it is given."""
        data: bytes = self._written("msgpack", path, registry)
        return data

    @known_keywords
    def save(self, path: Path, format: str | None = None, *, registry: Registry | None = None) -> None:
        """Write the definition to a file, whole or not at all.

        Parameters:
            path: the file; one that is there already is replaced.
            format: json, yaml or msgpack; default by the suffix .json, .yaml, .yml or .msgpack.
            registry: see `Stored`.

        Raises:
            ValueError: the format is unknown.
        """
        self._written(_module("formats").format_of(path, format), path, registry)

    @classmethod
    @known_keywords
    def from_dict(cls, data: Any, *, registry: Registry) -> Self:
        """The workflow of what `to_dict` gave."""
        made: Self = _module("reader").workflow_of(cls, data, registry)
        return made

    @classmethod
    @known_keywords
    def from_json(cls, text: str | bytes, *, registry: Registry) -> Self:
        """The workflow of what `to_json` gave."""
        return cls.from_dict(_module("formats").decode("json", text), registry=registry)

    @classmethod
    @known_keywords
    def from_yaml(cls, text: str | bytes, *, registry: Registry) -> Self:
        """The workflow of what `to_yaml` gave."""
        return cls.from_dict(_module("formats").decode("yaml", text), registry=registry)

    @classmethod
    @known_keywords
    def from_msgpack(cls, data: bytes, *, registry: Registry) -> Self:
        """The workflow of what `to_msgpack` gave."""
        return cls.from_dict(_module("formats").decode("msgpack", data), registry=registry)

    @classmethod
    @known_keywords
    def load(cls, path: Path, *, format: str | None = None, registry: Registry) -> Self:
        """The workflow in a file; *format* as for `save`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the format is unknown.
        """
        formats = _module("formats")
        name = formats.format_of(path, format)
        return cls.from_dict(formats.decode(name, formats.read(path)), registry=registry)

    def _written(self, format: str, path: Path | None, registry: Registry | None) -> Any:
        formats = _module("formats")
        content = formats.encode(format, self.to_dict(registry=registry))
        if path is not None:
            formats.write(path, content)
        return content


def _module(name: str) -> Any:
    """A module of this folder, loaded on first use: most workflows are never stored."""
    return importlib.import_module(f"fast_dag.workflow.{name}")
