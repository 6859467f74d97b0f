"""DOT text as an image; the tests need no Graphviz."""

import sys
from types import SimpleNamespace

import pytest

from fast_dag.draw.image import image_of
from fast_dag.errors import MissingExtraError


class ExecutableNotFound(RuntimeError):
    """What the package raises if there is no program dot."""


class Source:
    """Stands for Graphviz: its image tells what it was made of."""

    def __init__(self, text):
        self.text = text

    def pipe(self, *, format):
        return f"{format} of {self.text}".encode()


class SourceWithoutProgram(Source):
    def pipe(self, *, format):
        raise ExecutableNotFound


@pytest.fixture
def graphviz(monkeypatch):
    """The package, as far as it is used."""
    package = SimpleNamespace(Source=Source, ExecutableNotFound=ExecutableNotFound)
    monkeypatch.setitem(sys.modules, "graphviz", package)
    return package


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_graphviz_makes_the_image(graphviz, form):
    assert image_of("digraph {}", form) == f"{form} of digraph {{}}".encode()


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(MissingExtraError, match=r"needs the package graphviz: pip install 'fast-dag\[viz\]'"):
        image_of("digraph {}", "svg")


def test_without_the_program_the_error_says_what_to_install(graphviz):
    graphviz.Source = SourceWithoutProgram
    with pytest.raises(MissingExtraError, match="needs the program dot: install Graphviz"):
        image_of("digraph {}", "png")
