"""Where a stream may go: through routers and joins, into maps and nested workflows, out of the run."""

import itertools

import pytest

from fast_dag import DAG, ConditionalReturn, SelectReturn, StreamError
from tests.conformance.modes import raised_by
from tests.conformance.producers import counting, counting_async, summing, summing_async, waited

PRODUCERS = {"sync": counting, "async": counting_async}
CONSUMERS = {"for": summing, "async for": summing_async}


def doubled(numbers):
    for number in numbers:
        yield 2 * number


async def doubled_async(numbers):
    async for number in numbers:
        yield 2 * number


def wired(*functions):
    """A DAG of functions, each of which takes what the one before it gives."""
    dag = DAG("wired")
    for function in functions:
        dag.node(function)
    for source, target in itertools.pairwise(dag.nodes):
        dag.connect(source, target)
    return dag


@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
@pytest.mark.parametrize("middle", [doubled, doubled_async])
@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_row_of_generators_goes_item_by_item(any_mode, producer, middle, consumer):
    log = []
    dag = wired(producer(2, log), middle, consumer(log))
    assert any_mode(dag) == 2
    assert log == ["reads", "makes 0", "takes 0", "makes 1", "takes 2", "ends"]


def test_each_generator_of_a_row_has_its_own_time(any_mode):
    dag = wired(counting(2000), doubled, summing())
    any_mode(dag)
    times, total = dag.context.metrics["node_times"], dag.context.metrics["execution_time"]
    assert all(time > 0 for time in times.values())
    # Counted twice it would be more than twice as much.
    assert sum(times.values()) < 1.7 * total


@pytest.mark.parametrize("join", ["any", "all"])
@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_stream_goes_through_a_node_that_joins(any_mode, producer, join):
    def pick(data):
        return data["counting"]

    log = []
    dag = wired(producer(3, log))
    getattr(dag, join)(pick)
    dag.node(summing(log))
    dag.connect("counting", "pick").connect("pick", "summing")
    assert any_mode(dag) == 3
    assert log[:3] == ["reads", "makes 0", "takes 0"]
    assert repr(dag.context.results["pick"]) == "<stream of 'pick', read by others>"


def test_what_a_node_passes_on_of_a_stream_has_one_reader_too(any_mode):
    def pick(counting):
        return counting

    dag = wired(counting(3), pick)
    for name in "ab":
        dag.connect("pick", dag.node(summing(), name=name))
    error = raised_by(any_mode, dag)
    assert isinstance(error, StreamError)
    assert "'pick' is a stream with consumers a, b" in str(error)


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_stream_goes_through_the_branch_of_a_condition(any_mode, producer):
    dag, log = DAG("routed"), []
    dag.node(producer(3, log))

    @dag.condition
    def check(counting):
        return True

    dag.node(summing(log))
    dag.node(summing(log), name="other")
    dag.connect("counting", "check")
    dag.connect("check", "summing", output="true").connect("check", "other", output="false")
    assert any_mode(dag) == 3
    assert log[:3] == ["reads", "makes 0", "takes 0"]
    assert dag.context.results["check"] is True


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@pytest.mark.parametrize("kind", ["condition", "select"])
def test_a_router_that_passes_a_generator_on_makes_it_a_stream_of_its_branch(any_mode, producer, kind):
    dag, log = DAG("routed"), []

    def route():
        numbers = producer(3, log)()
        return ConditionalReturn(True, numbers) if kind == "condition" else SelectReturn("true", numbers)

    getattr(dag, kind)(route)
    for name, branch in (("taken", "true"), ("other", "false")):
        dag.connect("route", dag.node(summing(log), name=name), output=branch)
    assert any_mode(dag) == 3
    assert log[:3] == ["reads", "makes 0", "takes 0"]
    with pytest.raises(StreamError):
        list(dag.context.results["route"])


def test_a_branch_with_several_consumers_needs_a_tee(any_mode):
    dag = DAG("routed")

    def route():
        return SelectReturn("left", counting(3)())

    for settings in ({}, {"stream": "tee"}):
        dag.select(replace=True, **settings)(route)
        for name in "ab":
            if name not in dag:
                dag.node(summing(), name=name)
            dag.connect("route", name, output="left")
        if settings:
            assert any_mode(dag) == 3
        else:
            assert "consumers a, b" in str(raised_by(any_mode, dag))
        dag.remove_node("route")


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_map_reads_a_stream_only_as_elements_can_start(any_mode, producer):
    log = []
    dag = wired(producer(6, log))

    @dag.map(max_concurrency=1)
    def double(counting):
        log.append(f"doubles {counting}")
        return 2 * counting

    dag.connect("counting", "double")
    assert any_mode(dag) == [0, 2, 4, 6, 8, 10]
    assert log[:4] == ["makes 0", "doubles 0", "makes 1", "doubles 1"]


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_a_workflow_inside_reads_a_stream(any_mode, producer, consumer):
    log = []
    inner = DAG("inner")
    inner.node(consumer(log))
    dag = wired(producer(3, log))
    dag.connect("counting", dag.add_dag("sub", inner))
    assert any_mode(dag) == 3
    assert log[:3] == ["reads", "makes 0", "takes 0"]


def inner_with_two_readers():
    inner = DAG("inner")
    for name in "ab":
        inner.node(summing(), name=name)
    return inner


def test_several_consumers_inside_a_workflow_are_several_consumers(any_mode):
    dag = wired(counting(3))
    dag.connect("counting", dag.add_dag("sub", inner_with_two_readers()))
    error = raised_by(any_mode, dag)
    assert isinstance(error, StreamError)
    assert "'counting' is a stream with consumers sub.a, sub.b" in str(error)


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_several_consumers_inside_a_workflow_share_a_tee(any_mode, producer):
    dag = DAG("outer")
    dag.node(stream="tee")(producer(3))
    dag.connect("counting", dag.add_dag("sub", inner_with_two_readers(), outputs=["a", "b"]))
    assert any_mode(dag) == {"a": 3, "b": 3}


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_a_workflow_inside_gives_a_stream(any_mode, producer, consumer):
    log = []
    middle = doubled if producer is counting else doubled_async
    dag = DAG("outer")
    dag.add_dag("sub", wired(producer(2, log), middle))
    dag.connect("sub", dag.node(consumer(log)))
    assert any_mode(dag) == 2
    assert log == ["reads", "makes 0", "takes 0", "makes 1", "takes 2", "ends"]


def test_a_stream_read_inside_a_workflow_is_no_output_of_it(any_mode):
    dag = DAG("outer")
    dag.add_dag("sub", wired(counting(3), summing()), outputs=["counting", "summing"])
    result = any_mode(dag)
    assert result["summing"] == 3
    with pytest.raises(StreamError):
        list(result["counting"])


def test_the_stream_of_an_exit_node_is_the_result_of_the_run_unread(any_mode):
    log = []
    result = any_mode(wired(counting(3, log)))
    assert not log
    assert list(result) == [0, 1, 2]


def test_the_async_stream_of_an_exit_node_is_the_result_of_the_run_unread(any_mode):
    async def collect():
        return [number async for number in result]

    log = []
    result = any_mode(wired(counting_async(3, log)))
    assert not log
    assert waited(any_mode, collect) == [0, 1, 2]


@pytest.mark.parametrize(
    "make", [doubled, lambda numbers: map((2).__mul__, numbers)], ids=["generator", "map"]
)
def test_a_result_may_read_another_stream_after_the_run(any_mode, make):
    log = []
    dag = wired(counting(3, log))
    dag.connect("counting", dag.node(make, name="doubled"))
    result = any_mode(dag)
    assert not log
    assert list(result) == [0, 2, 4]
    assert log[-1] == "ends"


def test_a_result_may_read_on_after_the_run_where_its_node_has_stopped(any_mode):
    def rest(counting):
        first = next(counting)
        return (first + number for number in counting)

    assert list(any_mode(wired(counting(4), rest))) == [1, 2, 3]


def test_a_result_may_read_its_share_of_a_tee_after_the_run(any_mode):
    dag = DAG("tee")
    dag.node(stream="tee")(counting(3))
    dag.node(summing())
    dag.node(doubled)
    dag.connect("counting", "summing").connect("counting", "doubled")
    assert list(any_mode(dag)) == [0, 2, 4]
    assert dag["summing"] == 3


@pytest.mark.parametrize("has_begun", [False, True], ids=["unread", "begun"])
def test_a_result_cannot_read_an_async_stream_after_the_run(any_mode, has_begun):
    def rest(counting):
        if has_begun:
            next(counting)
        return doubled(counting)

    log = []
    result = any_mode(wired(counting_async(3, log), rest))
    with pytest.raises(StreamError, match="is over; use stream='list'"):
        next(result)
    assert ("ends" in log) == has_begun


def test_an_async_result_cannot_go_on_with_an_async_stream_that_was_begun(any_mode):
    async def rest(counting):
        await anext(counting)
        return doubled_async(counting)

    async def read():
        return [number async for number in result]

    result = any_mode(wired(counting_async(3), rest))
    with pytest.raises(StreamError, match="is over"):
        waited(any_mode, read)


def test_an_async_result_reads_an_async_stream_after_the_run(any_mode):
    async def read():
        return [number async for number in result]

    result = any_mode(wired(counting_async(3), doubled_async))
    assert waited(any_mode, read) == [0, 2, 4]


def test_an_async_result_cannot_read_a_sync_stream_after_the_run_with_async_for(any_mode):
    async def read():
        return [number async for number in result]

    result = any_mode(wired(counting(3), doubled_async))
    with pytest.raises(StreamError, match="is over"):
        waited(any_mode, read)


def test_a_reader_that_was_put_aside_cannot_be_read_after_the_run(any_mode):
    aside = []

    def use(counting):
        aside.append(counting)
        return next(counting)

    any_mode(wired(counting(3), use))
    with pytest.raises(StreamError, match="the run that made the stream 'counting' is over"):
        next(aside[0])


def going_round(*readers):
    """A DAG whose nodes read one input, the first of them in a cycle; it gives what each has read."""
    dag = DAG("round")
    for name in readers:
        dag.node(lambda numbers: sorted(numbers), name=name)
    with dag.cycle("c", max_iterations=3, on_limit="return") as c:
        c.feedback("first", "first", input="numbers")
    dag.all(lambda inputs: inputs, name="end")
    for name in readers:
        dag.connect(name, "end")
    return dag


def test_a_stream_may_begin_a_cycle_in_a_nested_workflow(any_mode):
    dag = DAG("outer").add_node("numbers", counting(2))
    dag.add_workflow("inner", going_round("first"))
    assert any_mode(dag.connect("numbers", "inner")) == {"first": [0, 1]}


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_stream_may_bring_the_facts_of_a_delta_variable_there(any_mode, producer):
    inner = DAG("inner").add_node("more", lambda numbers: {n + 10 for n in numbers.new if n < 10})
    with inner.cycle("c") as c:
        c.feedback("more", "more").delta("more", input="numbers")
    inner.add_node("end", sorted).connect("c", "end")
    dag = DAG("outer").add_node("numbers", producer(2))
    dag.add_workflow("inner", inner)
    assert any_mode(dag.connect("numbers", "inner")) == [0, 1, 10, 11]


def test_a_cycle_shares_a_stream_with_nodes_outside_of_it(any_mode):
    dag = going_round("first", "second").add_node("numbers", counting(2), stream="tee")
    dag.connect("numbers", "first").connect("numbers", "second")
    assert any_mode(dag) == {"first": [0, 1], "second": [0, 1]}


@pytest.mark.parametrize("stream", ["tee", None])
def test_a_nested_cycle_shares_a_stream_if_its_node_says_so(any_mode, stream):
    dag = DAG("outer").add_node("numbers", counting(2), stream=stream)
    dag.add_workflow("inner", going_round("first", "second"))
    dag.connect("numbers", "inner")
    if stream == "tee":
        assert any_mode(dag) == {"first": [0, 1], "second": [0, 1]}
        return
    error = raised_by(any_mode, dag)
    assert isinstance(error, StreamError)
    assert "'numbers' is a stream with consumers inner.second, inner.c (enter)" in str(error)
