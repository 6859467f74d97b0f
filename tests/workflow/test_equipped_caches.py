"""The caches of a workflow: who shares them, dropping what they hold, and asking why a call would miss."""

import pytest

from fast_dag import (
    DAG,
    CacheError,
    CacheExplanation,
    DiskCache,
    MemoryCache,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
    register_cache,
)
from tests.stores.backends import Clock


def load(x, factor=2):
    return x * factor


def cached_dag(name="flow", function=load, *, namespace=None, **settings):
    dag = DAG(name, cache_namespace=namespace)
    dag.cached_node(function, name="load", **settings)
    return dag


def is_hit(dag, x=1):
    """Whether a run of *dag* is answered from the cache."""
    dag.run(x=x)
    return dag.context.metrics["cache_hits"]["load"] == 1


# Who shares


def test_two_workflows_share_nothing_although_they_are_alike():
    assert not is_hit(cached_dag())
    assert not is_hit(cached_dag())


def test_two_nodes_of_one_function_share_nothing():
    dag = cached_dag()
    dag.cached_node(load, name="other")
    dag.run(x=1)
    assert dag.context.metrics["cache_misses"] == {"load": 1, "other": 1}


def test_workflows_of_one_namespace_share_nodes_of_one_name():
    cached_dag("a", namespace="shared by name").run(x=1)
    assert is_hit(cached_dag("b", namespace="shared by name"))


def test_a_clone_shares_nothing():
    dag = cached_dag()
    dag.run(x=1)
    assert not is_hit(dag.clone())


def test_a_clone_shares_within_a_namespace():
    dag = cached_dag(namespace="cloned")
    dag.run(x=1)
    assert is_hit(dag.clone())


@pytest.mark.parametrize("namespace", ["", 5])
def test_a_namespace_is_a_text_that_is_not_empty(namespace):
    with pytest.raises(ValueError, match="cache_namespace must be a non-empty string"):
        DAG("flow", cache_namespace=namespace)


def test_a_namespace_given_later_counts_from_then_on():
    dag = cached_dag()
    dag.run(x=1)
    dag.cache_namespace = "given later"
    assert not is_hit(dag)


# What makes a call another one


@pytest.mark.parametrize("namespace", [None, "code"])
def test_another_function_is_a_miss(namespace):
    dag = cached_dag(namespace=namespace)
    dag.run(x=1)
    dag.replace_node("load", lambda x: x + 1, cached=True)
    assert not is_hit(dag)


def other(x, factor=2):
    return x + factor


@pytest.mark.parametrize("namespace", [None, "changed code"])
@pytest.mark.parametrize(("attribute", "value"), [("__code__", other.__code__), ("__defaults__", (7,))])
def test_other_code_or_defaults_of_the_function_are_a_miss(namespace, attribute, value):
    def double(x, factor=2):
        return x * factor

    dag = cached_dag(function=double, namespace=namespace)
    dag.run(x=1)
    setattr(double, attribute, value)
    assert not is_hit(dag)
    assert is_hit(dag)


def test_settings_that_change_no_result_keep_what_is_stored():
    dag = cached_dag()
    dag.run(x=1)
    dag.node(load, retry=3)
    assert is_hit(dag)


def test_another_backend_takes_effect_with_the_next_run():
    first, second = MemoryCache(), MemoryCache()
    register_cache("exchanged", first)
    dag = cached_dag(backend="exchanged")
    dag.run(x=1)
    register_cache("exchanged", second)
    assert not is_hit(dag)
    assert [cache.stats()["size"] for cache in (first, second)] == [1, 1]


def test_a_backend_that_outlives_the_process_is_refused_where_it_is_asked_for_too(tmp_path):
    dag = cached_dag(backend=DiskCache(tmp_path))
    for ask in (lambda: dag.explain_cache("load", x=1), lambda: dag.invalidate_cache("load")):
        with pytest.raises(ValidationError, match="cache_namespace"):
            ask()


def test_a_backend_that_outlives_the_process_is_a_problem_without_a_namespace(tmp_path):
    inner, outer = cached_dag("inner", backend=DiskCache(tmp_path)), DAG("outer")
    outer.add_dag("sub", inner)
    (problem,) = inner.validate()
    assert "DAG(..., cache_namespace='...')" in problem
    assert (problem.kind, problem.nodes, inner.is_valid) == ("cache", ("load",), False)
    assert [str(each) for each in outer.validate()] == [f"in 'sub': {problem}"]
    inner.cache_namespace = "ours"
    assert inner.validate() == outer.validate() == []


def test_an_unknown_backend_is_a_warning_until_somebody_registers_it():
    dag = cached_dag(backend="registered later")
    (problem,) = dag.validate()
    assert problem.startswith("node 'load' of 'flow': no cache 'registered later': known are")
    assert (problem.kind, problem.nodes, problem.severity) == ("cache", ("load",), "warning")
    with pytest.raises(ValueError, match="node 'load' of 'flow': no cache 'registered later'"):
        dag.run(x=1)
    register_cache("registered later", MemoryCache())
    assert (dag.validate(), dag.run(x=1)) == ([], 2)


# Dropping


def test_invalidate_counts_the_entries_of_one_node():
    dag = cached_dag()
    dag.cached_node(load, name="other")
    for x in (1, 2, 3):
        dag.run(x=x)
    assert dag.invalidate_cache("load") == 3
    dag.run(x=1)
    assert dag.context.metrics["cache_hits"] == {"load": 0, "other": 1}


def test_invalidate_without_a_name_counts_the_entries_of_all_nodes():
    dag = cached_dag()
    dag.cached_node(load, name="other", cache_key=["factor"])
    dag.node(load, name="plain")
    for x in (1, 2, 3):
        dag.run(x=x)
    assert [dag.invalidate_cache(), dag.invalidate_cache()] == [4, 0]


def test_invalidate_leaves_other_workflows_alone():
    dag, other_dag = cached_dag(), cached_dag()
    for each in (dag, other_dag):
        each.run(x=1)
    dag.invalidate_cache()
    assert is_hit(other_dag)


def test_invalidate_takes_the_node_itself():
    dag = cached_dag()
    dag.run(x=1)
    assert dag.invalidate_cache(dag.nodes["load"]) == 1


def test_invalidate_drops_what_an_earlier_process_left_on_disk(tmp_path):
    cached_dag(namespace="disk", backend=DiskCache(tmp_path)).run(x=1)
    assert cached_dag(namespace="disk", backend=DiskCache(tmp_path)).invalidate_cache() == 1


def test_invalidate_knows_its_nodes():
    with pytest.raises(UnknownNodeError, match="did you mean 'load'"):
        cached_dag().invalidate_cache("laod")


def test_a_node_without_a_cache_has_no_entries_to_drop():
    assert DAG("plain").add_node(load).invalidate_cache("load") == 0


# Explaining


def test_a_call_that_was_stored_is_explained_as_a_hit():
    clock = Clock()
    dag = cached_dag(backend=MemoryCache(timer=clock))
    dag.run(x=1)
    clock.now += 3
    told = dag.explain_cache("load", x=1)
    assert isinstance(told, CacheExplanation)
    assert (told.hit, told.reason) == (True, "stored 3.0 s ago")


def test_an_explanation_counts_nothing_and_calls_nothing():
    calls, backend = [], MemoryCache()
    dag = cached_dag(function=calls.append, backend=backend)
    parameter = dag.nodes["load"].inputs[0]
    dag.explain_cache("load", {parameter: 1})
    assert calls == []
    assert (backend.stats()["hits"], backend.stats()["misses"]) == (0, 0)


def test_defaults_need_not_be_given_to_ask():
    dag = cached_dag()
    dag.run(x=1)
    keys = {dag.explain_cache("load", given).key for given in ({"x": 1}, {"x": 1, "factor": 2})}
    assert len(keys) == 1
    assert dag.explain_cache("load", {"x": 1}, factor=2).hit


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda dag: dag.node(load, cache_version="2"), "the version changed"),
        (lambda dag: dag.replace_node("load", other, cached=True), "the function's code changed"),
    ],
)
def test_a_miss_is_explained_by_what_has_changed(change, reason):
    dag = cached_dag()
    dag.run(x=1)
    change(dag)
    told = dag.explain_cache("load", x=1)
    assert (told.hit, told.reason) == (False, reason)


def test_a_miss_is_explained_by_the_inputs_that_differ():
    dag = cached_dag()
    dag.run(x=1)
    told = dag.explain_cache("load", x=2)
    assert (told.hit, told.reason) == (False, "the inputs differ: 'x'")


def test_a_miss_because_of_age_says_so():
    clock = Clock()
    dag = cached_dag(backend=MemoryCache(timer=clock), ttl=10)
    dag.run(x=1)
    clock.now += 12
    assert dag.explain_cache("load", x=1).reason == "expired: stored 12.0 s ago, kept for 10 s"


def test_a_miss_where_nothing_is_stored_says_so():
    told = cached_dag().explain_cache("load", x=1)
    assert (told.hit, told.reason) == (False, "nothing is stored for this node yet")


def test_an_edit_inside_a_nested_workflow_is_the_reason_for_a_miss():
    inner, outer = DAG("inner").add_node(load), DAG("outer")
    outer.add_workflow("sub", inner, cached=True)
    outer.run(x=1)
    inner.replace_node("load", other)
    assert outer.explain_cache("sub", x=1).reason == "the workflow inside was edited"


def test_the_losers_of_an_any_node_need_not_be_given_to_ask():
    dag = DAG("any")
    winner = dag.any(lambda a, b: (a, b), name="winner", cached=True)
    dag.node(lambda: 1, name="a") >> winner
    dag.node(lambda: 2, name="b") >> winner
    dag.run()
    assert dag.explain_cache("winner", a=1).hit


def test_only_nodes_there_are_can_be_explained():
    with pytest.raises(UnknownNodeError, match="did you mean 'load'"):
        cached_dag().explain_cache("laod", x=1)


def test_a_node_without_a_cache_cannot_be_explained():
    with pytest.raises(ValidationError, match="node 'load' has no cache: make it one"):
        DAG("plain").add_node(load).explain_cache("load", x=1)


def test_inputs_that_are_missing_are_named():
    with pytest.raises(ValidationError, match="'load' that have no default: x"):
        cached_dag().explain_cache("load", factor=1)


@pytest.mark.parametrize(
    ("inputs", "keywords", "text"),
    [
        ({}, {"x": 1, "fcator": 2}, "takes no input 'fcator'; did you mean 'factor'"),
        ({"x": 1}, {"x": 1}, "'x' is given twice"),
    ],
)
def test_inputs_that_cannot_be_are_refused(inputs, keywords, text):
    with pytest.raises(UnknownOptionError, match=text):
        cached_dag().explain_cache("load", inputs, **keywords)


def test_an_input_without_a_key_cannot_be_explained():
    with pytest.raises(CacheError, match="input 'x' of 'load'"):
        cached_dag().explain_cache("load", x=object())
