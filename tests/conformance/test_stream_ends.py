"""How a stream ends: errors of the producer, attempts that are not made again, and closing."""

import contextvars
import threading
import warnings

import anyio
import anyio.lowlevel
import pytest

from fast_dag import DAG, Context, ExecutionError, RunCancelledError, StreamError
from fast_dag import TimeoutError as RunTimeoutError
from tests.conformance.modes import (
    SEQUENTIAL,
    cancelled_after,
    comes_true,
    raised_by,
    threads_of_the_library,
)
from tests.conformance.producers import counting, counting_async, summing, summing_async

PRODUCERS = {"sync": counting, "async": counting_async}
CONSUMERS = {"for": summing, "async for": summing_async}


def broken(error, after=1):
    """A generator function that raises *error* after some items."""

    def numbers():
        yield from range(after)
        raise error

    return numbers


def broken_async(error, after=1):
    """The same as an async generator function."""

    async def numbers():
        for number in range(after):
            await anyio.lowlevel.checkpoint()
            yield number
        raise error

    return numbers


BROKEN = {"sync": broken, "async": broken_async}


def wired(*functions, **settings):
    """A DAG of functions, each of which takes what the one before it gives; *settings* of the last."""
    dag = DAG("wired")
    for function in functions:
        dag.node(**(settings if function is functions[-1] else {}))(function)
    for source, target in zip(list(dag.nodes), list(dag.nodes)[1:], strict=False):
        dag.connect(source, target)
    return dag


@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
@pytest.mark.parametrize("producer", BROKEN.values(), ids=BROKEN)
def test_an_error_of_the_producer_that_the_consumer_lets_out_is_that_of_the_producer(
    any_mode, producer, consumer
):
    original = OSError("cut off")
    dag = wired(producer(original), consumer())
    error = raised_by(any_mode, dag)
    assert isinstance(error, ExecutionError)
    assert isinstance(error, OSError)
    assert (error.node_name, error.original_error, error.__cause__) == ("numbers", original, original)
    assert error.__notes__ == [f"raised while {consumer().__name__!r} was reading the stream"]
    assert not hasattr(original, "__notes__")
    assert dag.context.metrics["errors"] == {"numbers": "cut off"}


@pytest.mark.parametrize("producer", BROKEN.values(), ids=BROKEN)
def test_the_consumer_may_catch_an_error_of_the_producer(any_mode, producer):
    def use(numbers):
        found = []
        try:
            found.extend(numbers)
        except OSError as error:
            found.append(str(error))
        return [*found, *numbers]

    assert any_mode(wired(producer(OSError("cut off")), use)) == [0, "cut off"]


def test_an_error_of_the_consumer_stays_its_own(any_mode):
    def use(numbers):
        raise ValueError(next(numbers))

    error = raised_by(any_mode, wired(counting(3), use))
    assert (error.node_name, type(error.original_error)) == ("use", ValueError)


def test_an_error_that_goes_through_a_row_of_generators_is_that_of_the_first(any_mode):
    def doubled(numbers):
        for number in numbers:
            yield 2 * number

    error = raised_by(any_mode, wired(broken(OSError("cut off")), doubled, summing()))
    assert error.node_name == "numbers"
    assert error.__notes__ == ["raised while 'summing' was reading the stream"]


def test_an_error_met_inside_a_workflow_is_that_of_the_producer_outside(any_mode):
    dag = wired(broken(OSError("cut off")))
    dag.connect("numbers", dag.add_dag("sub", wired(summing())))
    error = raised_by(any_mode, dag)
    assert isinstance(error, OSError)
    assert error.node_name == "numbers"
    assert error.__notes__ == ["raised while 'sub.summing' was reading the stream"]


def test_a_map_that_meets_an_error_of_the_producer_blames_it(any_mode):
    dag = wired(broken(OSError("cut off"), after=3))

    @dag.map(max_concurrency=1)
    def use(numbers):
        return numbers

    dag.connect("numbers", "use")
    assert raised_by(any_mode, dag).node_name == "numbers"


@pytest.mark.parametrize("producer", BROKEN.values(), ids=BROKEN)
def test_with_continue_the_consumer_counts_as_failed_and_others_run(any_mode, producer):
    def after(summing):
        return "after"

    dag = wired(producer(OSError("cut off")), summing(), after)
    dag.node(lambda: "other", name="other")
    assert any_mode(dag, error_strategy="continue") == "other"
    assert list(dag.context.metadata["skipped"]) == ["after"]
    assert [entry["node"] for entry in dag.context.metadata["errors"]] == ["numbers"]
    assert dag.context.metrics["nodes_failed"] == 1


def test_with_continue_none_the_dependants_of_the_consumer_run(any_mode):
    def after(summing):
        return f"got {summing}"

    assert any_mode(wired(broken(OSError()), summing(), after), error_strategy="continue_none") == "got None"


def test_handlers_are_asked_about_the_consumer_with_the_original_error(any_mode):
    original, asked = OSError("cut off"), []
    dag = wired(broken(original), summing())
    dag.set_node_error_handler("summing", lambda node, inputs, error: asked.append((node.name, error)) or 7)
    assert any_mode(dag) == 7
    assert asked == [("summing", original)]


@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_a_consumer_that_has_asked_for_an_item_is_not_tried_again(any_mode, consumer):
    log = []
    error = raised_by(any_mode, wired(broken(OSError("cut off")), consumer(log), retry=3))
    assert log.count("reads") == 1
    assert error.attempts == 1
    assert "not tried again: items of the stream 'numbers' have been taken" in error.__notes__


def test_a_handler_cannot_have_it_tried_again_either(any_mode):
    calls = []

    def use(numbers):
        calls.append(next(numbers))
        raise ValueError

    error = raised_by(any_mode, wired(counting(3), use), error_handler=lambda *_: "retry")
    assert calls == [0]
    assert error.__notes__ == ["not tried again: items of the stream 'counting' have been taken"]


def test_a_consumer_that_has_asked_for_nothing_is_tried_again(any_mode):
    calls = []

    def use(numbers):
        calls.append(1)
        if len(calls) < 3:
            raise OSError
        return list(numbers)

    assert any_mode(wired(counting(2), use, retry=3)) == [0, 1]


def test_an_element_of_a_stream_is_tried_again(any_mode):
    calls = []

    def use(numbers):
        calls.append(numbers)
        if calls.count(numbers) < 2:
            raise OSError
        return numbers

    assert any_mode(wired(counting(2), use, retry=2, map="numbers", max_concurrency=1)) == [0, 1]
    assert sorted(calls) == [0, 0, 1, 1]


def test_a_workflow_inside_that_has_taken_items_is_not_tried_again(any_mode):
    def use(numbers):
        calls.append(next(numbers))
        raise ValueError

    calls = []
    for where in ("inside", "around"):
        dag = wired(counting(5))
        inner = wired(use, retry=3 if where == "inside" else 1)
        dag.connect("counting", dag.add_dag("sub", inner, retry=3 if where == "around" else 1))
        raised_by(any_mode, dag)
    assert calls == [0, 0]


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_stream_that_nobody_finished_is_closed_when_the_run_ends(any_mode, producer):
    def use(numbers):
        return next(numbers)

    log = []
    assert any_mode(wired(producer(3, log), use)) == 0
    assert log == ["makes 0", "ends"]


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_stream_inside_a_workflow_is_closed_when_that_ends(any_mode, producer):
    def use(numbers):
        return next(numbers)

    def after(sub):
        log.append("after")

    log = []
    dag = DAG("outer")
    dag.add_dag("sub", wired(producer(3, log), use))
    dag.connect("sub", dag.node(after))
    any_mode(dag)
    assert log == ["makes 0", "ends", "after"]


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_a_stream_is_closed_after_a_failure(any_mode, producer):
    def use(numbers):
        raise ValueError(next(numbers))

    log = []
    raised_by(any_mode, wired(producer(3, log), use))
    assert log == ["makes 0", "ends"]


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_stream_is_closed_after_a_cancel(any_mode, producer, is_async):
    def use(numbers, context):
        next(numbers)
        begun.set()
        while not context.cancelled:
            threading.Event().wait(0.001)

    async def use_async(numbers, context):
        await anext(numbers)
        begun.set()
        await anyio.sleep(10)

    log, begun, context = [], threading.Event(), Context()
    with cancelled_after(begun, context):
        error = raised_by(any_mode, wired(producer(3, log), use_async if is_async else use), context=context)
    assert isinstance(error, RunCancelledError)
    assert log == ["makes 0", "ends"]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_stream_whose_consumer_is_left_behind_is_closed(any_mode, is_async, gate):
    def use(numbers):
        next(numbers)
        gate.wait(10)
        next(numbers)

    log = []
    producer = counting_async if is_async else counting
    error = raised_by(any_mode, wired(producer(3, log), use), timeout=0.05)
    assert isinstance(error, RunTimeoutError)
    assert log == ["makes 0", "ends"]


def test_a_generator_that_is_left_in_the_middle_of_an_item_is_closed_after_it(any_mode, gate):
    def numbers():
        try:
            gate.wait(10)
            yield 1
        finally:
            ended.set()

    ended = threading.Event()
    error = raised_by(any_mode, wired(numbers, summing()), timeout=0.05)
    assert isinstance(error, RunTimeoutError)
    assert not ended.is_set()
    gate.set()
    assert ended.wait(5)


@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_an_async_generator_in_the_middle_of_an_item_is_cancelled_with_the_run(any_mode, consumer):
    async def numbers():
        try:
            await anyio.sleep(10)
            yield 1
        finally:
            log.append("ends")

    log = []
    error = raised_by(any_mode, wired(numbers, consumer()), timeout=0.05)
    assert isinstance(error, RunTimeoutError)
    assert comes_true(lambda: log == ["ends"])
    assert comes_true(lambda: not threads_of_the_library())


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_error_on_closing_is_a_warning_of_the_run(any_mode, is_async):
    def numbers():
        try:
            yield 1
        finally:
            raise OSError("cannot close")

    async def numbers_async():
        try:
            yield 1
        finally:
            await anyio.lowlevel.checkpoint()
            raise OSError("cannot close")

    def use(numbers):
        return next(numbers)

    dag = wired(numbers_async if is_async else numbers, use)
    name = next(iter(dag.nodes))
    with pytest.warns(RuntimeWarning, match=f"closing the stream '{name}' raised OSError: cannot close"):
        assert any_mode(dag) == 1


def test_an_error_on_closing_after_the_run_is_a_warning_too(any_mode, gate):
    def numbers():
        try:
            gate.wait(10)
            yield 1
        finally:
            raise OSError("cannot close")

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        error = raised_by(any_mode, wired(numbers, summing()), timeout=0.05)
        gate.set()
        assert comes_true(lambda: len(seen) > 0)
    assert isinstance(error, RunTimeoutError)
    assert [str(each.message) for each in seen] == [
        "closing the stream 'numbers' raised OSError: cannot close"
    ]


def test_streams_are_closed_last_first(leaving_mode):
    def doubled(counting):
        try:
            for number in counting:
                yield 2 * number
        finally:
            log.append("doubled ends")

    def use(doubled):
        return next(doubled)

    log = []
    SEQUENTIAL(wired(counting(3, log), doubled, use))
    assert log == ["makes 0", "doubled ends", "ends"]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_generator_resets_a_context_variable_when_it_is_closed(any_mode, is_async):
    seen = contextvars.ContextVar("seen")

    def numbers():
        token = seen.set(1)
        try:
            yield 1
        finally:
            seen.reset(token)

    async def numbers_async():
        token = seen.set(1)
        try:
            yield 1
        finally:
            seen.reset(token)

    def use(numbers):
        return next(numbers)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert any_mode(wired(numbers_async if is_async else numbers, use)) == 1


@pytest.mark.parametrize("stream", [None, "tee"])
@pytest.mark.parametrize("producer", BROKEN.values(), ids=BROKEN)
def test_ctrl_c_in_a_generator_ends_the_run(any_mode, producer, stream):
    dag = DAG("interrupted")
    dag.node(stream=stream)(producer(KeyboardInterrupt()))
    dag.connect("numbers", dag.node(summing()))
    assert type(raised_by(any_mode, dag)) is KeyboardInterrupt


def test_two_threads_of_a_consumer_cannot_ask_at_once(any_mode):
    def numbers():
        inside.set()
        asked.wait(5)
        yield 1

    def use(numbers):
        def ask():
            found.append(next(numbers))

        found = []
        thread = threading.Thread(target=ask)
        thread.start()
        inside.wait(5)
        try:
            with pytest.raises(StreamError, match="asked for an item while it makes another one"):
                next(numbers)
        finally:
            asked.set()
            thread.join()
        return found

    inside, asked = threading.Event(), threading.Event()
    assert any_mode(wired(numbers, use)) == [1]
