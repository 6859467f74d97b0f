"""A graph as boxes and lines."""

import pytest

from fast_dag import DAG, Context, Node
from fast_dag.draw.extract import picture_of
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Frame, Shape, State
from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from tests.draw.hostile import TEXTS


def give():
    pytest.fail("a node was called")


def take(x, y=0):
    """Take two things."""
    pytest.fail("a node was called")


def typed(rows: list[int], limit: int = 3) -> dict:
    pytest.fail("a node was called")


def draw(dag, context=None, **options):
    return picture_of(dag.drawing, context or Context(), VisualizationOptions(**options))


def drawn_box(dag, context=None, **options):
    return draw(dag, context, **options).boxes[-1]


def labels(dag, **options):
    return [line.label for line in draw(dag, **options).lines]


@pytest.fixture
def dag():
    return DAG("flow").add_node("a", give).add_node("b", take)


def one(func, **options):
    return DAG("flow").add_node("only", func, **options)


def test_a_picture_has_the_name_of_the_graph(dag):
    assert draw(dag).title == "flow"


def test_a_graph_without_nodes_is_an_empty_picture():
    assert draw(DAG("flow")).boxes == ()


def test_every_node_is_a_box_that_shows_its_name_first(dag):
    assert [box.lines[0] for box in draw(dag).boxes] == ["a", "b"]


def test_boxes_have_keys_of_their_own(dag):
    assert [box.key for box in draw(dag).boxes] == ["n0", "n1"]


def test_every_edge_is_a_line_between_the_boxes_of_its_nodes(dag):
    (line,) = draw(dag.connect("a", "b")).lines
    assert (line.source, line.target) == ("n0", "n1")


def test_nodes_that_nothing_feeds_and_that_feed_nothing_are_marked(dag):
    boxes = draw(dag.connect("a", "b")).boxes
    assert [(box.entry, box.exit) for box in boxes] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("node_type", "shape"),
    [
        ("standard", Shape.BOX),
        ("conditional", Shape.DIAMOND),
        ("select", Shape.HEXAGON),
        ("any", Shape.STADIUM),
        ("all", Shape.TRAPEZOID),
        ("fsm_state", Shape.ROUND),
        ("dag", Shape.SUBROUTINE),
        ("fsm", Shape.SUBROUTINE),
    ],
)
def test_the_shape_of_a_box_tells_what_the_node_is_for(node_type, shape):
    assert drawn_box(one(take, node_type=node_type)).shape is shape


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, ("only", "(rows, limit)")),
        ({"show_inputs": False}, ("only",)),
        ({"show_types": True}, ("only", "(rows: list[int], limit: int) → dict")),
        ({"show_types": True, "show_inputs": False}, ("only", "→ dict")),
        ({"show_types": True, "show_outputs": False}, ("only", "(rows: list[int], limit: int)")),
        ({"show_types": True, "max_text": 3}, ("only", "(rows: li…, limit: int) → di…")),
    ],
)
def test_inputs_and_types_are_shown_as_asked(options, lines):
    assert drawn_box(one(typed), **options).lines == lines


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "(rows, limit) → low, high"),
        ({"show_outputs": False}, "(rows, limit)"),
        ({"show_inputs": False}, "→ low, high"),
        ({"show_inputs": False, "show_types": True}, "→ low, high (dict)"),
    ],
)
def test_declared_outputs_are_shown_as_asked(options, line):
    assert drawn_box(one(typed, outputs=["low", "high"]), **options).lines == ("only", line)


def test_what_the_run_itself_fills_in_is_no_input():
    assert drawn_box(one(lambda context: None)).lines == ("only",)


def test_a_parameter_without_annotation_has_no_type():
    assert drawn_box(one(take), show_types=True).lines == ("only", "(x, y)")


def test_a_description_is_shown_if_asked_for():
    assert drawn_box(one(take), show_description=True).lines == ("only", "Take two things.", "(x, y)")


def test_a_description_is_no_longer_than_allowed():
    assert drawn_box(one(take), show_description=True, max_text=8).lines[1] == "Take tw…"


def test_a_node_without_description_has_no_line_for_it():
    assert drawn_box(one(give), show_description=True).lines == ("only",)


def test_what_a_run_made_of_a_node_is_shown_if_asked_for(dag):
    box = drawn_box(dag, Context(results={"b": 42}), show_results=True)
    assert (box.state, box.lines[-1]) == (State.SUCCESS, "= 42")


def test_what_a_run_made_of_a_node_is_not_shown_unless_asked_for(dag):
    box = drawn_box(dag, Context(results={"b": 42}))
    assert (box.state, box.lines) == (State.NOT_RUN, ("b", "(x, y)"))


def test_drawing_changes_neither_graph_nor_context(dag):
    context, version = Context(results={"b": 42}), dag.drawing.version
    draw(dag, context, show_results=True)
    assert (dag.drawing.version, context.results, context.metadata) == (version, {"b": 42}, {})


def test_a_line_into_the_only_input_has_no_label(dag):
    assert labels(dag.add_node("c", lambda x: x).connect("a", "c")) == [""]


def test_a_line_into_an_input_named_like_its_source_has_no_label(dag):
    assert labels(dag.add_node("c", lambda a, b: a).connect("a", "c")) == [""]


def test_a_line_into_one_of_several_inputs_names_it(dag):
    assert labels(dag.connect("a", "b", input="y")) == ["→ y"]


def test_a_line_names_the_output_that_is_not_the_whole_value(dag):
    assert labels(dag.connect("a", "b", output="rows", input="y")) == ["rows → y"]


def test_an_output_and_an_input_of_one_name_are_named_once(dag):
    assert labels(dag.connect("a", "b", output="x")) == ["x"]


@pytest.mark.parametrize(
    ("options", "label"),
    [({"show_inputs": False}, "rows"), ({"show_outputs": False}, "→ y")],
)
def test_lines_name_inputs_and_outputs_as_asked(dag, options, label):
    assert labels(dag.connect("a", "b", output="rows", input="y"), **options) == [label]


@pytest.mark.parametrize(("node_type", "branch"), [("conditional", "true"), ("select", "large")])
def test_a_line_out_of_a_router_always_names_its_branch(dag, node_type, branch):
    dag.add_node("r", give, node_type=node_type).connect("r", "b", output=branch)
    assert labels(dag, show_inputs=False, show_outputs=False) == [branch]


def test_a_line_into_a_joining_parameter_names_the_alias(dag):
    dag.add_node("join", lambda data: data, node_type="all")
    assert labels(dag.connect("a", "join", input="first").connect("b", "join")) == ["→ first", ""]


def test_optional_lines_are_dashed(dag):
    (line,) = draw(dag.connect("a", "b", optional=True)).lines
    assert line.dashed


def test_ordinary_lines_are_solid(dag):
    (line,) = draw(dag.connect("a", "b")).lines
    assert not line.dashed


def test_lines_into_an_any_node_are_dashed(dag):
    dag.add_node("first", lambda data: data, node_type="any").connect("a", "first").connect("b", "first")
    assert [line.dashed for line in draw(dag).lines] == [True, True]


def test_nodes_on_a_ring_stand_in_a_frame(dag):
    dag.add_node("c", take).add_node("d", take)
    dag.connect("a", "b").connect("d", "b").connect("b", "c").connect("c", "d")
    assert draw(dag).frames == (Frame(key="f0", title="cycle", boxes=("n1", "n2", "n3")),)


def test_every_ring_has_a_frame_of_its_own(dag):
    dag.add_node("c", take).add_node("d", take).add_node("e", take)
    dag.connect("b", "c").connect("c", "b").connect("d", "e").connect("e", "d")
    assert {frame.boxes for frame in draw(dag).frames} == {("n1", "n2"), ("n3", "n4")}


def test_a_node_that_feeds_itself_needs_no_frame(dag):
    assert draw(dag.connect("b", "b")).frames == ()


def test_a_graph_without_rings_has_no_frames(dag):
    assert draw(dag.connect("a", "b")).frames == ()


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_of_a_picture_breaks_its_line(text):
    dag = DAG(text)
    dag.add_node(text.replace(".", "") + "x", typed, inputs=[text, "y"], outputs=[text], description=text)
    dag.add_node("b", take, inputs=[text, "y"]).drawing.draw(Edge(next(iter(dag)), text, "b", "y"))
    picture = draw(dag, show_description=True, show_types=True)
    texts = [picture.title, *(line.label for line in picture.lines)]
    texts += [text for box in picture.boxes for text in box.lines]
    assert [text for text in texts if text.encode().decode().splitlines() != [text]] == []


def test_a_long_ring_is_drawn_without_recursion():
    graph, size = Graph("chain"), 5_000
    node = Node(take, name="first")
    for number in range(size):
        # Copies, since reading a signature takes longer than drawing a node.
        graph.nodes[f"n{number}"] = node
        graph.incoming[f"n{number}"], graph.outgoing[f"n{number}"] = [], []
    for number in range(size):
        graph.draw(Edge(f"n{number}", "result", f"n{(number + 1) % size}", "x"))
    picture = picture_of(graph, Context(), VisualizationOptions())
    assert (len(picture.boxes), len(picture.lines), len(picture.frames[0].boxes)) == (size, size, size)


def test_a_feedback_edge_names_the_delta_variable_it_feeds():
    dag = DAG("deltas").add_node("a", lambda facts, n=0: facts).add_node("b", lambda a: a).connect("a", "b")
    with dag.cycle("c") as c:
        c.feedback("b", "a", input="facts").feedback("b", "a", input="n").delta("a", input="facts")
    assert labels(dag) == ["", "c, delta facts", "c"]
