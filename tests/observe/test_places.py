"""Where the nodes and cycles of a run stand."""

import pytest

from fast_dag import DAG
from fast_dag.observe.places import Place, Places


class Looking:
    """A tool that looks everything up as soon as a run begins."""

    def __init__(self, *paths):
        self.paths = paths

    def watching(self, control):
        places = Places(control)
        self.found = [places.of(path) for path in self.paths]
        return self

    def __call__(self, event):
        pass

    def close(self, results):
        pass


def outer():
    """``lead`` in cycle "out", ``sub`` in "in" within it; inside ``sub`` is ``add`` in "loop"."""
    inner = (
        DAG("inner")
        .add_node("add", lambda x, value=0: value + x)
        .feedback("add", "add", input="value", cycle="loop")
    )
    dag = DAG("outer").add_node("free", lambda: 1).add_node("lead", lambda last=0: last)
    dag.add_dag("sub", inner, inputs=["x"])
    dag.map(lambda item: item, name="each")
    dag.connect("lead", "sub", input="x").feedback("sub", "sub", input="x", cycle="in")
    dag.feedback("sub", "lead", cycle="out")
    for workflow, name in ((inner, "loop"), (dag, "in"), (dag, "out")):
        with workflow.cycle(name, max_iterations=1, on_limit="return"):
            pass
    return dag


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("free", Place("", "")),
        ("lead", Place("", "out")),
        ("sub", Place("", "in")),
        ("in", Place("", "out")),
        ("out", Place("", "")),
        ("sub.loop", Place("sub", "")),
        ("sub.add", Place("sub", "sub.loop")),
    ],
)
def test_a_place_is_found_by_its_path(path, place):
    looking = Looking(path, path)
    outer().run(observers=[looking], item=[1])
    assert looking.found == [place, place]
