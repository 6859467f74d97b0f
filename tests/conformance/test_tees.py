"""A stream with several consumers, each of which sees every item."""

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, sleep

import pytest

from fast_dag import DAG, StreamError
from tests.conformance.modes import raised_by
from tests.conformance.producers import counting, counting_async

PRODUCERS = {"sync": counting, "async": counting_async}


def head(counting):
    """The first item of a stream."""
    return next(counting)


def reading(name, log=None, *, is_async=False, others=()):
    """A function called *name* that lists a stream, and takes what *others* give."""
    log = [] if log is None else log

    def read(numbers):
        found = []
        for number in numbers:
            log.append((name, number))
            found.append(number)
        return found

    async def read_async(numbers):
        found = []
        async for number in numbers:
            log.append((name, number))
            found.append(number)
        return found

    read_it = read_async if is_async else read
    if not others:
        function = read_it
    else:

        def function(numbers, before):
            return read_it(numbers)

    function.__name__ = name
    return function


def teed(producer, *readers, buffer=None):
    """A DAG of a producer and all who read it."""
    dag = DAG("tee")
    dag.node(stream="tee", stream_buffer=buffer)(producer)
    for reader in readers:
        dag.connect(producer.__name__, dag.node(reader))
    return dag


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("is_async", [False, True], ids=["for", "async for"])
@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_every_consumer_sees_every_item(any_mode, producer, is_async, count):
    names = "abc"[:count]
    dag = teed(producer(5), *[reading(name, is_async=is_async) for name in names])
    any_mode(dag)
    assert [dag.context.results[name] for name in names] == [[0, 1, 2, 3, 4]] * count


@pytest.mark.parametrize("buffer", [1, 2])
@pytest.mark.parametrize(
    "kinds", [(False, False), (False, True), (True, True)], ids=["sync", "mixed", "async"]
)
@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_no_more_items_are_kept_than_the_buffer_says(concurrent_mode, producer, kinds, buffer):
    ahead, taken = [], []

    class Made(list):
        def append(self, entry):
            super().append(entry)
            ahead.append(len(self) - min(sum(name == each for each, _ in taken) for name in "ab"))

    readers = [reading(name, taken, is_async=kind) for name, kind in zip("ab", kinds, strict=True)]
    dag = teed(producer(20, Made()), *readers, buffer=buffer)
    concurrent_mode(dag, max_workers=2)
    assert dag.context.results["a"] == dag.context.results["b"] == list(range(20))
    # An item that was taken, but that the consumer has not told of yet, counts as kept here; so does the end.
    assert max(ahead) <= buffer + 2


def test_sequential_mode_says_that_a_buffer_is_full():
    dag = teed(counting(5), reading("a"), reading("b"), buffer=2)
    with pytest.raises(StreamError, match=r"'counting' is 2 items ahead of 'b'.*stream_buffer"):
        dag.run()


def test_a_buffer_with_room_for_all_is_no_error_in_any_mode(any_mode):
    dag = teed(counting(3), reading("a"), reading("b"), buffer=4)
    assert any_mode(dag) == [0, 1, 2]


def test_one_worker_for_two_consumers_is_an_error_rather_than_a_deadlock(concurrent_mode):
    dag = teed(counting(5), reading("a"), reading("b"), buffer=1)
    error = raised_by(concurrent_mode, dag, max_workers=1)
    assert isinstance(error, StreamError)
    assert "more workers" in str(error)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_consumer_that_waits_for_another_one_is_an_error_rather_than_a_deadlock(any_mode, is_async):
    dag = teed(counting(5), reading("a", is_async=is_async), buffer=2)
    dag.node(reading("b", others=["a"]))
    dag.connect("counting", "b", input="numbers").connect("a", "b", input="before")
    error = raised_by(any_mode, dag)
    assert isinstance(error, StreamError)
    assert "2 items ahead of 'b'" in str(error)


def test_a_consumer_may_wait_for_another_one_when_all_items_are_kept(any_mode):
    dag = teed(counting(5), reading("a"))
    dag.node(reading("b", others=["a"]))
    dag.connect("counting", "b", input="numbers").connect("a", "b", input="before")
    assert any_mode(dag) == [0, 1, 2, 3, 4]


def test_a_pool_with_too_few_threads_is_an_error_rather_than_a_deadlock():
    dag = teed(counting(5), reading("a"), reading("b"), buffer=1)
    with ThreadPoolExecutor(1) as executor, pytest.raises(StreamError, match="more workers"):
        dag.run(executor=executor, max_workers=4)


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_nothing_is_kept_for_a_consumer_that_has_stopped_early(any_mode, producer):
    dag = teed(producer(9), head, reading("a"), buffer=2)
    assert any_mode(dag) == list(range(9))


def test_nothing_is_kept_for_a_consumer_that_failed(any_mode):
    def b(counting):
        raise ValueError(next(counting))

    dag = teed(counting(9), b, reading("a"), buffer=2)
    assert any_mode(dag, error_strategy="continue") == list(range(9))


def test_nothing_is_kept_for_a_consumer_that_is_skipped(any_mode):
    dag = DAG("tee")

    @dag.condition
    def never():
        return False

    dag.node(stream="tee", stream_buffer=2)(counting(9))
    dag.node(reading("b", others=["never"]))
    dag.node(reading("a"))
    dag.connect("never", "b", output="true", input="before")
    dag.connect("counting", "b", input="numbers").connect("counting", "a")
    assert any_mode(dag) == list(range(9))
    assert "b" in dag.context.metadata["skipped"]


def test_nothing_is_kept_for_an_any_node_that_has_another_winner(any_mode):
    dag = DAG("tee")

    @dag.node
    def early():
        return "early"

    dag.node(stream="tee", stream_buffer=1)(counting(9))

    @dag.any
    def pick(early, counting):
        return early

    dag.node(reading("a"))
    dag.connect("early", "pick").connect("counting", "pick").connect("counting", "a")
    assert any_mode(dag) == list(range(9))


def test_nothing_is_kept_for_a_generator_that_nobody_reads_to_the_end(any_mode):
    def doubled(counting):
        for number in counting:
            yield 2 * number

    dag = teed(counting(9), doubled, buffer=2)
    dag.connect("doubled", dag.node(head), input="counting")
    dag.connect("counting", dag.node(reading("a")))
    assert any_mode(dag) == list(range(9))
    assert dag["head"] == 0


@pytest.mark.parametrize("is_generator", [False, True], ids=["map", "generator"])
def test_items_are_kept_for_what_a_consumer_returned_unread(any_mode, is_generator):
    def texts(counting):
        return (str(number) for number in counting) if is_generator else map(str, counting)

    def last(texts, a):
        return list(texts), a

    dag = teed(counting(4), texts, reading("a"))
    dag.node(last)
    dag.connect("texts", "last").connect("a", "last")
    assert any_mode(dag) == (["0", "1", "2", "3"], [0, 1, 2, 3])


def test_a_stream_of_a_tee_may_be_a_tee_itself(any_mode):
    def doubled(counting):
        for number in counting:
            yield 2 * number

    dag = DAG("tees")
    dag.node(stream="tee")(counting(5))
    dag.node(stream="tee")(doubled)
    for name in "abc":
        dag.node(reading(name))
    dag.connect("counting", "doubled").connect("counting", "a").connect("doubled", "b").connect(
        "doubled", "c"
    )
    any_mode(dag)
    assert [dag[name] for name in "abc"] == [list(range(5)), [0, 2, 4, 6, 8], [0, 2, 4, 6, 8]]


def test_two_tees_behind_one_another_with_too_few_workers_are_no_deadlock(concurrent_mode):
    def doubled(counting):
        for number in counting:
            yield 2 * number

    dag = DAG("tees")
    dag.node(stream="tee", stream_buffer=1)(counting(50))
    dag.node(stream="tee", stream_buffer=1)(doubled)
    for name in "bca":
        dag.node(reading(name))
    dag.connect("counting", "doubled").connect("doubled", "b").connect("doubled", "c").connect(
        "counting", "a"
    )
    error = raised_by(concurrent_mode, dag, max_workers=2)
    assert isinstance(error, StreamError)
    assert "more workers" in str(error)


def test_async_nodes_that_read_a_bounded_tee_with_a_plain_for_are_told_to_use_async_for(async_mode):
    async def a(counting):
        return list(counting)

    async def b(counting):
        return list(counting)

    error = raised_by(async_mode, teed(counting(5), a, b, buffer=1))
    assert isinstance(error, StreamError)
    assert "use async for" in str(error)


def take(numbers):
    try:
        return next(numbers, "end")
    except OSError as error:
        return type(error)


async def take_async(numbers):
    try:
        return await anext(numbers, "end")
    except OSError as error:
        return type(error)


@pytest.mark.parametrize("is_async", [False, True], ids=["for", "async for"])
def test_every_consumer_meets_the_error_of_the_producer_once(any_mode, is_async):
    def numbers():
        yield 1
        raise OSError("cut off")

    def use(numbers):
        return [take(numbers) for _ in range(4)]

    async def use_async(numbers):
        return [await take_async(numbers) for _ in range(4)]

    dag = DAG("tee")
    dag.node(stream="tee")(numbers)
    for name in "ab":
        dag.connect("numbers", dag.node(use_async if is_async else use, name=name))
    any_mode(dag)
    assert dag["a"] == dag["b"] == [1, OSError, "end", "end"]


def test_waiting_for_an_item_that_is_made_for_another_is_no_work(concurrent_mode):
    def numbers():
        for number in range(4):
            until = perf_counter() + 0.02
            while perf_counter() < until:
                sleep(0)
            yield number

    dag = teed(numbers, reading("a"), reading("b"))
    concurrent_mode(dag, max_workers=2)
    times = dag.context.metrics["node_times"]
    assert times["numbers"] >= 0.08
    assert times["a"] + times["b"] < 0.04
