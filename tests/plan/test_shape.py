"""The shape of a plan."""

from fast_dag import DAG, FSM
from fast_dag.plan.shape import Shapes, shape_of


def test_a_shape_has_names_and_what_each_waits_for():
    dag = DAG("drawn")
    a, b = dag.node(lambda: 1, name="a"), dag.node(lambda: 2, name="b")
    both = dag.any(lambda a, b: a, name="both")
    a >> both
    b >> both
    found = shape_of(dag.plan())
    assert found.names == ("a", "b", "both")
    assert found.sources == ((), (), (0, 1))
    assert found.roles == ("", "", "any")


def test_a_cycle_lies_between_its_enter_and_its_leave():
    dag = DAG("round")
    dag.node(lambda n=0: n + 1, name="count") >> dag.node(lambda count: count, name="after")
    with dag.cycle("loop", max_iterations=2) as cycle:
        cycle.feedback("count", "count", input="n")
    found = shape_of(dag.plan())
    ((name, enter, leave),) = found.cycles
    assert name == "loop"
    assert found.names[enter + 1 : leave] == ("count",)
    assert found.roles[enter] == "enter"
    assert set(found.sources[leave]) == {enter, enter + 1}
    assert found.sources[found.names.index("after")] == (leave,)


def test_the_units_of_a_machine_are_states():
    fsm = FSM("machine")
    fsm.add_state("only", lambda: 1, initial=True, terminal=True)
    assert shape_of(fsm.plan()).roles == ("state",)


def test_shapes_are_kept_by_the_path_of_their_run():
    dag = DAG("one")
    dag.node(lambda: 1, name="a")
    shapes = Shapes()
    shapes.add("", dag.plan())
    shapes.add("sub.", dag.plan())
    shapes.add("", dag.plan())
    assert shapes.all() == {"": shape_of(dag.plan()), "sub.": shape_of(dag.plan())}
    assert shapes.all() == shapes.all()
