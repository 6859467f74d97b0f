"""The methods that draw a workflow; what they need is loaded on first use."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fast_dag.draw.options import VisualizationOptions
    from fast_dag.draw.render import Drawing
    from fast_dag.graph.graph import Graph
    from fast_dag.graph.machine import Machine
    from fast_dag.run.context import Context

FilePath = str | PathLike[str]

PARAMETERS = {
    "visualize": ("backend", "options", "context", "filename"),
    "to_mermaid": ("options", "context", "filename"),
    "to_graphviz": ("options", "context", "filename"),
    "save_visualization": ("path", "options", "context"),
}
"""What each method takes beside the fields of `VisualizationOptions`."""


class Drawable(Protocol):
    """What a drawing shows: a graph, and the run that finished last."""

    @property
    def wired(self) -> Graph:
        """The graph with all its edges."""

    @property
    def last_context(self) -> Context:
        """The context of the run that finished last."""

    def drawn_machine(self) -> Machine | None:
        """What leads from one node to the next if the nodes are states."""


class Drawn:
    """A workflow that can be drawn."""

    __slots__ = ()

    def drawn_machine(self) -> Machine | None:
        """What leads from one node to the next if the nodes are states; of a machine only."""
        return None

    def visualize(
        self: Drawable,
        *,
        backend: str = "mermaid",
        options: VisualizationOptions | None = None,
        context: Context | None = None,
        filename: FilePath | None = None,
        **keywords: Any,
    ) -> str:
        """Draw the workflow as text.

        Parameters:
            backend: mermaid, or dot, which may be called graphviz too.
            options: how it looks.
            context: the run that ``show_results`` shows; default the one that finished last.
            filename: a file to write as well, as `save_visualization` does: its suffix alone says what
                it holds.
            keywords: fields of `VisualizationOptions`; they come before *options*.

        Returns:
            The text for the backend.

        Raises:
            ValueError: no such backend or suffix, or a bad value of an option.
            UnknownOptionError: a keyword that is no option.
            MissingExtraError: *filename* is an image, and Graphviz is not there.
        """
        drawing = _drawing(self, "visualize", options, context, keywords)
        return _put_down(drawing, backend, filename)

    def to_mermaid(
        self: Drawable,
        *,
        options: VisualizationOptions | None = None,
        context: Context | None = None,
        filename: FilePath | None = None,
        **keywords: Any,
    ) -> str:
        """The workflow as a Mermaid flowchart, a machine as state diagram; parameters as for `visualize`."""
        drawing = _drawing(self, "to_mermaid", options, context, keywords)
        return _put_down(drawing, "mermaid", filename)

    def to_graphviz(
        self: Drawable,
        *,
        options: VisualizationOptions | None = None,
        context: Context | None = None,
        filename: FilePath | None = None,
        **keywords: Any,
    ) -> str:
        """The workflow in the DOT language of Graphviz; parameters as for `visualize`."""
        drawing = _drawing(self, "to_graphviz", options, context, keywords)
        return _put_down(drawing, "dot", filename)

    def save_visualization(
        self: Drawable,
        path: FilePath,
        *,
        options: VisualizationOptions | None = None,
        context: Context | None = None,
        **keywords: Any,
    ) -> Path:
        """Draw the workflow into a file.

        Parameters:
            path: .mmd, .mermaid or .md (a Markdown block) for Mermaid, .dot or .gv for Graphviz, .svg,
                .png or .pdf for an image, which needs Graphviz.
            options, context, keywords: as for `visualize`.

        Returns:
            The path.

        Raises:
            As `visualize`.
        """
        return _drawing(self, "save_visualization", options, context, keywords).save(path)


def _drawing(
    workflow: Drawable,
    method: str,
    options: object,
    context: Context | None,
    keywords: Mapping[str, Any],
) -> Drawing:
    # Loaded here, so that defining and running a workflow does not pay for it.
    chosen = importlib.import_module("fast_dag.draw.options").options_with(
        options, keywords, method, PARAMETERS[method]
    )
    drawing: Drawing = importlib.import_module("fast_dag.draw.render").drawing_of(
        workflow.wired,
        workflow.last_context if context is None else context,
        chosen,
        workflow.drawn_machine(),
    )
    return drawing


def _put_down(drawing: Drawing, backend: str, filename: FilePath | None) -> str:
    # Before the file is written: an unknown backend leaves nothing behind.
    text = drawing.text(backend)
    if filename is not None:
        drawing.save(filename)
    return text
