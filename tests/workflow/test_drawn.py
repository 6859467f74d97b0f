"""The methods that draw a workflow."""

import subprocess
import sys

import pytest

from fast_dag import DAG, END, FSM, Context, UnknownOptionError, ValidationError
from fast_dag.draw.options import VisualizationOptions
from fast_dag.errors import MissingExtraError
from fast_dag.workflow.drawn import Drawn


class Sketch(DAG, Drawn):
    """A DAG that can be drawn."""


def double(x):
    return 2 * x


@pytest.fixture
def dag():
    return Sketch("flow").add_node("load", lambda: 21).add_node("double", double).connect("load", "double")


def test_a_workflow_is_drawn_as_mermaid_by_default(dag):
    assert dag.visualize() == (
        "graph TB\n"
        '    n0["load"]\n'
        '    n1["double<br/>(x)"]\n'
        "    n0 --> n1\n"
        "    classDef entry stroke-width:3px\n"
        "    class n0 entry\n"
        "    classDef exit stroke-width:3px,stroke-dasharray:9 3\n"
        "    class n1 exit\n"
    )


@pytest.mark.parametrize("backend", ["dot", "graphviz"])
def test_a_workflow_is_drawn_by_the_backend_asked_for(dag, backend):
    assert dag.visualize(backend=backend) == (
        'digraph "flow" {\n'
        "    rankdir=TB;\n"
        "    node [shape=box, style=filled, fillcolor=white];\n"
        '    n0 [label="load", penwidth=2];\n'
        '    n1 [label="double\\n(x)", peripheries=2];\n'
        "    n0 -> n1;\n"
        "}\n"
    )


def test_each_backend_has_a_method_of_its_own(dag):
    assert dag.to_mermaid() == dag.visualize(backend="mermaid")
    assert dag.to_graphviz() == dag.visualize(backend="graphviz")


def test_an_unknown_backend_is_an_error_and_nothing_is_written(dag, tmp_path):
    with pytest.raises(ValueError, match="no backend 'ascii': known are mermaid, dot, graphviz"):
        dag.visualize(backend="ascii", filename=tmp_path / "flow.mmd")
    assert list(tmp_path.iterdir()) == []


def test_a_workflow_without_nodes_can_be_drawn():
    assert Sketch("flow").to_mermaid() == "graph TB\n"


def test_edges_that_autowire_adds_are_drawn():
    dag = Sketch("flow", autowire=True).add_node("x", lambda: 21).add_node("double", double)
    assert "n0 --> n1" in dag.to_mermaid()


def test_a_broken_definition_can_be_drawn(dag):
    dag.add_node("b", double).connect("b", "double", input="x").connect("double", "b")
    assert 'subgraph f0["cycle"]' in dag.to_mermaid()


@pytest.mark.parametrize("method", ["visualize", "to_mermaid", "to_graphviz"])
def test_options_may_be_given_together_or_one_by_one(dag, method):
    draw = getattr(dag, method)
    assert draw(options=VisualizationOptions(direction="LR")) == draw(direction="LR") != draw()


@pytest.mark.parametrize("method", ["visualize", "to_mermaid", "to_graphviz"])
def test_an_unknown_option_is_told_with_the_nearest_one(dag, method):
    with pytest.raises(
        UnknownOptionError, match=rf"{method} takes no 'directon'; did you mean 'direction'\?"
    ):
        getattr(dag, method)(directon="LR")


def test_an_unknown_option_of_a_file_is_told_with_the_nearest_one(dag, tmp_path):
    with pytest.raises(
        UnknownOptionError, match=r"save_visualization takes no 'contxt'; did you mean 'context'\?"
    ):
        dag.save_visualization(tmp_path / "flow.mmd", contxt=None)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_option_is_an_error(dag):
    with pytest.raises(ValueError, match="error_color must be"):
        dag.visualize(error_color="red;")


def test_options_of_another_class_are_an_error(dag):
    with pytest.raises(ValidationError, match="options must be VisualizationOptions"):
        dag.visualize(options={"direction": "LR"})


def test_the_run_that_finished_last_is_shown_if_asked_for(dag):
    dag.run()
    assert 'n1["double<br/>(x)<br/>= 42"]' in dag.visualize(show_results=True)


def test_a_given_run_is_shown_instead_of_the_last_one(dag):
    dag.run()
    text = dag.visualize(show_results=True, context=Context(results={"double": 7}))
    assert "= 7" in text
    assert "= 42" not in text


def test_no_run_is_shown_unless_asked_for(dag):
    before = dag.visualize()
    dag.run()
    assert dag.visualize() == before


def test_a_failed_run_can_be_shown(dag):
    dag.replace_node("load", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dag.run()
    assert 'n0 [label="load\\nZeroDivisionError: division by zero"' in dag.to_graphviz(show_results=True)


def test_what_is_no_context_is_an_error(dag):
    with pytest.raises(ValidationError, match="context must be a Context"):
        dag.visualize(context={"double": 7})


@pytest.mark.parametrize("method", ["visualize", "to_mermaid", "to_graphviz"])
@pytest.mark.parametrize(
    ("suffix", "beginning"), [("mmd", "graph LR"), ("gv", "digraph"), ("md", "```mermaid")]
)
def test_a_file_is_written_as_its_suffix_says_and_the_text_is_returned(
    dag, tmp_path, method, suffix, beginning
):
    draw, file = getattr(dag, method), tmp_path / f"flow.{suffix}"
    assert draw(filename=file, direction="LR") == draw(direction="LR")
    assert file.read_text("utf-8").startswith(beginning)


def test_a_drawing_can_be_saved(dag, tmp_path):
    file = dag.save_visualization(tmp_path / "flow.dot", direction="LR")
    assert file.read_text("utf-8") == dag.to_graphviz(direction="LR")


def test_saving_returns_the_path(dag, tmp_path):
    assert dag.save_visualization(str(tmp_path / "flow.dot")) == tmp_path / "flow.dot"


def test_an_unknown_suffix_is_an_error(dag, tmp_path):
    with pytest.raises(ValueError, match=r"no form of drawing has the suffix '\.txt'"):
        dag.save_visualization(tmp_path / "flow.txt")


def test_an_image_needs_graphviz(dag, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fast-dag\[viz\]'"):
        dag.visualize(filename=tmp_path / "flow.svg")


def test_a_machine_is_drawn_as_a_state_diagram():
    fsm = FSM("machine").add_state("first", double, initial=True, transitions=["last"])
    fsm.add_state("last", double, terminal=True).connect("first", "last", input="x")
    assert fsm.visualize(show_inputs=False) == (
        "stateDiagram-v2\n"
        "    direction TB\n"
        '    state "first" as n0\n'
        '    state "last" as n1\n'
        "    [*] --> n0\n"
        "    n0 --> n1\n"
        "    n1 --> [*]\n"
        "    note right of n1 : from first\n"
        "    classDef entry stroke-width:3px\n"
        "    class n0 entry\n"
        "    classDef exit stroke-width:3px,stroke-dasharray:9 3\n"
        "    class n1 exit\n"
    )


def test_a_machine_is_drawn_as_a_digraph(tmp_path):
    fsm = FSM("machine").add_state("only", double, initial=True)
    fsm.add_conditional_transition("only", lambda result: END, targets=["only", END])
    text = (
        'digraph "machine" {\n'
        "    rankdir=TB;\n"
        "    node [shape=box, style=filled, fillcolor=white];\n"
        '    n0 [label="only\\n(x)", shape=oval, penwidth=2];\n'
        '    start [label="start", shape=point];\n'
        '    over [label="END", shape=doublecircle];\n'
        "    start -> n0;\n"
        '    n0 -> n0 [label="<lambda>", style=dashed];\n'
        '    n0 -> over [label="<lambda>", style=dashed];\n'
        "}\n"
    )
    assert fsm.to_graphviz() == text
    assert fsm.save_visualization(tmp_path / "machine.gv").read_text("utf-8") == text


def test_the_run_of_a_machine_is_shown_if_asked_for():
    fsm = FSM("machine").add_state("only", double, initial=True, terminal=True)
    fsm.run(x=21)
    assert 'state "only<br/>(x)<br/>= 42" as n0' in fsm.to_mermaid(show_results=True)


def test_drawing_is_loaded_when_somebody_draws():
    lines = (
        "import sys",
        "from fast_dag import DAG",
        "from fast_dag.workflow.drawn import Drawn",
        "dag = type('Sketch', (DAG, Drawn), {})('flow')",
        "print(any(name.startswith('fast_dag.draw') for name in sys.modules))",
        "dag.visualize()",
        "print(any(name.startswith('fast_dag.draw') for name in sys.modules))",
    )
    command = [sys.executable, "-W", "error", "-c", "\n".join(lines)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert made.stdout.split() == ["False", "True"]
