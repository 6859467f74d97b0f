"""What a generator makes goes to its one reader item by item, as that asks for it."""

import contextvars
import itertools
import weakref
from time import perf_counter

import anyio
import anyio.lowlevel
import pytest

from fast_dag import DAG, CacheError, StreamError, ValidationError
from tests.conformance.modes import PARALLEL, SEQUENTIAL, raised_by
from tests.conformance.producers import counting, counting_async, summing, summing_async

PRODUCERS = {"sync": counting, "async": counting_async}
CONSUMERS = {"for": summing, "async for": summing_async}


def chain(*functions, **settings):
    """A DAG of functions, each of which takes what the one before it gives; *settings* of the first."""
    dag = DAG("chain")
    for number, function in enumerate(functions):
        dag.node(**(settings if number == 0 else {}))(function)
    for source, target in itertools.pairwise(functions):
        dag.connect(source.__name__, target.__name__)
    return dag


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_every_kind_of_generator_reaches_every_kind_of_consumer(any_mode, producer, consumer):
    assert any_mode(chain(producer(4), consumer())) == 6


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_an_item_is_made_when_the_consumer_asks_for_it(any_mode, producer, consumer):
    log = []
    any_mode(chain(producer(3, log), consumer(log)))
    assert log == ["reads", "makes 0", "takes 0", "makes 1", "takes 1", "makes 2", "takes 2", "ends"]


def test_an_async_node_reads_a_sync_generator_with_a_plain_for(any_mode):
    async def use(numbers):
        await anyio.lowlevel.checkpoint()
        return [number for number in numbers]  # noqa: C416 - a plain for is what this is about

    assert any_mode(chain(counting(3), use)) == [0, 1, 2]


def test_an_async_node_that_reads_an_async_generator_with_a_plain_for_is_told_to_use_async_for(any_mode):
    async def use(numbers):
        return list(numbers)

    error = raised_by(any_mode, chain(counting_async(3), use))
    assert isinstance(error, StreamError)
    assert "use async for" in str(error)


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_consumer_asks_for_single_items_with_next(any_mode, producer):
    def use(numbers):
        first = next(numbers)
        assert iter(numbers) is numbers
        return first, next(numbers), list(numbers), next(numbers, "no more")

    assert any_mode(chain(producer(4), use)) == (0, 1, [2, 3], "no more")


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_an_async_consumer_asks_for_single_items_with_anext(any_mode, producer):
    async def use(numbers):
        first = await anext(numbers)
        return first, await anext(numbers), await anext(numbers, "no more")

    assert any_mode(chain(producer(2), use)) == (0, 1, "no more")


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_function_that_returns_a_generator_gives_a_stream(any_mode, producer, is_async):
    def make():
        return producer(3)()

    async def make_async():
        await anyio.lowlevel.checkpoint()
        return producer(3)()

    dag = chain(make_async if is_async else make, summing())
    assert any_mode(dag) == 3
    with pytest.raises(StreamError):
        list(dag.context.results["make_async" if is_async else "make"])


class Countdown:
    """An iterator of one's own."""

    def __init__(self):
        self.left = 3

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        return self.left


class CountdownAsync:
    """An async iterator of one's own."""

    def __init__(self):
        self.left = 3

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return self.left


ITERATORS = {
    "list": lambda: iter([2, 1, 0]),
    "map": lambda: map(abs, [-2, -1, 0]),
    "own": Countdown,
    "own async": CountdownAsync,
}


@pytest.mark.parametrize("make", ITERATORS.values(), ids=ITERATORS)
@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_once_declares_any_iterator_a_stream(any_mode, make, consumer):
    def numbers():
        return make()

    dag = chain(numbers, consumer(), stream="once")
    assert any_mode(dag) == 3
    with pytest.raises(StreamError):
        iter(dag.context.results["numbers"])


def test_an_iterator_that_nobody_declared_is_an_ordinary_value(any_mode):
    def numbers():
        return iter([1, 2, 3])

    def rest(numbers, head):
        return head, list(numbers)

    dag = chain(numbers, rest)
    dag.connect(dag.node(lambda numbers: next(numbers), name="head"), "rest").connect("numbers", "head")
    assert any_mode(dag) == (1, [2, 3])
    assert type(dag.context.results["numbers"]) is type(iter([]))


def test_false_leaves_a_generator_an_ordinary_value(any_mode):
    dag = chain(counting(3), summing(), stream=False)
    assert any_mode(dag) == 3
    assert type(dag.context.results["counting"]).__name__ == "generator"


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_list_gives_the_collected_list(any_mode, producer):
    dag = chain(producer(3), summing(), stream="list")
    dag.connect("counting", dag.node(len, name="size", inputs=["counting"]))
    assert any_mode(dag) == 3
    assert dag.context.results["counting"] == [0, 1, 2]
    assert dag.context.results["summing"] == 3


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_list_collects_what_an_async_function_returns(any_mode, producer):
    async def numbers():
        await anyio.lowlevel.checkpoint()
        return producer(3)()

    assert any_mode(chain(numbers, stream="list")) == [0, 1, 2]


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_list_collects_what_a_workflow_inside_gives(any_mode, producer):
    def double(counting):
        return (2 * number for number in counting)

    dag = DAG("outer")
    dag.add_dag("sub", chain(producer(3), double), stream="list")
    assert any_mode(dag) == [0, 2, 4]


def test_several_consumers_of_a_generator_function_are_an_error_before_anything_runs(any_mode):
    calls = []

    def numbers():
        calls.append(1)
        yield 1

    dag = chain(numbers, summing())
    dag.connect("numbers", dag.node(list, name="other", inputs=["numbers"]))
    error = raised_by(any_mode, dag)
    assert isinstance(error, ValidationError)
    assert "'numbers' is a stream with consumers summing, other; use stream='tee' or 'list'" in str(error)
    assert not calls


def test_several_consumers_of_a_returned_generator_are_an_error_when_it_is_there(any_mode):
    def numbers():
        return (number for number in range(3))

    dag = chain(numbers, summing())
    dag.connect("numbers", dag.node(list, name="other", inputs=["numbers"]))
    error = raised_by(any_mode, dag)
    assert isinstance(error, StreamError)
    assert str(error).endswith(
        "'numbers' is a stream with consumers summing, other; use stream='tee' or 'list'"
    )
    assert error.node_name == "numbers"


def test_two_inputs_of_one_consumer_share_its_stream(any_mode):
    def pairs(left, right):
        return list(zip(left, right, strict=True))

    dag = DAG("pairs")
    dag.node(counting(4))
    dag.node(pairs)
    dag.connect("counting", "pairs", input="left").connect("counting", "pairs", input="right")
    assert any_mode(dag) == [(0, 1), (2, 3)]


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_what_the_results_show_of_a_stream_cannot_be_read(any_mode, producer):
    dag = chain(producer(3), summing())
    any_mode(dag)
    shown = dag.context.results["counting"]
    assert repr(shown) == "<stream of 'counting', read by others>"
    for read in (iter, next, list, aiter):
        with pytest.raises(StreamError, match=r"belongs to the nodes that read it.*stream='list'"):
            read(shown)


def test_a_node_that_sees_the_context_cannot_read_the_stream_of_others_there(any_mode):
    def use(counting, context):
        with pytest.raises(StreamError):
            list(context.results["counting"])
        return repr(counting), list(counting)

    assert any_mode(chain(counting(2), use)) == ("<stream of 'counting'>", [0, 1])


def test_results_that_are_not_kept_go_for_streams_too(any_mode):
    dag = chain(counting(3), summing())
    assert any_mode(dag, keep_results="exits") == 3
    assert dag.context.results == {"summing": 3}


@pytest.mark.parametrize("stream", [None, "once", "tee", False])
def test_a_cached_node_cannot_give_a_stream(any_mode, stream):
    error = raised_by(any_mode, chain(counting(3), summing(), cached=True, stream=stream))
    assert isinstance(error, CacheError)
    assert "use stream='list'" in str(error)


def test_an_iterator_that_is_an_ordinary_value_can_be_cached(any_mode):
    dag, made = DAG("ordinary"), iter([1, 2])
    dag.cached_node(lambda: made, name="give", stream=False)
    assert any_mode(dag) is any_mode(dag) is made


def test_a_collected_stream_can_be_cached(any_mode):
    log = []
    dag = chain(counting(2, log), summing(), cached=True, stream="list")
    assert (any_mode(dag), any_mode(dag)) == (1, 1)
    assert log == ["makes 0", "makes 1", "ends"]


@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_the_time_of_making_items_belongs_to_the_producer(any_mode, consumer):
    def numbers():
        for number in range(3):
            until = perf_counter() + 0.02
            while perf_counter() < until:
                pass
            yield number

    dag = chain(numbers, consumer())
    any_mode(dag)
    times = dag.context.metrics["node_times"]
    assert times["numbers"] >= 0.06
    assert times[consumer().__name__] < 0.03


SEEN = contextvars.ContextVar("seen", default="unset")


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_what_a_generator_sets_in_the_context_is_its_own(any_mode, is_async):
    found = []

    def numbers():
        token = SEEN.set("generator")
        found.append(SEEN.get())
        yield 1
        found.append(SEEN.get())
        SEEN.reset(token)
        found.append(SEEN.get())

    async def numbers_async():
        for number in numbers():
            await anyio.lowlevel.checkpoint()
            yield number

    def use(numbers):
        return [(number, SEEN.get()) for number in numbers]

    token = SEEN.set("caller")
    try:
        assert any_mode(chain(numbers_async if is_async else numbers, use)) == [(1, "caller")]
        assert SEEN.get() == "caller"
    finally:
        SEEN.reset(token)
    assert found == ["generator", "generator", "caller"]


@pytest.mark.parametrize("mode", [SEQUENTIAL, PARALLEL], ids=str)
def test_no_more_than_two_chunks_are_alive_at_once(mode):
    class Chunk:
        def __init__(self):
            self.data = bytearray(1_000_000)
            alive.add(self)
            most.append(len(alive))

    alive, most = weakref.WeakSet(), []

    def chunks():
        for _ in range(200):
            yield Chunk()

    def use(chunks):
        return sum(len(chunk.data) for chunk in chunks)

    assert mode(chain(chunks, use)) == 200_000_000
    assert max(most) <= 2
