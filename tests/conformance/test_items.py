"""Bounded iterations that go round with items, in every mode, with both bufferings."""

import pytest

from fast_dag import DAG, NO_DATA, Converged, CycleExecutionError, FeedbackOverflowError
from tests.conformance.iterations import ended, info_of, iterated
from tests.conformance.modes import raised_by


@pytest.fixture(params=["full", "stream"])
def buffering(request):
    return request.param


def passing(**settings):
    return iterated(lambda x: x, stream=True, **settings)


def collatz(x):
    for item in x:
        following = item // 2 if item % 2 == 0 else 3 * item + 1
        if following != 1:
            yield following


def listing(x):
    return list(collatz(x))


async def waiting(x):
    for item in collatz(x):
        yield item


async def awaited(x):
    return tuple(collatz(x))


async def looping(x):
    async for item in x:
        for each in collatz([item]):
            yield each


# Worked examples


def test_4_a_body_that_passes_items_on(any_mode, buffering):
    dag = passing(max_rounds=3, emit="each", buffering=buffering)
    assert any_mode(dag, seed=[1, 2, 3]) == [1, 2, 3] * 3
    assert ended(dag) == (3, "max_iterations", "max_iterations=3")


def test_5_a_seed_without_items(any_mode, buffering):
    dag = passing(max_rounds=3, buffering=buffering)
    assert any_mode(dag, seed=[]) == []
    assert ended(dag) == (1, "exit", "no_data")
    dag = passing(max_rounds=3, buffering=buffering, stop_on_empty=False)
    assert any_mode(dag, seed=iter(())) == []
    assert ended(dag)[:2] == (3, "max_iterations")


@pytest.mark.parametrize("body", [collatz, listing, waiting, awaited, looping])
def test_6_collatz(any_mode, buffering, body):
    taken = []

    def counted(x):
        count = [0]
        taken.append(count)

        class Counted:
            def __iter__(self):
                for item in x:
                    count[0] += 1
                    yield item

            async def __aiter__(self):
                for item in x:
                    count[0] += 1
                    yield item

        return body(Counted())

    dag = iterated(counted, max_rounds=1000, stream=True, emit="each", buffering=buffering, history=True)
    items = any_mode(dag, seed=range(1, 10))
    assert ended(dag) == (19, "exit", "no_data")
    assert [count for (count,) in taken] == [9, 8, 7, 5, 5, 4, 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1]
    assert items[:8] == [4, 10, 2, 16, 3, 22, 4, 28]
    assert (len(items), sum(items), max(items)) == (55, 746, 52)
    assert [each.items for each in info_of(dag).history][:4] == [8, 7, 5, 5]
    assert info_of(dag).value == []


# What leaves, what goes round


def test_the_last_items_leave_or_each_with_its_round(any_mode, buffering):
    assert any_mode(passing(max_rounds=2, buffering=buffering), seed=(1, 2)) == [1, 2]
    dag = passing(max_rounds=2, emit="tagged", buffering=buffering)
    assert any_mode(dag, seed="ab") == [(1, "a"), (1, "b"), (2, "a"), (2, "b")]


def test_items_may_come_from_a_stream(any_mode, buffering):
    dag = passing(max_rounds=2, emit="each", buffering=buffering)
    dag.add_node("source", lambda: (each for each in (1, 2))).connect("source", "it")
    assert any_mode(dag) == [1, 2, 1, 2]


def test_nodes_inside_hand_items_on_one_by_one(any_mode, buffering):
    body = DAG("body")
    body.add_node("grow", lambda x: (item + 1 for item in x))
    body.add_node("step", lambda grow: (item * 2 for item in grow))
    body.add_node("watch", lambda step: seen.append(list(step)))
    body.connect("grow", "step").connect("step", "watch")
    seen = []
    dag = DAG("around")
    dag.iterate(
        "it", body, seed="x", feedback="x", output="step", max_rounds=2, stream=True, buffering=buffering
    )
    assert any_mode(dag, seed=[1, 2]) == [10, 14]
    assert seen == [[4, 6], [10, 14]]


def test_seed_and_feedback_are_never_absent_only_empty(any_mode, buffering):
    seen = []

    def merge(seed, feedback):
        items = [*seed], [*feedback]
        seen.append(items)
        return items[0] + items[1]

    body = DAG("body").add_node("output", merge)
    dag = DAG("around")
    dag.iterate("it", body, max_rounds=2, stream=True, buffering=buffering)
    assert any_mode(dag, seed=[1]) == [1]
    assert seen == [([1], []), ([], [1])]


def test_the_function_form_takes_items(any_mode, buffering):
    dag = DAG("collatz")
    dag.iterate(collatz, max_rounds=1000, stream=True, buffering=buffering)
    assert any_mode(dag, x=[3]) == []
    assert ended(dag, "collatz")[0] == 7


# What ends it


def test_any_item_is_a_signal(any_mode, buffering):
    body = DAG("body").add_node("step", lambda x: [item + 1 for item in x])
    body.add_node("converged", lambda step: (item for item in step if item > 3)).connect("step", "converged")
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", stream=True, buffering=buffering)
    assert any_mode(dag, seed=[0, 1]) == [3, 4]
    assert ended(dag) == (3, "converged", "signal")


def test_a_body_of_items_may_say_that_it_is_done(any_mode, buffering):
    body = iterated(lambda x: Converged(item for item in x), stream=True, buffering=buffering, max_rounds=9)
    assert any_mode(body, seed=[1, 2]) == [1, 2]
    assert ended(body) == (1, "converged", "signal")


def test_no_data_is_no_items(any_mode, buffering):
    dag = iterated(lambda x: NO_DATA, stream=True, buffering=buffering, max_rounds=9)
    assert any_mode(dag, seed=[1]) == []
    assert ended(dag) == (1, "exit", "no_data")


def test_a_rule_gets_lists(any_mode, kind):
    asked = []

    def same(prev, cur):
        asked.append((prev, cur))
        return prev == cur

    dag = iterated(lambda x: sorted(item % 3 for item in x), stream=True, until=kind(same))
    assert any_mode(dag, seed=iter([5, 7])) == [1, 2]
    assert asked == [([5, 7], [1, 2]), ([1, 2], [1, 2])]


def test_a_rule_gets_the_whole_seed_though_the_body_took_less(any_mode):
    asked = []
    dag = iterated(
        lambda x: [next(x)], stream=True, until=lambda prev, cur: asked.append((prev, cur)), max_rounds=1
    )
    any_mode(dag, seed=iter([1, 2, 3]))
    assert asked == [([1, 2, 3], [1])]


def test_a_fixed_point_of_items(any_mode):
    dag = iterated(lambda x: {item // 2 for item in x}, stream=True, until="fixed_point")
    assert any_mode(dag, seed=[3, 5]) == [0]
    assert ended(dag) == (4, "converged", "fixed_point")


def test_a_seed_that_several_nodes_read_is_a_list(any_mode):
    body = DAG("body").add_node("one", lambda x: sum(x)).add_node("other", lambda x: len(list(x)))
    body.add_node("step", lambda one, other: [one, other]).connect("one", "step").connect("other", "step")
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", stream=True, max_rounds=2)
    assert any_mode(dag, seed=[5, 6, 7]) == [21, 2]
    error = raised_by(any_mode, dag, seed=iter([5]))
    assert isinstance(error, TypeError)
    assert "several nodes of iteration 'it' read its seed: give a list" in str(error)


# Bounds and errors


def test_too_many_items_are_an_error(any_mode, buffering):
    dag = iterated(
        lambda x: [each for item in x for each in (item, item)],
        stream=True,
        buffering=buffering,
        max_rounds=9,
        max_buffer=8,
    )
    error = raised_by(any_mode, dag, seed=[1])
    assert isinstance(error, FeedbackOverflowError)
    assert isinstance(error, CycleExecutionError)
    assert (error.round, error.node_name) == (4, "it.step")
    assert "iteration 'it' holds 9 items for this round and the next, more than max_buffer=8" in str(error)


def test_what_is_read_makes_room(any_mode, buffering):
    dag = passing(max_rounds=3, buffering=buffering, max_buffer=3)
    assert any_mode(dag, seed=[1, 2, 3]) == [1, 2, 3]

    def ahead(x):
        yield 0
        yield from x

    dag = iterated(ahead, stream=True, max_rounds=3, buffering=buffering, max_buffer=3)
    assert isinstance(raised_by(any_mode, dag, seed=[1]), FeedbackOverflowError)


def test_items_that_were_read_are_let_go_of(any_mode):
    class Item:
        alive = 0

        def __init__(self):
            Item.alive += 1

        def __del__(self):
            Item.alive -= 1

    most = []

    def renew(x):
        for item in x:
            del item
            yield Item()
            most.append(Item.alive)

    dag = iterated(renew, max_rounds=4, buffering="stream")
    any_mode(dag, seed=(Item() for _ in range(50)))
    assert max(most[50:]) <= 53
    most.clear()
    any_mode(iterated(renew, max_rounds=4, stream=True), seed=(Item() for _ in range(50)))
    assert max(most[50:]) >= 99


def test_something_else_than_items_is_an_error(any_mode, buffering):
    error = raised_by(
        any_mode, iterated(lambda x: 5, stream=True, max_rounds=2, buffering=buffering), seed=[1]
    )
    assert isinstance(error, TypeError)
    assert "iteration 'it' goes round with items, but 'step' gave 5" in str(error)
    error = raised_by(any_mode, passing(max_rounds=2, buffering=buffering), seed=5)
    assert isinstance(error, TypeError)
    assert "but its seed is 5" in str(error)


def test_a_failing_round_leaves_what_came_before(any_mode, buffering):
    def shrink(x):
        for item in x:
            yield 6 // item - 1

    error = raised_by(any_mode, iterated(shrink, stream=True, max_rounds=9, buffering=buffering), seed=[3])
    assert isinstance(error, ZeroDivisionError)
    assert (error.round, error.rounds_completed) == (4, 3)
    assert error.last_value == ([0] if buffering == "full" else None)


def test_items_that_were_taken_are_not_tried_again(any_mode, buffering):
    def shaky(x):
        next(x)
        raise OSError("no")

    body = DAG("body")
    body.node(shaky, name="step", retry=3)
    dag = DAG("around")
    dag.iterate(
        "it", body, seed="x", feedback="x", output="step", stream=True, max_rounds=2, buffering=buffering
    )
    error = raised_by(any_mode, dag, seed=[1, 2])
    assert isinstance(error, OSError)
    assert any("items of the stream 'it' have been taken" in note for note in error.__notes__)


def test_many_items_make_nobody_wait(any_mode, buffering):
    body = DAG("body").add_node("step", lambda x: x)
    body.add_node("converged", lambda step: [0] * len(step)).connect("step", "converged")
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", stream=True, buffering=buffering)
    assert len(any_mode(dag, seed=range(100_000))) == 100_000


def test_a_generator_in_a_cycle_belongs_to_the_node_that_reads_it(any_mode):
    dag = DAG("cycle").add_node("grow", lambda x=1: (each for each in (x, x)))
    dag.add_node("sum", lambda grow: sum(grow)).connect("grow", "sum")
    with dag.cycle("loop", max_iterations=3) as c:
        c.feedback("sum", "grow", input="x")
    assert any_mode(dag) == 8


@pytest.mark.parametrize("stream", [None, "once", "tee", "list"])
def test_a_generator_that_is_fed_back_is_read_in_the_next_iteration(any_mode, stream):
    seen = []
    dag = DAG("cycle").add_node("total", lambda before=(1,): sum(before))
    dag.add_node("grow", lambda total: (each for each in (total, total)), stream=stream)
    dag.connect("total", "grow")
    dag.add_node("behind", lambda grow: seen.extend(grow)).connect("grow", "behind")
    with dag.cycle("loop", max_iterations=3) as c:
        c.feedback("grow", "total", input="before")
    any_mode(dag)
    assert seen == [4, 4]


@pytest.mark.parametrize("stream", [None, "once", "tee", "list"])
def test_a_generator_that_is_read_and_fed_back_is_shared_or_an_error(any_mode, stream):
    seen = []

    def grow(before=(1,)):
        for each in before:
            yield each + 1

    dag = DAG("cycle").add_node("grow", grow, stream=stream)
    dag.add_node("read", lambda grow: seen.append(list(grow))).connect("grow", "read")
    with dag.cycle("loop", max_iterations=3) as c:
        c.feedback("grow", "grow", input="before")
        c.feedback("read", "grow", signal=True)
    if stream in ("tee", "list"):
        any_mode(dag)
        assert seen == [[2], [3], [4]]
    else:
        error = raised_by(any_mode, dag)
        assert "'grow' is a stream with consumers read, grow; use stream='tee' or 'list'" in str(error)
