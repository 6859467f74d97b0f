"""What every workflow has: nodes by name, handlers, observers, and the run that finished last."""

import pytest

from fast_dag import (
    DAG,
    Context,
    InvalidNodeError,
    MissingConnectionError,
    Node,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
)


def give():
    return 1


def take(x, y=0):
    return x + y


def fail(x):
    return x / 0


@pytest.fixture
def dag():
    """a -> c, with b beside them"""
    return DAG("flow").add_node("c", take).add_node("a", give).add_node("b", give).connect("a", "c")


@pytest.mark.parametrize("name", ["", None, 5, b"flow"])
def test_a_workflow_needs_a_name(name):
    with pytest.raises(ValueError, match="a workflow needs a name"):
        DAG(name)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"metadata": 5}, "metadata of 'flow' must map names to values, got 5"),
        ({"autowire": "no"}, "autowire must be True or False, got 'no'"),
    ],
)
def test_a_bad_option_of_a_workflow_is_refused(option, message):
    with pytest.raises(ValueError, match=message):
        DAG("flow", **option)


def test_a_workflow_keeps_its_description_and_a_copy_of_its_metadata():
    metadata = {"owner": "me"}
    dag = DAG("flow", description="What it does", metadata=metadata)
    metadata["owner"] = "you"
    assert (dag.description, dag.metadata) == ("What it does", {"owner": "me"})


def test_nodes_are_kept_in_the_order_of_insertion(dag):
    assert list(dag.nodes) == ["c", "a", "b"]


def test_the_nodes_are_read_only(dag):
    with pytest.raises(TypeError):
        dag.nodes["d"] = Node(give)


def test_a_workflow_has_a_length(dag):
    assert len(dag) == 3


def test_a_workflow_goes_over_its_names(dag):
    assert list(dag) == ["c", "a", "b"]


def test_a_workflow_contains_the_names_of_its_nodes(dag):
    assert ("a" in dag, "z" in dag) == (True, False)


def test_a_node_is_found_by_name(dag):
    assert dag.get_node("a") is dag.nodes["a"]


def test_an_unknown_node_is_an_error_with_a_suggestion():
    with pytest.raises(UnknownNodeError, match="no node 'lode' in 'flow'; did you mean 'load'"):
        DAG("flow").add_node("load", give).get_node("lode")


def test_entry_points_are_the_nodes_that_nothing_feeds(dag):
    assert dag.entry_points == ["a", "b"]


def test_exit_points_are_the_nodes_that_feed_nothing(dag):
    assert dag.exit_points == ["c", "b"]


def test_the_execution_order_always_takes_the_earliest_inserted_ready_node(dag):
    assert dag.execution_order == ["a", "c", "b"]


def test_derived_properties_follow_an_edit_at_once(dag):
    dag.connect("b", "c")
    assert (dag.execution_order, dag.exit_points) == (["a", "b", "c"], ["c"])


def test_connections_are_a_list_of_their_own(dag):
    dag.connections.clear()
    assert len(dag.connections) == 1


def test_a_function_can_be_added_without_a_name():
    assert list(DAG("flow").add_node(give)) == ["give"]


def test_a_node_object_can_be_added():
    node = Node(give, name="n")
    assert DAG("flow").add_node(node).nodes["n"] is node


def test_adding_takes_the_options_of_a_node():
    node = DAG("flow").add_node("n", take, inputs=["left"], retry=2, description="Text").nodes["n"]
    assert (node.inputs, node.settings.retry, node.description) == (("left", "y"), 2, "Text")


def test_a_name_without_a_function_cannot_be_added():
    with pytest.raises(InvalidNodeError, match=r"add_node\('n'\) needs a function"):
        DAG("flow").add_node("n")


@pytest.mark.parametrize(
    "arguments", [(None,), (5,), ("n", 5), (give, take), (lambda: 1,), ("",), ("a.b", give)]
)
def test_what_cannot_be_a_node_cannot_be_added(arguments):
    with pytest.raises(InvalidNodeError):
        DAG("flow").add_node(*arguments)


def test_an_unknown_option_of_a_node_is_refused():
    with pytest.raises(UnknownOptionError, match="did you mean 'retry'"):
        DAG("flow").add_node("n", give, retri=2)


def test_replacing_a_function_keeps_name_and_edges(dag):
    dag.replace_node("c", lambda y=0, x=0: 10 * x).remove_node("b")
    assert dag.run() == 10


def test_replacing_keeps_the_type_and_the_outputs():
    dag = DAG("flow").add_node("pick", give, node_type="select", outputs=["left"])
    dag.replace_node("pick", take)
    assert (dag.nodes["pick"].node_type, dag.nodes["pick"].outputs) == ("select", ("left",))


def test_a_replacement_that_lacks_a_connected_port_is_refused(dag):
    with pytest.raises(MissingConnectionError, match="cannot replace 'c'"):
        dag.replace_node("c", give)


def test_an_unknown_node_cannot_be_replaced(dag):
    with pytest.raises(UnknownNodeError):
        dag.replace_node("z", give)


def test_clearing_leaves_nothing(dag):
    dag.clear_nodes()
    assert (len(dag), dag.connections) == (0, [])


def test_a_clone_is_named_after_the_original(dag):
    assert (dag.clone().name, dag.clone("other").name) == ("flow_clone", "other")


def test_a_clone_has_the_class_nodes_and_edges_of_the_original():
    class Special(DAG):
        pass

    dag = Special("flow").add_node("a", give).add_node("c", take).connect("a", "c")
    twin = dag.clone()
    assert (type(twin), list(twin), twin.connections) == (Special, ["a", "c"], dag.connections)


def test_a_clone_has_the_settings_of_the_original():
    dag = DAG("flow", description="Text", metadata={"k": 1}, autowire=True).add_node("a", give, retry=3)
    twin = dag.clone()
    facts = (twin.description, twin.metadata, twin.autowire, twin.nodes["a"].settings.retry)
    assert facts == ("Text", {"k": 1}, True, 3)


def test_a_clone_has_the_error_handlers_of_the_original(dag):
    dag.set_node_error_handler("c", lambda node, inputs, error: "saved").replace_node("c", fail)
    assert dag.remove_node("b").clone().run() == "saved"


def test_a_clone_has_the_observers_of_the_original(dag):
    kinds = []
    dag.add_observer(lambda event: kinds.append(event.kind)).clone().run()
    assert kinds[0] == "run_started"


@pytest.mark.parametrize(
    "edit",
    [
        lambda twin: twin.add_node("d", give),
        lambda twin: twin.disconnect("a", "c"),
        lambda twin: twin.node(take, name="c", retry=3),
        lambda twin: twin.metadata.update(k=1),
        lambda twin: twin.nodes["a"].metadata.update(k=1),
        lambda twin: twin.add_observer(print),
        lambda twin: twin.set_node_error_handler("a", print),
    ],
)
def test_an_edit_of_a_clone_leaves_the_original_alone(dag, edit):
    def facts():
        node = dag.nodes["c"].settings, dag.nodes["a"].metadata.copy()
        return (
            list(dag),
            dag.connections,
            dag.metadata.copy(),
            node,
            len(dag.observers),
            len(dag.node_error_handlers),
        )

    before = facts()
    edit(dag.clone())
    assert facts() == before


def test_a_clone_has_no_results_of_the_original(dag):
    dag.run()
    assert dag.clone().results == {}


def test_a_subgraph_has_the_named_nodes_and_the_edges_among_them(dag):
    part = dag.connect("b", "c").subgraph(["a", "c"])
    assert (list(part), [str(edge) for edge in part.connections]) == (["c", "a"], ["a.result -> c.x"])


def test_a_subgraph_runs_by_itself(dag):
    assert dag.subgraph(["c"]).run(x=5) == 5


def test_a_subgraph_of_an_unknown_node_is_an_error(dag):
    with pytest.raises(UnknownNodeError):
        dag.subgraph(["a", "z"])


def test_the_value_of_an_error_handler_becomes_the_result():
    dag = DAG("flow").add_node("c", fail)
    dag.set_node_error_handler("c", lambda node, inputs, error: (node.name, inputs, type(error)))
    assert dag.run(x=1) == ("c", {"x": 1}, ZeroDivisionError)


def test_an_error_handler_can_be_removed():
    dag = DAG("flow").add_node("c", fail).set_node_error_handler("c", lambda node, inputs, error: 0)
    with pytest.raises(ZeroDivisionError):
        dag.set_node_error_handler("c", None).run(x=1)


def test_an_error_handler_of_an_unknown_node_is_refused(dag):
    with pytest.raises(UnknownNodeError):
        dag.set_node_error_handler("z", print)


def test_an_error_handler_must_be_callable(dag):
    with pytest.raises(ValidationError, match="error handler of 'a' must be callable"):
        dag.set_node_error_handler("a", 5)


def test_a_node_added_again_has_no_handler_of_the_removed_one():
    dag = DAG("flow").add_node("c", fail).set_node_error_handler("c", lambda node, inputs, error: 0)
    with pytest.raises(ZeroDivisionError):
        dag.remove_node("c").add_node("c", fail).run(x=1)


def test_an_observer_can_be_removed(dag):
    seen = []
    dag.add_observer(seen.append).remove_observer(seen.append).run()
    assert seen == []


def test_an_observer_that_was_not_added_cannot_be_removed(dag):
    with pytest.raises(ValidationError, match="not among the observers of 'flow'"):
        dag.remove_observer(print)


def test_an_observer_must_be_callable(dag):
    with pytest.raises(ValidationError, match="an observer must be callable"):
        dag.add_observer(5)


def test_before_the_first_run_there_is_an_empty_context(dag):
    assert (isinstance(dag.context, Context), dag.results) == (True, {})


def test_the_context_is_that_of_the_last_run(dag):
    context = Context()
    dag.run(context=context)
    assert dag.context is context


def test_a_failed_run_is_the_last_one_too(dag):
    context = Context()
    dag.replace_node("c", lambda x: x / 0)
    with pytest.raises(ZeroDivisionError):
        dag.run(context=context)
    assert dag.context is context


def test_a_run_that_never_began_leaves_the_last_one_in_place(dag):
    dag.run()
    with pytest.raises(UnknownOptionError):
        dag.run(nonsense=1)
    assert dag["c"] == 1


def test_the_results_are_a_copy(dag):
    dag.run()
    dag.results.clear()
    assert dag.results == {"a": 1, "c": 1, "b": 1}


@pytest.mark.parametrize("read", [DAG.__getitem__, DAG.get_result, DAG.get])
def test_a_result_of_the_last_run_can_be_read(dag, read):
    dag.run()
    assert read(dag, "c") == 1


def test_a_result_can_be_read_by_the_node_itself(dag):
    dag.run()
    node = dag.get_node("a")
    assert dag[node] == dag.get_result(node) == dag.get(node) == dag["a"]


def test_what_is_no_node_has_no_result(dag):
    with pytest.raises(UnknownNodeError, match="no node 5 in 'flow'"):
        dag[5]


@pytest.mark.parametrize("read", [DAG.__getitem__, DAG.get_result])
def test_a_node_without_a_result_is_a_key_error(dag, read):
    with pytest.raises(KeyError, match="'c' has no result in the last run of 'flow'"):
        read(dag, "c")


@pytest.mark.parametrize("read", [DAG.__getitem__, DAG.get_result])
def test_the_result_of_an_unknown_node_is_an_unknown_node_error(dag, read):
    with pytest.raises(UnknownNodeError, match="no node 'z'"):
        read(dag, "z")


def test_a_result_that_is_not_there_has_a_default(dag):
    assert (dag.get("c"), dag.get("c", 5), dag.get_result("c", None)) == (None, 5, None)


def test_the_metrics_are_those_of_the_last_run(dag):
    dag.run()
    metrics = dag.get_metrics()
    assert (metrics["execution_order"], metrics["nodes_executed"]) == (["a", "c", "b"], 3)


def test_the_metrics_are_a_copy(dag):
    dag.run()
    dag.get_metrics()["attempts"].clear()
    assert dag.get_metrics()["attempts"] == {"a": 1, "c": 1, "b": 1}


def test_the_metrics_are_a_copy_on_every_level():
    dag = DAG("flow")
    dag.map(take, name="each")
    dag.run(x=[1, 2])
    dag.get_metrics()["map"]["each"]["items"] = 99
    assert dag.context.metrics["map"] == {"each": {"items": 2, "failed": 0}}


def test_resetting_forgets_the_last_run(dag):
    dag.run()
    assert dag.reset().results == {}


def test_a_workflow_shows_its_name_and_size(dag):
    assert repr(dag) == "<DAG 'flow', 3 nodes>"
