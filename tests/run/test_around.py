"""Which cycle is around a node, by paths, in nested cycles and nested workflows."""

import pytest

from fast_dag import DAG


class Looking:
    """A tool that asks for the cycle around some nodes."""

    def __init__(self, paths):
        self.paths = paths

    def watching(self, control):
        self.found = {path: control.cycle_of(path) for path in self.paths}
        self.is_machine = control.is_machine
        self.maps = [path for path in self.paths if control.is_map(path)]
        self.node_count = control.node_count
        return self

    def __call__(self, event):
        pass

    def close(self, results):
        pass


def nested():
    inner = DAG("inner").add_node("count", lambda value=0: value + 1).add_node("last", lambda count: count)
    inner.connect("count", "last")
    with inner.cycle("inside", max_iterations=2) as cycle:
        cycle.feedback("count", "count", input="value")
    dag = DAG("outer").add_node("first", lambda: 0).add_node("around", lambda first, x=0: x)
    dag.connect("first", "around", input="first")
    dag.add_dag("a", inner)
    dag.add_dag("b", inner)
    dag.connect("around", "a", input="value").connect("a", "b", input="value")
    with dag.cycle("within", max_iterations=2) as cycle:
        cycle.feedback("a", "a", input="value")
    with dag.cycle("loop", max_iterations=2) as cycle:
        cycle.feedback("a", "around", input="x")
    return dag


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("first", None),
        ("around", "loop"),
        ("a", "within"),
        ("a.count", "a.inside"),
        ("a.last", "within"),
        ("b", None),
        ("b.count", "b.inside"),
        ("b.last", None),
    ],
)
def test_the_innermost_cycle_is_found(path, expected):
    looking = Looking([path])
    nested().run(observers=[looking])
    assert looking.found == {path: expected}
    assert not looking.is_machine


def test_maps_are_told_from_other_nodes_and_nodes_are_counted():
    dag = DAG("outer").add_node("items", lambda: [1, 2])
    dag.map(lambda item: item, name="each")
    dag.add_dag("sub", DAG("inner").add_node("leaf", lambda x: x), map="x")
    dag.connect("items", "each").connect("items", "sub")
    dag.add_node("step", lambda n=0: n).feedback("step", "step", input="n", cycle="loop")
    with dag.cycle("loop", max_iterations=1, on_limit="return"):
        pass
    looking = Looking(["items", "each", "sub", "sub.leaf", "step", "loop"])
    dag.run(observers=[looking])
    assert (looking.maps, looking.node_count) == (["each", "sub"], 4)
