"""Parts of a DAG: which nodes run, and where the values from outside come from."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from fast_dag import (
    DAG,
    ConditionalReturn,
    Context,
    MissingInputError,
    SelectReturn,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
)

MODES = ["sequential", "parallel", "async"]


def pipeline():
    """load -> clean -> (mean, count) -> report, and the names of what was called."""
    dag, called = DAG("pipeline"), []

    @dag.node
    def load(path="a"):
        called.append("load")
        return [1, 2, 3, len(path)]

    @dag.node
    def clean(load):
        called.append("clean")
        return [value for value in load if value > 1]

    @dag.node
    def mean(clean):
        called.append("mean")
        return sum(clean) / len(clean)

    @dag.node
    def count(clean):
        called.append("count")
        return len(clean)

    @dag.node
    def report(mean, count):
        called.append("report")
        return f"{count} values, mean {mean}"

    load >> clean >> [mean, count] >> report
    return dag, called


@pytest.mark.parametrize("mode", MODES)
def test_run_until_runs_a_node_and_its_ancestors(mode):
    dag, called = pipeline()
    assert dag.run_until("mean", mode=mode) == 2.5
    assert sorted(called) == ["clean", "load", "mean"]


@pytest.mark.parametrize("mode", MODES)
def test_run_from_runs_a_node_and_its_descendants_on_the_results_of_the_last_run(mode):
    dag, called = pipeline()
    dag.run(path="abcd")
    called.clear()
    assert dag.run_from("mean", mode=mode) == "3 values, mean 3.0"
    assert sorted(called) == ["mean", "report"]


@pytest.mark.parametrize("mode", MODES)
def test_run_between_runs_the_nodes_on_a_path(mode):
    dag, called = pipeline()
    dag.run()
    called.clear()
    assert dag.run_between("clean", "mean", mode=mode) == 2.5
    assert sorted(called) == ["clean", "mean"]


def test_the_async_forms_give_the_same():
    dag, _ = pipeline()

    async def all_three():
        return [
            await dag.run_until_async("mean"),
            await dag.run_from_async("clean", {"load": [4]}),
            await dag.run_between_async("clean", "count", load=[5, 6]),
        ]

    assert asyncio.run(all_three()) == [2.5, "1 values, mean 4.0", 2]


def test_a_run_input_comes_before_an_earlier_result():
    dag, _ = pipeline()
    dag.run()
    assert dag.run_from("clean", load=[10]) == "1 values, mean 10.0"


def test_a_given_context_comes_instead_of_the_last_run():
    dag, _ = pipeline()
    dag.run()
    context = Context({"load": [7]})
    assert dag.run_from("clean", context=context) == "1 values, mean 7.0"
    assert context.results["mean"] == 7.0


def test_results_of_the_last_run_go_on_being_seen_so_that_parts_may_follow_each_other():
    dag, called = pipeline()
    dag.run()
    dag.run_from("report")
    called.clear()
    assert dag.run_between("clean", "count") == 2
    assert dag["load"] == [1, 2, 3, 1]
    assert called == ["clean", "count"]


def test_a_value_that_is_nowhere_is_missing_before_anything_runs():
    dag, called = pipeline()
    with pytest.raises(MissingInputError, match="'mean' of 'report', 'count' of 'report'"):
        dag.run_from("report")
    assert called == []


def test_a_default_stands_in_for_a_value_that_is_nowhere():
    dag = DAG("defaults")
    first = dag.node(lambda: 1, name="first")
    first >> dag.node(lambda value=5: value + 1, name="second")
    assert dag.run_from("second") == 6


def test_an_output_is_selected_from_an_earlier_result():
    dag = DAG("outputs")
    dag.add_node("split", lambda: {"low": 1, "high": 9})
    dag.add_node("top", lambda value: value * 10)
    dag.connect("split", "top", output="high")
    dag.run()
    assert dag.run_node("top") == 90


@pytest.mark.parametrize("answer", [True, ConditionalReturn(True, "said")])
def test_a_branch_that_was_taken_earlier_brings_what_was_passed_on(answer):
    dag = DAG("branches")
    check = dag.condition(lambda mail: answer, name="check")
    check.on_true >> dag.node(lambda mail: f"yes {mail}", name="yes")
    check.on_false >> dag.node(lambda mail: f"no {mail}", name="no")
    dag.run(mail="hello")
    assert dag.run_from("yes") == ("yes said" if answer is not True else "yes hello")
    assert dag.run_from("yes") == ("yes said" if answer is not True else "yes hello")
    with pytest.raises(MissingInputError, match="'mail' of 'no'"):
        dag.run_from("no")


def test_a_router_within_the_part_decides_anew():
    dag = DAG("again")
    kind = dag.select(lambda mail: SelectReturn(mail, mail), name="kind")
    for label in "ab":
        kind.branches[label] >> dag.node(lambda mail, label=label: f"{label}!", name=label)
    dag.run(mail="a")
    assert dag.run_from("kind", mail="b") == "b!"
    assert dag.context.branches == {"kind": "b"}


@pytest.mark.parametrize("mode", MODES)
def test_an_any_node_takes_what_an_earlier_run_gave_before_it_waits_for_others(mode):
    dag = DAG("any")
    dag.add_node("old", lambda: "old")
    dag.add_node("new", lambda: "new")

    @dag.any
    def first(value):
        return value

    dag.connect("old", "first").connect("new", "first")
    dag.run()
    assert dag.run_from("new", mode=mode) == "old"


def test_an_any_node_without_any_value_from_outside_is_missing_one():
    dag = DAG("any")
    dag.add_node("a", lambda: 1).add_node("b", lambda: 2)
    dag.add_node("first", lambda value: value, node_type="any")
    dag.connect("a", "first").connect("b", "first")
    with pytest.raises(MissingInputError, match="of 'first'"):
        dag.run_node("first")
    assert dag.run_node("first", context=Context({"b": 2})) == 2


def test_an_all_node_collects_from_inside_and_outside():
    dag = DAG("all")
    dag.add_node("a", lambda: 1).add_node("b", lambda: 2)

    @dag.all
    def both(data):
        return data

    dag.connect("a", "both").connect("b", "both")
    assert dag.run_from("b", context=Context({"a": 10})) == {"a": 10, "b": 2}


def test_run_node_takes_the_options_of_a_run():
    seen, dag = [], DAG("one").add_node("first", lambda a: a)
    assert dag.run_node("first", a=2, observers=[seen.append], trace=True, mode="parallel") == 2
    assert [event.kind for event in dag.context.trace.events] == [event.kind for event in seen]
    with pytest.raises(UnknownOptionError, match="did you mean 'observers'"):
        dag.run_node("first", a=2, observer=[])


def test_run_node_runs_one_node_with_its_settings_and_handlers():
    dag, tries = DAG("one"), []

    @dag.node(retry=2)
    def flaky(x):
        tries.append(x)
        raise ValueError(x)

    flaky >> dag.node(lambda flaky: flaky, name="after")
    dag.set_node_error_handler("flaky", lambda node, inputs, error: "handled")
    assert dag.run_node("flaky", {"x": 3}) == "handled"
    assert tries == [3, 3]
    assert dag.results == {"flaky": "handled"}


def test_nodes_outside_the_part_are_not_counted():
    dag, _ = pipeline()
    dag.run()
    dag.run_from("mean")
    assert dag.get_metrics()["execution_order"] == ["mean", "report"]
    assert dag.context.metadata["skipped"] == {}


@pytest.mark.parametrize(
    "call",
    [
        lambda dag: dag.run_from("lod"),
        lambda dag: dag.run_until("lod"),
        lambda dag: dag.run_between("load", "repor"),
        lambda dag: dag.run_node("lod"),
    ],
)
def test_an_unknown_node_is_refused(call):
    with pytest.raises(UnknownNodeError, match="did you mean"):
        call(pipeline()[0])


def test_two_nodes_without_a_path_between_them_are_refused():
    with pytest.raises(ValidationError, match="no path from 'mean' to 'count'"):
        pipeline()[0].run_between("mean", "count")


def test_an_option_nobody_knows_is_refused():
    with pytest.raises(UnknownOptionError, match="did you mean 'max_workers'"):
        pipeline()[0].run_until("mean", max_wrokers=3)


def test_a_part_of_a_definition_with_errors_elsewhere_does_not_run():
    dag, called = pipeline()
    dag.connect("count", "report", input="mean")
    with pytest.raises(ValidationError, match="several connections"):
        dag.run_until("clean")
    assert called == []


@pytest.mark.parametrize("autowire", [False, True])
def test_a_node_may_stand_for_its_name(autowire):
    dag = DAG("nodes", autowire=autowire)
    first = dag.node(lambda: 1, name="first")
    second = dag.node(lambda first: first + 1, name="second")
    if not autowire:
        first >> second
    assert dag.run_until(second) == dag.run_between(first, second) == dag.run_from(second) == 2


def test_the_async_forms_take_the_options_of_run_async():
    dag, _ = pipeline()
    options = {"max_workers": 2, "timeout": 60, "keep_results": ["mean"]}
    assert asyncio.run(dag.run_until_async("mean", **options)) == 2.5
    assert dag.results == {"mean": 2.5}
    dag.run()
    with ThreadPoolExecutor(1) as executor:
        assert asyncio.run(dag.run_from_async("clean", executor=executor)) == "2 values, mean 2.5"


def test_what_only_a_whole_run_has_is_not_taken_for_an_earlier_value():
    dag = DAG("parts")
    dag.iterate(lambda x: x // 2 + 1, name="halve", max_rounds=3)
    dag.add_node("count", lambda rounds: rounds).connect("halve", "count", output="rounds")
    dag.add_node("value", lambda halve: halve).connect("halve", "value")
    dag.add_node("step", lambda n=0: n + 1)
    dag.add_node("every", lambda steps: steps).connect("step", "every", input="steps")
    with dag.cycle("loop", emit="each", max_iterations=2, on_limit="return") as c:
        c.feedback("step", "step", input="n")
    dag.run(x=10)
    assert (dag["count"], dag["value"], dag["every"]) == (3, 3, [1, 2])
    assert dag.run_from("value") == 3
    for node, name in (("count", "rounds"), ("every", "steps")):
        with pytest.raises(MissingInputError, match=name):
            dag.run_from(node)
        assert dag.run_from(node, {name: 7}) == 7
