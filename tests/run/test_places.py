"""Where steps are: paths, iterations, order, and what came to them."""

import pytest

from fast_dag import DAG
from fast_dag.run.pausing import RUN, Pausing
from fast_dag.run.places import without_index
from fast_dag.workflow.stepping import Guided


def gone_through(workflow, look=lambda place: place, **inputs):
    """What *look* says of the place of each step, before it is run."""
    options, found = workflow.options_type(), []
    guided = Guided(workflow, workflow.new_context(), inputs, options, Pausing())
    with guided.going():
        while (pause := guided.stepper.waiting().first) is not None:
            found.append(look(pause.place))
            guided.stepper.tell(pause, RUN)
    return found


@pytest.fixture
def outer():
    inner = DAG("inner").add_node("one", lambda n, back=0: n + back)
    with inner.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("one", "one", input="back")
    dag = DAG("outer").add_node("first", lambda: [[1], [2, 3]])
    dag.add_dag("sub", inner, map="n", depth=2)
    return dag.connect("first", "sub")


def test_a_path_goes_through_maps_and_workflows_inside(outer):
    paths = [(place.path, place.iteration) for place in gone_through(outer)]
    assert paths[:3] == [("first", ()), ("sub[0, 0].one", (0,)), ("sub[0, 0].one", (1,))]
    assert paths[-1] == ("sub[1, 1].one", (1,))


def test_places_compare_in_the_order_of_a_sequential_run(outer):
    orders = [place.order for place in gone_through(outer)]
    assert orders == sorted(orders)


def test_the_places_around_one_are_told_from_the_inside_out(outer):
    place = gone_through(outer)[-1]
    assert [each.path for each in place.around()] == ["sub[1, 1]", "sub"]
    assert (place.node.name, place.outer.node.name) == ("one", "sub")


def test_what_came_from_elsewhere_is_told_from_defaults_and_constants():
    dag = DAG("fed").add_node("a", lambda x: x).add_node("b", lambda a, x, y=3, z=4: a)
    dag.connect("a", "b")
    first, second = gone_through(dag, lambda place: (place.fed(), place.inputs()), x=1, z=9)
    assert first == ({"x": 1}, {"x": 1})
    assert second == ({"a": 1, "x": 1}, {"a": 1, "x": 1, "y": 3, "z": 9})


def test_an_index_is_taken_out_of_a_path():
    assert without_index("each[0].parse[1, 2].x") == "each.parse.x"
    assert without_index("plain") == "plain"
