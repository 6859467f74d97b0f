"""Cycles made of templates: their roles, what they give their nodes, and how each of them ends."""

import asyncio
import warnings

import pytest

from fast_dag import (
    DAG,
    CycleConfigurationError,
    CycleConnectionError,
    CycleExecutionError,
    CycleLimitWarning,
    DocumentError,
    UnknownOptionError,
)
from fast_dag.cycles.templates import CycleTemplates
from fast_dag.errors import RetryExhaustedError


@pytest.fixture(params=["sequential", "parallel", "async"])
def mode(request):
    return request.param


def one(name, func, template, **more):
    """A DAG of one node in a cycle of *template*, and the name of the cycle."""
    dag = DAG("wf").add_node(name, func, **more)
    return dag, dag.add_cycle(template).name


def result(dag, cycle, **options):
    dag.run(**options)
    return dag.context.metadata["cycles"][cycle]


def failing(times, error=OSError, value="ok"):
    """A function that raises so often, and then gives *value*."""
    made = []

    def operation():
        made.append(1)
        if len(made) <= times:
            raise error(f"attempt {len(made)}")
        return value

    operation.made = made
    return operation


# Roles and names


def test_a_role_is_that_of_the_node_called_so():
    dag = DAG("wf").add_node("other", lambda: 1).add_node("trainer", lambda: {"loss": 1.0})
    assert dag.add_cycle(CycleTemplates.training_loop()).nodes == ["trainer"]


def test_nodes_take_the_roles_in_topological_order_if_there_are_as_many():
    dag = DAG("wf").add_node("check", lambda rows: {"quality_score": 1.0}).add_node("repair", lambda: [1])
    dag.connect("repair", "check")
    assert dag.add_cycle(CycleTemplates.data_quality_cycle()).nodes == ["repair", "check"]


def test_an_optional_role_may_stay_empty():
    dag = DAG("wf").add_node("fit", lambda: {"accuracy": 1.0})
    assert dag.add_cycle(CycleTemplates.learning_cycle()).nodes == ["fit"]


def test_nodes_of_other_cycles_take_no_role():
    dag = DAG("wf").add_node("a", lambda: {"accuracy": 1.0}).add_node("b", lambda: {"accuracy": 1.0})
    dag.add_cycle(CycleTemplates.learning_cycle(), "a")
    assert dag.add_cycle(CycleTemplates.learning_cycle()).nodes == ["b"]


def test_nodes_may_be_given_in_order_or_by_role():
    for given in ({"nodes": {"trainer": "fit", "evaluator": "score"}}, {}):
        dag = DAG("wf").add_node("fit", lambda: 1).add_node("score", lambda fit: {"loss": fit})
        dag.connect("fit", "score")
        in_order = () if given else ("fit", dag.nodes["score"])
        assert dag.add_cycle(CycleTemplates.training_loop(), *in_order, **given).nodes == ["fit", "score"]


def test_a_role_without_a_node_is_an_error_that_lists_the_roles():
    dag = DAG("wf").add_node("a", lambda: 1).add_node("b", lambda: 1).add_node("c", lambda: 1)
    with pytest.raises(CycleConfigurationError, match=r"its roles are trainer, \[evaluator\]"):
        dag.add_cycle(CycleTemplates.training_loop())


def test_an_unknown_role_is_an_error_with_the_nearest_one():
    dag = DAG("wf").add_node("a", lambda: 1)
    with pytest.raises(CycleConfigurationError, match="no role 'trainr'; did you mean 'trainer'"):
        dag.add_cycle(CycleTemplates.training_loop(), nodes={"trainr": "a"})


def test_more_nodes_than_roles_are_an_error():
    dag = DAG("wf").add_node("a", lambda: 1).add_node("b", lambda a: 1)
    with pytest.raises(CycleConfigurationError, match="takes no 2 nodes"):
        dag.add_cycle(CycleTemplates.retry_cycle(), "a", "b")


def test_roles_that_are_not_connected_close_no_loop():
    dag = DAG("wf").add_node("trainer", lambda: 1).add_node("evaluator", lambda: {"loss": 1})
    with pytest.raises(CycleConnectionError, match="closes no loop"):
        dag.add_cycle(CycleTemplates.training_loop())
    assert dag.validate() == [] or not dag.has_cycles()


def test_a_name_that_is_taken_gets_a_number():
    dag = DAG("wf").add_node("a", lambda: 1).add_node("b", lambda: 1).add_node("c", lambda: 1)
    names = [dag.add_cycle(CycleTemplates.retry_cycle(), node).name for node in "ab"]
    assert names == ["retry_cycle", "retry_cycle_2"]
    assert dag.add_cycle(CycleTemplates.retry_cycle(), "c", name="a").name == "a_2"


def test_something_else_than_a_template_is_an_error():
    with pytest.raises(CycleConfigurationError, match="needs a template"):
        DAG("wf").add_cycle("retry_cycle")


@pytest.mark.parametrize(
    "make",
    [
        lambda: CycleTemplates.training_loop(max_epoch=3),
        lambda: CycleTemplates.retry_cycle(max_retry=3),
        lambda: CycleTemplates.polling_cycle("done", intervall=3),
    ],
)
def test_an_unknown_keyword_is_an_error_with_a_suggestion(make):
    with pytest.raises(UnknownOptionError, match="did you mean"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: CycleTemplates.training_loop(max_epochs=0),
        lambda: CycleTemplates.training_loop(learning_rate_decay=0),
        lambda: CycleTemplates.training_loop(direction="up"),
        lambda: CycleTemplates.data_quality_cycle(validation_split=2),
        lambda: CycleTemplates.data_quality_cycle(quality_threshold="high"),
        lambda: CycleTemplates.optimization_loop(max_generations=1, max_iterations=1),
        lambda: CycleTemplates.retry_cycle(max_retries=-1),
        lambda: CycleTemplates.retry_cycle(max_retries=True),
        lambda: CycleTemplates.retry_cycle(backoff_strategy="exponentiel"),
        lambda: CycleTemplates.retry_cycle(jitter=2),
        lambda: CycleTemplates.retry_cycle(retry_on=("OSError",)),
        lambda: CycleTemplates.retry_cycle(on_exhausted="warn"),
        lambda: CycleTemplates.retry_cycle(sleep=1),
        lambda: CycleTemplates.batch_processing_cycle(0, 10),
        lambda: CycleTemplates.batch_processing_cycle(10, -1),
        lambda: CycleTemplates.convergence_cycle(tolerance=-1),
        lambda: CycleTemplates.polling_cycle("done", interval=-1),
        lambda: CycleTemplates.polling_cycle("done", max_polls=0),
    ],
)
def test_a_value_that_is_none_is_refused_when_the_template_is_made(make):
    with pytest.raises(CycleConfigurationError):
        make()


# What goes round


def test_ports_of_the_same_name_are_fed_back():
    dag, cycle = one("p", lambda value=1.0: {"value": value / 2}, CycleTemplates.convergence_cycle(0.1))
    assert result(dag, cycle).outputs == {"p": {"value": 0.0625}}


def test_a_mapping_says_what_is_fed_back():
    dag = DAG("wf").add_node("p", lambda x=8.0: {"value": x / 2})
    cycle = dag.add_cycle(CycleTemplates.convergence_cycle(1.0), feedback={"value": "x"})
    assert result(dag, cycle.name).outputs == {"p": {"value": 1.0}}


def test_without_such_ports_there_is_only_a_signal():
    dag = DAG("wf").add_node("operation", lambda x=1: x)
    (edge,) = dag.add_cycle(CycleTemplates.retry_cycle()).feedback_edges
    assert edge.signal


def test_a_copy_of_a_workflow_has_its_templates():
    dag, cycle = one("operation", failing(1), CycleTemplates.retry_cycle(base_delay=0))
    assert result(dag.clone(), cycle).total_iterations == 2


def test_a_template_cannot_be_stored():
    dag, _ = one("operation", failing(0), CycleTemplates.retry_cycle())
    with pytest.raises(DocumentError, match="'retry_cycle' comes from a template"):
        dag.to_dict()


# Training


def test_the_learning_rate_falls_from_what_the_template_says(mode):
    rates = []

    def trainer(learning_rate):
        rates.append(learning_rate)
        return {"loss": 1.0}

    template = CycleTemplates.training_loop(
        max_epochs=3, learning_rate=0.8, learning_rate_decay=0.5, early_stopping_patience=None
    )
    dag, cycle = one("trainer", trainer, template)
    assert result(dag, cycle, mode=mode).shared == {"learning_rate_scale": 0.25}
    assert rates == [0.8, 0.4, 0.2]


@pytest.mark.parametrize(("inputs", "first"), [({}, 0.1), ({"learning_rate": 0.4}, 0.4)])
def test_without_one_it_falls_from_that_of_the_trainer_or_the_run(inputs, first):
    rates = []

    def trainer(learning_rate=0.1):
        rates.append(learning_rate)
        return {"loss": 1.0}

    template = CycleTemplates.training_loop(2, None, learning_rate_decay=0.5)
    dag, cycle = one("trainer", trainer, template)
    assert result(dag, cycle, inputs=inputs).reason == "max_iterations"
    assert result(dag, cycle, inputs=inputs).reason == "max_iterations"
    assert rates == [first, first / 2] * 2


def test_the_rate_of_the_trainer_is_not_that_of_another_node():
    dag = DAG("wf")
    dag.add_node("trainer", lambda learning_rate: {"loss": learning_rate})
    dag.add_node("other", lambda learning_rate: learning_rate)
    dag.add_cycle(CycleTemplates.training_loop(2, None, learning_rate_decay=0.5), "trainer")
    dag.run(learning_rate=1.0)
    assert dag.results == {"trainer": {"loss": 0.5}, "other": 1.0}


def test_a_rate_that_the_trainer_does_not_take_is_an_error():
    dag = DAG("wf").add_node("trainer", lambda: {"loss": 1.0})
    with pytest.raises(
        CycleConfigurationError, match="'learning_rate' to 'trainer', which has no such input"
    ):
        dag.add_cycle(CycleTemplates.training_loop(learning_rate=0.1))


def test_training_converges_when_its_gain_is_small():
    losses = iter([1.0, 0.5, 0.3, 0.29, 0.289, 0.2])
    template = CycleTemplates.training_loop(convergence_threshold=0.1)
    dag, cycle = one("trainer", lambda: {"loss": next(losses)}, template)
    found = result(dag, cycle)
    assert (found.reason, found.total_iterations, found.best_quality) == ("converged", 5, 0.289)


def test_training_converges_at_its_target():
    losses = iter([1.0, 0.5, 0.3])
    template = CycleTemplates.training_loop(target=0.5)
    dag, cycle = one("trainer", lambda: {"loss": next(losses)}, template)
    assert (result(dag, cycle).reason, dag.results) == ("converged", {"trainer": {"loss": 0.5}})


def test_w24_a_flat_accuracy_stops_early():
    template = CycleTemplates.learning_cycle(target_accuracy=0.95, patience=5)
    dag, cycle = one("trainer", lambda: {"accuracy": 0.5}, template)
    found = result(dag, cycle)
    assert (found.reason, found.total_iterations, found.converged) == ("early_stopped", 6, False)


# Cleaning and optimising


def test_cleaning_goes_on_until_the_quality_is_good_enough():
    dag = DAG("wf")
    dag.add_node("cleaner", lambda rows=0: rows + 1, outputs=["rows"])
    dag.add_node("validator", lambda rows, validation_split: {"quality_score": rows * validation_split})
    dag.connect("cleaner", "validator")
    template = CycleTemplates.data_quality_cycle(0.95, validation_split=0.4)
    cycle = dag.add_cycle(template, feedback={})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CycleLimitWarning)
        found = result(dag, cycle.name)
    assert found.outputs["validator"] == {"quality_score": 0.4}
    assert (found.reason, found.total_iterations) == ("max_iterations", 20)


def test_the_optimizer_gets_what_it_declares():
    seen = []

    def optimizer(population_size, mutation_rate=0.5):
        seen.append((population_size, mutation_rate))
        return {"quality": 1.0}

    template = CycleTemplates.optimization_loop(algorithm="genetic", population_size=50)
    dag, cycle = one("optimizer", optimizer, template)
    found = result(dag, cycle)
    assert (found.reason, found.total_iterations, set(seen)) == ("converged", 3, {(50, 0.5)})


# Trying again


def test_w13_an_operation_that_fails_twice_is_tried_three_times(mode):
    slept = []
    operation = failing(2, value={"status": "success", "records": 10})
    template = CycleTemplates.retry_cycle(max_retries=4, success="status == 'success'", sleep=slept.append)
    dag, cycle = one("etl", operation, template)
    dag.add_node("records", lambda etl: etl["records"]).connect("etl", "records")
    found = result(dag, cycle, mode=mode)
    assert (found.total_iterations, found.reason, slept) == (3, "converged", [1.0, 2.0])
    assert dag.results["records"] == 10
    assert [str(each) for each in found.errors] == ["attempt 1", "attempt 2"]
    assert dag.context.metadata["execution_status"] == "completed"


@pytest.mark.parametrize(
    ("settings", "delays"),
    [
        ({}, [1, 2, 4, 8]),
        ({"max_delay": 3}, [1, 2, 3, 3]),
        ({"backoff_strategy": "linear", "base_delay": 0.5}, [0.5, 1, 1.5, 2]),
        ({"backoff_strategy": "fixed"}, [1, 1, 1, 1]),
        ({"backoff_strategy": lambda number: number**2, "max_delay": 3}, [1, 4, 9, 16]),
    ],
)
def test_the_delays_grow_as_the_strategy_says(settings, delays):
    slept = []
    dag, _ = one("operation", failing(4), CycleTemplates.retry_cycle(sleep=slept.append, **settings))
    dag.run()
    assert slept == delays


def test_a_delay_is_jittered_by_a_part_of_itself():
    slept = []
    template = CycleTemplates.retry_cycle(40, "fixed", jitter=0.5, sleep=slept.append)
    dag, _ = one("operation", failing(40), template)
    dag.run()
    assert all(0.5 <= each <= 1.5 for each in slept)
    assert len(set(slept)) > 1


def test_the_runner_waits_where_nobody_else_does(mode):
    template = CycleTemplates.retry_cycle(base_delay=0.001)
    dag, cycle = one("operation", failing(2), template)
    assert result(dag, cycle, mode=mode).execution_time_seconds >= 0.003


def test_sleep_may_be_a_coroutine_function(mode):
    slept = []

    async def sleep(seconds):
        await asyncio.sleep(0)
        slept.append(seconds)

    dag, _ = one("operation", failing(2), CycleTemplates.retry_cycle(sleep=sleep))
    dag.run(mode=mode)
    assert slept == [1, 2]


def test_without_a_success_the_last_error_is_the_cause():
    operation = failing(9)
    times = iter([0.0, 3.0, 10.0])
    template = CycleTemplates.retry_cycle(2, sleep=lambda _: None, clock=lambda: next(times))
    dag, _ = one("operation", operation, template)
    with pytest.raises(RetryExhaustedError, match="none of 3 attempts in 10 s succeeded") as caught:
        dag.run()
    assert isinstance(caught.value.__cause__, OSError)
    assert str(caught.value.__cause__) == "attempt 3"
    assert (caught.value.attempts, caught.value.cycle, caught.value.iteration) == (3, "retry_cycle", 2)
    assert (caught.value.result.reason, caught.value.result.total_iterations) == ("max_iterations", 3)


def test_a_cycle_without_a_success_may_return():
    template = CycleTemplates.retry_cycle(2, base_delay=0, on_exhausted="return")
    dag, cycle = one("operation", failing(9), template)
    dag.add_node("after", lambda operation: 1).connect("operation", "after")
    found = result(dag, cycle)
    assert (found.reason, found.converged, found.total_iterations) == ("max_iterations", False, 3)
    assert "after" in found.skipped


def test_a_result_without_success_is_tried_again():
    answers = iter([{"success": False}, {"success": True}])
    dag, cycle = one("operation", lambda: next(answers), CycleTemplates.retry_cycle(base_delay=0))
    assert result(dag, cycle).total_iterations == 2


def test_other_errors_than_those_to_retry_end_the_run():
    operation = failing(3, error=KeyError)
    dag, _ = one("operation", operation, CycleTemplates.retry_cycle(retry_on=OSError, base_delay=0))
    with pytest.raises(CycleExecutionError) as caught:
        dag.run()
    assert isinstance(caught.value, KeyError)
    assert len(operation.made) == 1


def test_a_sleep_that_raises_is_no_failed_attempt():
    def sleep(seconds):
        raise ValueError("no bed")

    dag, _ = one("operation", failing(3), CycleTemplates.retry_cycle(sleep=sleep))
    with pytest.raises(CycleExecutionError, match="no bed"):
        dag.run()


def test_a_backoff_that_gives_no_seconds_is_an_error():
    template = CycleTemplates.retry_cycle(backoff_strategy=lambda number: "soon")
    dag, _ = one("operation", failing(3), template)
    with pytest.raises(CycleExecutionError, match="the delay before retry 1 must be a number of seconds"):
        dag.run()


def test_a_timeout_ends_a_cycle_that_waits(mode):
    template = CycleTemplates.retry_cycle(base_delay=30.0)
    dag = DAG("wf").add_node("operation", failing(3)).add_node("after", lambda: 1)
    cycle = dag.add_cycle(template, "operation").name
    dag.drawing.cycles.configs[cycle] = dag.drawing.cycles.configs[cycle].replace(timeout=0.05)
    found = result(dag, cycle, mode=mode)
    assert (found.reason, found.total_iterations) == ("timeout", 1)
    assert dag.results["after"] == 1


def test_each_run_counts_its_own_attempts():
    dag, cycle = one("operation", failing(0), CycleTemplates.retry_cycle())
    assert [result(dag, cycle).total_iterations for _ in range(2)] == [1, 1]


# Batches


@pytest.mark.parametrize(
    ("total", "ranges"),
    [
        (45, [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)]),
        (35, [(0, 10), (10, 20), (20, 30), (30, 35)]),
    ],
)
def test_w14_each_iteration_gets_its_range(total, ranges, mode):
    seen = []

    def processor(start, end, batch_index, processed=0):
        seen.append((start, end))
        assert batch_index == len(seen) - 1
        return {"processed": processed + end - start}

    dag = DAG("wf").add_node("processor", processor)
    cycle = dag.add_cycle(
        CycleTemplates.batch_processing_cycle(10, total), feedback={"processed": "processed"}
    )
    found = result(dag, cycle.name, mode=mode)
    assert (seen, found.reason, found.total_iterations) == (ranges, "converged", len(ranges))
    assert found.outputs == {"processor": {"processed": total}}


def test_w14_no_items_are_no_iteration():
    dag, cycle = one("p", lambda start, end: 1, CycleTemplates.batch_processing_cycle(10, 0))
    assert (result(dag, cycle).reason, result(dag, cycle).total_iterations) == ("not_entered", 0)


@pytest.mark.parametrize("last", [{"done": True}, [], None, {"batch": []}])
def test_an_unknown_number_of_items_ends_with_an_empty_batch(last):
    items = iter([{"batch": [1]}, [1, 2], last])
    dag, cycle = one("p", lambda start, end: next(items), CycleTemplates.batch_processing_cycle(10))
    found = result(dag, cycle)
    assert (found.reason, found.total_iterations) == ("converged", 3)


def test_a_function_that_takes_any_name_gets_the_range():
    seen = []

    def processor(**inputs):
        seen.append(inputs)
        return 1

    dag, _ = one("p", processor, CycleTemplates.batch_processing_cycle(2, 3))
    dag.run()
    assert seen == [
        {"start": 0, "end": 2, "batch_index": 0, "batch_size": 2},
        {"start": 2, "end": 3, "batch_index": 1, "batch_size": 2},
    ]


# Convergence and polling


def test_a_value_converges_when_it_moves_by_a_part_of_itself():
    dag, cycle = one(
        "p", lambda value=1.0: {"value": value + 1}, CycleTemplates.convergence_cycle(0.1, relative=True)
    )
    assert result(dag, cycle).outputs == {"p": {"value": 10.0}}


def test_the_first_value_never_converges():
    dag, cycle = one("p", lambda: {"value": 1.0}, CycleTemplates.convergence_cycle())
    assert result(dag, cycle).total_iterations == 2


def test_polls_wait_in_between(mode):
    slept, answers = [], iter([False, False, True])
    template = CycleTemplates.polling_cycle("done", interval=5, sleep=slept.append)
    dag, cycle = one("poller", lambda: {"done": next(answers)}, template)
    found = result(dag, cycle, mode=mode)
    assert (found.reason, found.total_iterations, slept) == ("converged", 3, [5, 5])


def test_polling_that_finds_nothing_is_told():
    template = CycleTemplates.polling_cycle("done", interval=0, max_polls=2)
    dag, cycle = one("poller", lambda: {"done": False}, template)
    with pytest.warns(CycleLimitWarning):
        assert result(dag, cycle).reason == "max_iterations"
