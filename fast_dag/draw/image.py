"""DOT text as an image, made by Graphviz."""

from __future__ import annotations

import importlib
from typing import Any

from fast_dag.checks import missing_extra
from fast_dag.errors import MissingExtraError


def image_of(dot: str, form: str) -> bytes:
    """The image of *dot* as svg, png or pdf.

    Raises:
        MissingExtraError: the Python package graphviz, or the program dot that it calls, is not there.
    """
    graphviz = _graphviz()
    try:
        made: bytes = graphviz.Source(dot).pipe(format=form)
    except graphviz.ExecutableNotFound:
        msg = (
            "a drawing as an image needs the program dot: "
            "install Graphviz from your system's packages or https://graphviz.org/download"
        )
        raise MissingExtraError(msg, name="graphviz") from None
    return made


def _graphviz() -> Any:
    try:
        return importlib.import_module("graphviz")
    except ImportError:
        what = "a drawing as an image"
        raise missing_extra(what, "graphviz", "viz") from None
