"""The decorators of a workflow: bare, with (), or with keywords."""

import functools

import pytest

from fast_dag import (
    DAG,
    FSM,
    DuplicateNodeError,
    InvalidNodeError,
    Node,
    NodeType,
    UnknownOptionError,
    ValidationError,
)

DECORATORS = {
    "node": NodeType.STANDARD,
    "condition": NodeType.CONDITIONAL,
    "select": NodeType.SELECT,
    "any": NodeType.ANY,
    "all": NodeType.ALL,
    "any_node": NodeType.ANY,
    "all_node": NodeType.ALL,
}


def load(path, rows=10):
    """Read rows."""
    return path, rows


@pytest.fixture(params=DECORATORS)
def decorator(request):
    """The name of a decorator."""
    return request.param


@pytest.fixture
def dag():
    return DAG("flow")


def test_a_bare_decorator_gives_a_node_of_its_type(dag, decorator):
    node = getattr(dag, decorator)(load)
    assert (isinstance(node, Node), node.node_type) == (True, DECORATORS[decorator])


def test_a_decorator_with_empty_brackets_gives_a_node_of_its_type(dag, decorator):
    node = getattr(dag, decorator)()(load)
    assert (isinstance(node, Node), node.node_type) == (True, DECORATORS[decorator])


def test_a_decorator_with_keywords_gives_a_node_of_its_type(dag, decorator):
    node = getattr(dag, decorator)(name="other", retry=2)(load)
    assert (node.name, node.settings.retry, node.node_type) == ("other", 2, DECORATORS[decorator])


def test_a_decorated_function_is_a_node_of_the_workflow(dag, decorator):
    node = getattr(dag, decorator)(load)
    assert dag.nodes == {"load": node}


def test_a_decorator_takes_everything_that_a_node_takes(dag):
    node = dag.node(inputs=["file"], outputs=["a", "b"], description="Text", metadata={"k": 1})(load)
    seen = (node.inputs, node.outputs, node.description, node.metadata)
    assert seen == (("file", "rows"), ("a", "b"), "Text", {"k": 1})


def test_an_unknown_keyword_is_refused_with_a_suggestion(dag, decorator):
    with pytest.raises(UnknownOptionError, match="did you mean 'timeout'"):
        getattr(dag, decorator)(timeuot=3)(load)


def test_the_type_of_a_node_is_no_keyword_of_a_decorator(dag, decorator):
    with pytest.raises(UnknownOptionError, match="'node_type'"):
        getattr(dag, decorator)(node_type="any")(load)


def test_a_refused_node_is_not_added(dag):
    with pytest.raises(UnknownOptionError):
        dag.node(load, colour="red")
    assert len(dag) == 0


@pytest.mark.parametrize("thing", [5, "text", []])
def test_what_cannot_be_called_cannot_be_decorated(dag, thing):
    with pytest.raises(InvalidNodeError, match="not callable"):
        dag.node(thing)


def test_decorating_the_same_function_again_gives_the_same_node(dag):
    assert dag.node(load) is dag.node(load)


def test_decorating_the_same_function_again_updates_the_settings_given(dag):
    dag.node(load, retry=3, timeout=1)
    dag.node(load, timeout=2)
    settings = dag.nodes["load"].settings
    assert (settings.retry, settings.timeout) == (3, 2)


def test_decorating_a_node_again_updates_its_settings(dag):
    dag.node(retry=3)(dag.node(timeout=1)(load))
    settings = dag.nodes["load"].settings
    assert (settings.retry, settings.timeout) == (3, 1)


def test_decorating_the_same_function_again_keeps_its_edges(dag):
    dag.add_node("source", lambda: 1).node(load)
    dag.connect("source", "load").node(load, retry=3)
    assert [str(edge) for edge in dag.connections] == ["source.result -> load.path"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"retry": 3}, {"description": "Text"}),
        ({"inputs": ["file"]}, {"metadata": {"k": 1}}),
        ({"outputs": ["a", "b"]}, {"inputs": ["file"]}),
        ({"description": "Text"}, {"outputs": ["a", "b"]}),
        ({"metadata": {"k": 1}}, {"description": "Text"}),
    ],
)
def test_decorating_the_same_function_again_keeps_what_is_not_given(dag, first, second):
    def facts(node):
        return node.inputs, node.outputs, node.description, node.metadata, node.settings

    dag.node(dag.node(load, **first), **second)
    assert facts(dag.nodes["load"]) == facts(Node(load, **first, **second))


def test_the_same_function_under_another_name_is_another_node(dag):
    dag.node(load)
    dag.node(load, name="other")
    assert list(dag.nodes) == ["load", "other"]


def test_another_function_under_a_taken_name_is_refused(dag):
    dag.node(load)
    with pytest.raises(DuplicateNodeError, match="node 'load' already exists"):
        dag.node(lambda: 1, name="load")


def test_another_function_may_replace_the_one_of_that_name(dag):
    dag.node(load)
    node = dag.node(lambda: 1, name="load", replace=True)
    assert dag.nodes == {"load": node}


def test_two_wrappers_without_wraps_do_not_collide(dag):
    def plain(function):
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @dag.node
    @plain
    def first():
        return 1

    @dag.node
    @plain
    def second():
        return 2

    assert list(dag.nodes) == ["first", "second"]


def test_a_node_of_another_workflow_is_decorated_by_its_function(dag):
    other = DAG("other").node(load)
    assert dag.node(other).func is load


def test_a_decorator_can_be_kept_and_used_again(dag):
    retried = functools.partial(dag.node, retry=3)
    assert [retried(load).settings.retry, retried(name="b")(load).settings.retry] == [3, 3]


def test_two_workflows_do_not_share_a_decorator(dag):
    other = DAG("other")
    other.node(load)
    assert len(dag) == 0


# Cached nodes


def test_the_decorator_of_cached_nodes_takes_short_names(dag):
    def newest():
        return "2"

    settings = dag.cached_node(backend="disk", ttl=5, cache_key=["path"], version=newest, copy=True)(
        load
    ).settings
    assert settings.cached
    assert (settings.cache_backend, settings.cache_ttl, settings.cache_key) == ("disk", 5, ("path",))
    assert (settings.cache_version, settings.cache_copy) == (newest, True)


def test_the_decorator_of_cached_nodes_takes_long_names(dag):
    long = {"cache_backend": "disk", "cache_ttl": 5, "cache_version": "2", "cache_copy": True}
    short = {name.removeprefix("cache_"): value for name, value in long.items()}
    nodes = [dag.cached_node(load, name="long", **long), dag.cached_node(load, name="short", **short)]
    assert nodes[0].settings == nodes[1].settings


@pytest.mark.parametrize("form", ["bare", "brackets"])
def test_the_decorator_of_cached_nodes_may_stand_alone(dag, form):
    decorate = dag.cached_node if form == "bare" else dag.cached_node()
    node = decorate(load)
    assert (node.settings.cached, node.settings.cache_backend) == (True, "memory")


def test_one_setting_in_two_spellings_is_refused(dag):
    with pytest.raises(UnknownOptionError) as caught:
        dag.cached_node(ttl=1, cache_ttl=1, backend="disk", cache_backend="disk")
    assert caught.value.errors == [
        "backend and cache_backend mean the same: give one of them",
        "ttl and cache_ttl mean the same: give one of them",
    ]


@pytest.mark.parametrize(
    ("given", "meant"),
    [("tll", "ttl"), ("cache_keys", "cache_key"), ("versoin", "version"), ("retrys", "retry")],
)
def test_an_unknown_keyword_of_a_cached_node_is_refused_with_a_suggestion(dag, given, meant):
    with pytest.raises(UnknownOptionError, match=f"takes no '{given}'; did you mean '{meant}'"):
        dag.cached_node(**{given: 1})


@pytest.mark.parametrize("name", ["cached", "node_type"])
def test_what_the_decorator_says_by_its_name_is_no_keyword_of_it(dag, name):
    with pytest.raises(UnknownOptionError, match=f"takes no '{name}'"):
        dag.cached_node(load, **{name: True})


@pytest.mark.parametrize(
    "bad", [{"ttl": 0}, {"copy": 1}, {"cache_key": "path"}, {"cache_key": []}, {"version": 5}]
)
def test_a_bad_setting_of_a_cached_node_is_a_value_error(dag, bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))} must be"):
        dag.cached_node(load, **bad)


def test_a_plain_decorator_over_that_of_cached_nodes_makes_one_node(dag):
    node = dag.node(retry=3)(dag.cached_node(ttl=5)(load))
    assert dag.nodes == {"load": node}
    assert (node.settings.cached, node.settings.cache_ttl, node.settings.retry) == (True, 5, 3)


def test_the_decorator_of_cached_nodes_over_a_plain_one_makes_one_node(dag):
    node = dag.cached_node(ttl=5)(dag.node(retry=3)(load))
    assert dag.nodes == {"load": node}
    assert (node.settings.cached, node.settings.cache_ttl, node.settings.retry) == (True, 5, 3)


def test_a_later_decorator_may_build_on_settings_of_an_earlier_one(dag):
    dag.cached_node(load)
    dag.node(load, cache_ttl=7)
    assert dag.nodes["load"].settings.cache_ttl == 7


@pytest.mark.parametrize("more", [{}, {"description": "Text"}])
def test_a_cache_that_is_switched_off_takes_its_settings_with_it(dag, more):
    dag.cached_node(load, ttl=7, backend="disk")
    dag.node(load, cached=False, **more)
    assert dag.nodes["load"].settings == Node(load).settings


# Map nodes


def test_a_map_goes_over_the_input_it_names(dag):
    assert dag.map(load, over="rows").settings.map == "rows"


def test_a_map_goes_over_the_first_input_if_nobody_says(dag):
    nodes = [dag.map(load), dag.map()(load), dag.map(name="renamed", inputs=["file"])(load)]
    assert [node.settings.map for node in nodes] == ["path", "path", "file"]


def test_what_the_run_injects_is_no_input_to_map_over(dag):
    assert dag.map(lambda context, item: item, name="each").settings.map == "item"


def test_a_function_without_inputs_cannot_be_mapped(dag):
    with pytest.raises(ValidationError, match="takes no input, so there is nothing to map over"):
        dag.map(lambda context: 1, name="none")
    assert len(dag) == 0


def test_a_map_over_what_is_no_input_is_found_before_anything_runs(dag):
    calls = []
    dag.add_node("first", lambda: calls.append(1)).map(load, over="rwos")
    with pytest.raises(ValidationError, match=r"maps over 'rwos'.*did you mean 'rows'"):
        dag.run(path="a")
    assert calls == []


def test_a_map_takes_what_every_node_takes_and_its_own_settings(dag):
    own = {"depth": 2, "max_concurrency": 3, "item_errors": "skip"}
    node = dag.map(over="rows", name="each", description="Text", retry=2, **own)(load)
    assert (node.name, node.description, node.settings.retry) == ("each", "Text", 2)
    assert {name: getattr(node.settings, name) for name in own} == own


@pytest.mark.parametrize(
    ("name", "value"),
    [("depth", 0), ("max_concurrency", 0), ("max_concurrency", True), ("item_errors", "skp")],
)
def test_a_setting_of_a_map_that_is_wrong_is_refused_at_once(dag, name, value):
    with pytest.raises(ValueError, match=name):
        dag.map(load, **{name: value})
    assert len(dag) == 0


def test_decorating_a_map_again_keeps_the_input_it_goes_over(dag):
    node = dag.map(dag.map(load, over="rows"), depth=2)
    assert dag.nodes == {"load": node}
    assert (node.settings.map, node.settings.depth) == ("rows", 2)


def test_a_node_becomes_a_map_over_its_first_input_whatever_that_is_called(dag):
    assert dag.map(dag.node(load, inputs=["file"])).settings.map == "file"


@pytest.mark.parametrize(
    ("decorate", "meant"),
    [
        (lambda: DAG("d").node(retyr=2), "'retry'"),
        (lambda: DAG("d").map(ovr="x"), "'over'"),
        (lambda: FSM("m").state(intial=True), "'initial'"),
        (lambda: FSM("m").add_state("a", lambda: 1, terminl=True), "'terminal'"),
    ],
    ids=["node", "map", "state", "add_state"],
)
def test_a_misspelt_keyword_is_told_before_there_is_a_function(decorate, meant):
    with pytest.raises(UnknownOptionError, match=f"did you mean {meant}"):
        decorate()
