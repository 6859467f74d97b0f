"""Renderers by name, and files by suffix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from fast_dag.checks import suggestion
from fast_dag.draw import dot, mermaid
from fast_dag.draw.extract import picture_of
from fast_dag.draw.extract_machine import machine_picture
from fast_dag.draw.image import image_of
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Picture
from fast_dag.errors import ValidationError
from fast_dag.graph.graph import Graph
from fast_dag.graph.machine import Machine
from fast_dag.run.brief import brief
from fast_dag.run.context import Context

Renderer = Callable[[Picture, VisualizationOptions], str]

BACKENDS: dict[str, Renderer] = {"mermaid": mermaid.render, "dot": dot.render, "graphviz": dot.render}

TEXT_FILES: dict[str, Renderer] = {
    ".mmd": mermaid.render,
    ".mermaid": mermaid.render,
    ".md": mermaid.fenced,
    ".dot": dot.render,
    ".gv": dot.render,
}

IMAGE_FILES = (".svg", ".png", ".pdf")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture and how it is to look, ready to be put down as text or in a file."""

    picture: Picture
    options: VisualizationOptions

    def text(self, backend: str) -> str:
        """The text for *backend*.

        Raises:
            ValueError: there is no such backend.
        """
        renderer = BACKENDS.get(backend) if isinstance(backend, str) else None
        if renderer is None:
            near = suggestion(backend, BACKENDS)
            msg = f"no backend {backend!r}: known are {', '.join(BACKENDS)}{near}"
            raise ValueError(msg)
        return renderer(self.picture, self.options)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the file *path*, in the form that its suffix names.

        Raises:
            ValueError: the suffix names none.
            MissingExtraError: it names an image, and Graphviz is not there.
        """
        file = Path(path)
        file.write_bytes(self._content(file.suffix.lower()))
        return file

    def _content(self, suffix: str) -> bytes:
        if suffix in TEXT_FILES:
            return TEXT_FILES[suffix](self.picture, self.options).encode()
        if suffix in IMAGE_FILES:
            return image_of(dot.render(self.picture, self.options), suffix[1:])
        known = [*TEXT_FILES, *IMAGE_FILES]
        near = suggestion(suffix, known)
        msg = f"no form of drawing has the suffix {suffix!r}: known are {', '.join(known)}{near}"
        raise ValueError(msg)


def drawing_of(
    graph: Graph, context: object, options: VisualizationOptions, machine: Machine | None = None
) -> Drawing:
    """The drawing of *graph*, whose nodes are the states of *machine* if there is one.

    The run of *context* shows in it if *options* say so.

    Raises:
        ValidationError: *context* is no Context.
    """
    if not isinstance(context, Context):
        msg = f"context must be a Context, got {brief(context)}"
        raise ValidationError(msg)
    if machine is not None:
        return Drawing(machine_picture(graph, machine, context, options), options)
    return Drawing(picture_of(graph, context, options), options)
