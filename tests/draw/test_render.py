"""Renderers by name, and files by suffix."""

import sys

import pytest

from fast_dag import DAG, FSM, Context, ValidationError
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.render import drawing_of
from fast_dag.errors import MissingExtraError

SUFFIXES = r"\.mmd, \.mermaid, \.md, \.dot, \.gv, \.svg, \.png, \.pdf"


@pytest.fixture
def drawing():
    graph = DAG("flöw").add_node("a", lambda: 1).drawing
    return drawing_of(graph, Context(), VisualizationOptions(direction="LR"))


def test_mermaid_is_a_flowchart(drawing):
    assert drawing.text("mermaid").startswith("graph LR\n")


@pytest.mark.parametrize("backend", ["dot", "graphviz"])
def test_graphviz_is_another_name_of_dot(drawing, backend):
    assert drawing.text(backend).startswith('digraph "flöw" {\n')


def test_an_unknown_backend_is_an_error_that_lists_them(drawing):
    with pytest.raises(ValueError, match="no backend 'plantuml': known are mermaid, dot, graphviz"):
        drawing.text("plantuml")


def test_an_unknown_backend_is_told_the_nearest_one(drawing):
    with pytest.raises(ValueError, match=r"did you mean 'mermaid'\?"):
        drawing.text("mermiad")


@pytest.mark.parametrize("backend", [None, 1, ["dot"]])
def test_a_backend_is_given_by_name(drawing, backend):
    with pytest.raises(ValueError, match="no backend"):
        drawing.text(backend)


@pytest.mark.parametrize(
    ("suffix", "backend"),
    [(".mmd", "mermaid"), (".mermaid", "mermaid"), (".dot", "dot"), (".gv", "dot"), (".DOT", "dot")],
)
def test_the_suffix_of_a_file_says_what_it_holds(drawing, tmp_path, suffix, backend):
    written = drawing.save(tmp_path / f"flow{suffix}")
    assert written.read_text("utf-8") == drawing.text(backend)


def test_a_markdown_file_holds_a_block(drawing, tmp_path):
    written = drawing.save(tmp_path / "flow.md")
    assert written.read_text("utf-8") == f"```mermaid\n{drawing.text('mermaid')}```\n"


def test_a_file_can_be_named_by_a_text(drawing, tmp_path):
    assert drawing.save(str(tmp_path / "flow.mmd")) == tmp_path / "flow.mmd"


@pytest.mark.parametrize("name", ["flow.txt", "flow", "flow.html", ".svg"])
def test_an_unknown_suffix_is_an_error_that_lists_them_and_writes_nothing(drawing, tmp_path, name):
    with pytest.raises(ValueError, match=f"known are {SUFFIXES}"):
        drawing.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_told_the_nearest_one(drawing, tmp_path):
    with pytest.raises(ValueError, match=r"did you mean '\.mermaid'\?"):
        drawing.save(tmp_path / "flow.mermiad")


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_an_image_needs_graphviz_and_nothing_is_written_without_it(drawing, tmp_path, monkeypatch, suffix):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(MissingExtraError, match="graphviz"):
        drawing.save(tmp_path / f"flow{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_context_cannot_be_shown():
    with pytest.raises(ValidationError, match=r"context must be a Context, got \{\}"):
        drawing_of(DAG("flow").drawing, {}, VisualizationOptions())


def test_the_states_of_a_machine_are_a_state_diagram():
    fsm = FSM("machine").add_state("a", lambda: 1, initial=True)
    drawing = drawing_of(fsm.drawing, Context(), VisualizationOptions(), fsm.machine)
    assert drawing.text("mermaid").startswith("stateDiagram-v2\n")
    assert "start -> n0;" in drawing.text("dot")
