"""Sessions in every mode: epochs in their order, what survives them, what a failing one takes with it."""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import trio

from fast_dag import (
    DAG,
    Context,
    CycleExecutionError,
    Delta,
    DeltaError,
    ExecutionError,
    LogicalTime,
    MissingInputError,
    UnknownNodeError,
)
from tests.conformance.modes import as_async


def in_mode(mode):
    """Work through a session with ``drain``."""

    def work(dag, talk, **options):
        with dag.session(mode=mode, **options) as session:
            steps = talk(session)
            for _ in steps:
                session.drain()
        return session

    return work


def on_loop(run):
    """Work through a session with ``drain_async``."""

    def work(dag, talk, **options):
        async def main():
            async with dag.session(**options) as session:
                for _ in talk(session):
                    await session.drain_async()
            return session

        return run(main)

    return work


WAYS = {
    "sequential": in_mode("sequential"),
    "parallel": in_mode("parallel"),
    "async": in_mode("async"),
    "drain_async on asyncio": on_loop(lambda main: asyncio.run(main())),
    "drain_async on trio": on_loop(trio.run),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def work(request):
    """Works through a session: *talk* sends, and yields where the session is to be drained."""
    return request.param


def joined(paths: Delta):
    """Every new fact with every other, both ways."""
    found = set()
    for a, b in paths.new:
        found |= {(a, y) for x, y in paths.all if x == b} | {(x, b) for x, y in paths.all if y == a}
    return found


def closure(kind=lambda function: function, *, retain=True):
    dag = DAG("closure")
    dag.node(kind(joined), name="derive")
    dag.node(kind(lambda paths: len(paths)), name="report")
    with dag.cycle("tc") as c:
        c.feedback("derive", "derive", input="paths").delta("derive", input="paths", retain=retain)
    return dag.connect("tc", "report", output="paths")


SENT = [[(i, i + 1) for i in range(9)], [(9, 10)], [(9, 0)], [(0, 1)]]


def test_closure_over_epochs_pays_only_for_what_is_new(work, kind):
    dag = closure(kind)
    told = []

    def talk(session):
        edges, probe = session.input("paths"), session.probe("report")
        for epoch, facts in enumerate(SENT):
            edges.send_many(facts)
            edges.advance_to(epoch + 1)
            assert probe.frontier() == [(epoch,)]
            yield
            told.append(dag.context.metadata["cycles"]["tc"])
            assert not probe.less_equal((epoch,))
            assert probe.frontier() == [(epoch + 1,)]
        edges.close()
        assert probe.frontier() == []

    session = work(dag, talk)
    assert session.results("report") == [((0,), 45), ((1,), 55), ((2,), 110), ((3,), 110)]
    assert [each.total_iterations for each in told] == [5, 2, 3, 0]
    found = [[each.items for each in epoch.history] for epoch in told]
    assert found == [[8, 13, 14, 1, 0], [9, 0], [18, 36, 0], []]
    assert {each.reason for each in told} == {"exit"}
    assert all(isinstance(time, LogicalTime) for time, _ in session.results("report"))


def test_all_epochs_may_be_run_at_the_end(work):
    def talk(session):
        edges = session.input("paths")
        for epoch, facts in enumerate(SENT):
            edges.advance_to(epoch)
            for fact in facts:
                edges.send(fact)
        return iter(())

    assert [value for _, value in work(closure(), talk).results("report")] == [45, 55, 110, 110]


def test_without_retain_each_epoch_is_a_run_of_its_own(work):
    def talk(session):
        edges = session.input("paths")
        for epoch, facts in enumerate(SENT):
            edges.advance_to(epoch)
            edges.send_many(facts)
        return iter(())

    found = work(closure(retain=False), talk).results("report")
    assert [value for _, value in found] == [closure(retain=False).run(paths=facts) for facts in SENT]


def test_a_run_equals_a_session_of_one_epoch(work, kind):
    dag = DAG("sum")
    dag.node(kind(lambda x, y=2: x + y), name="add")

    def talk(session):
        session.input("x").send(1)
        return iter(())

    assert work(dag, talk).results("add") == [((0,), dag.run(x=1))]
    assert work(DAG("alone").add_node("one", kind(lambda: 1)), lambda _: iter(())).results("one") == [
        ((0,), 1)
    ]


def test_an_epoch_waits_for_the_slowest_input(work):
    dag = DAG("sum").add_node("add", lambda x, y: x + y)

    def talk(session):
        x, y = session.input("x"), session.input("y")
        for epoch in range(3):
            x.advance_to(epoch)
            x.send(epoch)
        x.close()
        y.send(10)
        yield
        assert session.results("add") == []
        y.advance_to(2)
        yield
        assert session.results("add") == [((0,), 10)]
        assert session.probe("add").frontier() == [(2,)]
        y.send(20)

    assert work(dag, talk).results("add") == [((0,), 10), ((2,), 22)]


def test_results_leave_in_the_order_of_epochs(work):
    ran = []
    dag = DAG("order").add_node("note", lambda x: ran.append(x) or x)

    def talk(session):
        x = session.input("x")
        for epoch in (2, 5, 9):
            x.advance_to(epoch)
            x.send(epoch)
        return iter(())

    assert work(dag, talk).results("note") == [((2,), 2), ((5,), 5), ((9,), 9)]
    assert ran == [2, 5, 9]


def test_a_node_without_its_value_is_skipped_in_that_epoch(work):
    dag = DAG("skip")
    dag.node(lambda x, y=1: x + y, name="add")
    dag.node(lambda z: z, name="other")
    dag.node(lambda add: add, name="behind")
    dag.connect("add", "behind")
    reasons = []

    def talk(session):
        x, z = session.input("x"), session.input("z")
        x.send(1)
        z.send("a")
        x.advance_to(1)
        z.advance_to(1)
        z.send("b")
        x.advance_to(2)
        z.advance_to(2)
        yield
        reasons.append(dag.context.metadata["skipped"])

    session = work(dag, talk)
    assert session.results("behind") == [((0,), 2)]
    assert session.results("other") == [((0,), "a"), ((1,), "b")]
    assert reasons[0]["add"] == "nothing was sent to 'x' in epoch 1"


def test_a_cycle_without_its_value_is_not_entered_in_that_epoch(work):
    dag = DAG("loop")
    dag.node(lambda n, by: n + by, name="step")
    dag.node(lambda step: step, name="last")
    dag.connect("step", "last")
    with dag.cycle("c", max_iterations=2) as c:
        c.feedback("step", "step", input="n")

    def talk(session):
        n, by = session.input("n"), session.input("by")
        n.send(0)
        by.send(5)
        for each in (n, by):
            each.advance_to(1)
        n.send(0)
        for each in (n, by):
            each.advance_to(2)
        yield
        told = dag.context.metadata["cycles"]["c"]
        assert (told.reason, told.reason_detail) == ("not_entered", "nothing was sent to 'by' in epoch 1")

    assert work(dag, talk).results("last") == [((0,), 10)]


def test_items_of_a_stream_are_sent_one_by_one(work, kind):
    dag = DAG("stream")

    def total(xs: Iterator[int]):
        return sum(xs)

    async def count(xs: AsyncIterator[int]):
        return [x async for x in xs]

    dag.add_node("total", total).add_node("count", count)

    def talk(session):
        xs = session.input("xs")
        xs.send(1)
        xs.send_many([2, 3])
        xs.advance_to(1)
        yield
        xs.send(4)
        xs.advance_to(2)

    session = work(dag, talk)
    assert session.results("total") == [((0,), 6), ((1,), 4)]
    assert session.results("count") == [((0,), [1, 2, 3]), ((1,), [4])]


def test_a_stream_to_which_nothing_was_sent_is_empty(work):
    dag = DAG("stream")

    def total(xs: Iterator[int], x):
        return sum(xs) + x

    dag.add_node("total", total)

    def talk(session):
        session.input("x").send(5)
        return iter(())

    assert work(dag, talk).results("total") == [((0,), 5)]


def test_nothing_new_in_an_epoch_leaves_the_facts_as_they_are(work):
    def talk(session):
        edges = session.input("paths")
        edges.send((0, 1))
        edges.advance_to(1)
        edges.advance_to(2)
        return iter(())

    assert work(closure(), talk).results("report") == [((0,), 1), ((1,), 1)]


@pytest.mark.parametrize("merge", ["set", "min"])
def test_a_node_may_change_the_facts_it_is_given_where_they_are_retained(work, merge):
    seen = []

    def spoil(facts):
        seen.append(set(facts))
        if merge == "set":
            facts.remove(facts.copy().pop())
            facts.add("spoilt")
        else:
            facts[facts.copy().popitem()[0]] = "spoilt"

    dag = DAG("spoilt").add_node("none", lambda facts: ()).add_node("spoil", spoil)
    with dag.cycle("c") as c:
        c.feedback("none", "none").delta("none", input="facts", merge=merge, retain=True)
    dag.connect("c", "spoil")

    def talk(session):
        facts = session.input("facts")
        for epoch in range(4):
            facts.send((epoch, epoch))
            facts.advance_to(epoch + 1)
            yield

    work(dag, talk)
    each = [(n, n) for n in range(4)] if merge == "set" else range(4)
    assert seen == [set(each[: epoch + 1]) for epoch in range(4)]


def counting(**settings):
    dag = DAG("counting").add_node("count", lambda facts: {n + 1 for n in facts.new if n < 4})
    with dag.cycle("c", **settings) as c:
        c.feedback("count", "count").delta("count", input="facts", retain=True)
    return dag.add_node("report", sorted).connect("c", "report")


def same_again(session):
    facts = session.input("facts")
    for epoch in range(3):
        facts.send(0)
        facts.advance_to(epoch + 1)
        yield


def test_after_a_cap_the_next_epoch_goes_on(work):
    session = work(counting(max_iterations=2, on_limit="return"), same_again)
    assert session.results("report") == [((0,), [0, 1, 2]), ((1,), [0, 1, 2, 3, 4]), ((2,), [0, 1, 2, 3, 4])]


def test_a_cycle_that_fails_retains_nothing_of_its_epoch_whatever_the_strategy(work):
    dag = counting()
    failures = iter([ValueError("once")])

    def count(facts: Delta):
        if facts.new == {1} and (error := next(failures, None)):
            raise error
        return {n + 1 for n in facts.new if n < 4}

    session = work(dag.replace_node("count", count), same_again, error_strategy="continue")
    assert session.results("report") == [((1,), [0, 1, 2, 3, 4]), ((2,), [0, 1, 2, 3, 4])]


def inner_closure():
    return closure(retain=False)


def test_facts_of_a_nested_workflow_are_sent_as_a_stream(work):
    dag = DAG("outer")
    dag.add_workflow("inner", inner_closure())

    def talk(session):
        paths = session.input("paths", stream=True)
        paths.send_many([(0, 1), (1, 2)])
        paths.send((2, 3))
        paths.advance_to(2)
        yield
        paths.send((5, 6))

    assert work(dag, talk).results("inner") == [((0,), 6), ((2,), 1)]


def test_results_inside_a_nested_workflow_are_kept_by_their_dotted_names(work):
    dag = DAG("outer")
    dag.add_workflow("inner", inner_closure())

    def talk(session):
        paths = session.input("paths")
        for epoch in range(2):
            paths.send({(epoch, epoch + 1)})
            paths.advance_to(epoch + 1)
            yield

    session = work(dag, talk)
    assert session.results("inner.report") == [((0,), 1), ((1,), 1)]
    assert session.results("inner") == session.results("inner.report")
    with pytest.raises(UnknownNodeError, match="no node 'reprot' in 'closure'; did you mean 'report'"):
        session.results("inner.reprot")


def test_values_by_key_are_retained_as_well(work):
    dag = DAG("levels")
    edges = {0: [1], 1: [2], 2: []}
    rounds = []

    def spread(levels: Delta):
        rounds.append(dict(levels.new))
        return [(w, level + 1) for v, level in levels.new.items() for w in edges[v]]

    dag.add_node("spread", spread).add_node("report", lambda levels: levels)
    with dag.cycle("bfs") as c:
        c.feedback("spread", "spread").delta("spread", input="levels", merge=min, retain=True)
    dag.connect("bfs", "report")

    def talk(session):
        levels = session.input("levels")
        levels.send((0, 5))
        levels.advance_to(1)
        levels.send_many({1: 2, 2: 9})
        return iter(())

    assert work(dag, talk).results("report") == [((0,), {0: 5, 1: 6, 2: 7}), ((1,), {0: 5, 1: 2, 2: 3})]
    assert rounds == [{0: 5}, {1: 6}, {2: 7}, {1: 2}, {2: 3}]


def fragile(kind=lambda function: function):
    """A closure that fails where it is sent something odd, when the cycle has found everything else."""
    dag = closure(kind)

    def check(paths):
        if any(a == "bad" for a, _ in paths):
            raise ValueError(paths)
        return sorted(paths)

    dag.node(kind(check), name="check")
    return dag.connect("tc", "check", output="paths")


def odd(session):
    edges = session.input("paths")
    for epoch, fact in enumerate([(0, 1), ("bad", 0), (1, 2)]):
        edges.advance_to(epoch)
        edges.send(fact)
    return iter(())


def test_a_failing_epoch_is_lost_alone_if_that_is_wanted(work, kind):
    session = work(fragile(kind), odd, on_error="epoch")
    assert session.results("check") == [((0,), [(0, 1)]), ((2,), [(0, 1), (0, 2), (1, 2)])]
    ((time, error),) = session.errors
    assert time == (1,)
    assert isinstance(error, ValueError)
    assert "in epoch 1 of a session" in error.__notes__


def test_else_it_ends_the_session(work, kind):
    held = []

    def talk(session):
        held.append(session)
        return odd(session)

    with pytest.raises(ValueError, match="bad") as raised:
        work(fragile(kind), talk)
    assert (raised.value.epoch, raised.value.node_name) == (1, "check")
    (session,) = held
    assert session.results("check") == [((0,), [(0, 1)])]
    assert session.probe("check").frontier() == []


def test_an_error_in_a_cycle_tells_its_epoch(work):
    dag = DAG("oscillating")
    dag.node(lambda state: {"k": "b" if state.all["k"] == "a" else "a"}, name="flip")
    with dag.cycle("c") as c:
        c.feedback("flip", "flip").delta("flip", input="state", merge=lambda stored, new: new)

    def talk(session):
        state = session.input("state")
        state.advance_to(3)
        state.send(("k", "a"))
        return iter(())

    with pytest.raises(DeltaError, match="is not monotone") as raised:
        work(dag, talk)
    assert isinstance(raised.value, CycleExecutionError)
    assert raised.value.epoch == 3


def test_an_input_that_nobody_asked_for_is_missed_before_anything_runs(work):
    ran = []
    dag = DAG("missing").add_node("add", lambda x, y: ran.append(x)).add_node("z", lambda z: ran.append(z))

    def talk(session):
        session.input("x").send(1)
        session.input("z").send(1)
        return iter(())

    with pytest.raises(MissingInputError, match="missing inputs: 'y' of 'add'; ask the session for them"):
        work(dag, talk)
    assert ran == []


def test_a_node_inside_a_cycle_has_times_with_rounds(work):
    def talk(session):
        edges, probe = session.input("paths"), session.probe("derive")
        assert probe.frontier() == [(0, 1)]
        assert probe.less_equal((0, 7))
        assert not probe.less_than((0, 1))
        edges.send((0, 1))
        edges.advance_to(1)
        yield
        assert not probe.less_equal((0, 99))
        assert probe.frontier() == [(1, 1)]

    assert work(closure(), talk).results("derive") == [((0,), set())]


def test_a_node_knows_its_epoch_and_its_round(work):
    times = []
    dag = DAG("times")

    def grow(seen: Delta, context: Context):
        times.append(context.time)
        return {n + 1 for n in seen.new if n % 10 < 1}

    dag.add_node("grow", grow)
    with dag.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow")

    def talk(session):
        seen = session.input("seen")
        seen.send(0)
        seen.advance_to(4)
        seen.send(10)
        return iter(())

    work(dag, talk)
    assert times == [(0, 1), (0, 2), (4, 1), (4, 2)]


def test_only_one_epoch_runs_at_a_time():
    """Two threads drain at once."""
    running, most = [], []
    lock = threading.Lock()

    def note(x):
        with lock:
            running.append(x)
            most.append(len(running))
        with lock:
            running.remove(x)
        return x

    dag = DAG("once").add_node("note", note)
    with dag.session(mode="parallel") as session:
        x = session.input("x")
        for epoch in range(30):
            x.advance_to(epoch)
            x.send(epoch)
        threads = [threading.Thread(target=session.drain) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert [value for _, value in session.results("note")] == list(range(29))
    assert max(most) == 1


@pytest.mark.parametrize("run", [lambda main: asyncio.run(main()), trio.run], ids=["asyncio", "trio"])
def test_tasks_wait_until_a_time_has_passed(run):
    dag = DAG("wait").add_node("double", as_async(lambda x: 2 * x))
    seen = []

    async def main():
        session = dag.session()
        x = session.input("x")
        probe = session.probe("double")

        async def reader():
            await probe.reached((1,))
            seen.append(session.results("double"))

        async def writer():
            for epoch in range(3):
                x.send(epoch)
                x.advance_to(epoch + 1)
                await as_async(lambda: None)()

        async with trio.open_nursery() if run is trio.run else asyncio.TaskGroup() as group:
            start = group.start_soon if run is trio.run else lambda task: group.create_task(task())
            start(reader)
            start(writer)

    run(main)
    assert seen[0][:2] == [((0,), 0), ((1,), 2)]


def test_a_task_waits_for_another_thread():
    dag = DAG("wait").add_node("double", lambda x: 2 * x)
    session = dag.session()
    x, begun = session.input("x"), threading.Event()

    def write():
        begun.wait(5)
        x.send(1)
        x.close()

    async def main():
        begun.set()
        await session.probe("double").reached((0,))
        return session.results("double")

    thread = threading.Thread(target=write)
    thread.start()
    assert asyncio.run(main()) == [((0,), 2)]
    thread.join()


def test_a_thread_waits_for_another_one():
    dag = DAG("wait").add_node("double", lambda x: 2 * x)
    session = dag.session()
    x, probe = session.input("x"), session.probe("double")
    assert not probe.wait((0,), timeout=0.01)
    thread = threading.Thread(target=functools.partial(probe.wait, (0,)))
    thread.start()
    x.send(1)
    x.advance_to(1)
    thread.join(5)
    assert session.results("double") == [((0,), 2)]
    assert probe.wait((0,), timeout=0)


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_node_cannot_drain_the_session_it_runs_in(mode):
    held = []
    dag = DAG("self").add_node("drain", lambda x: held[0].drain())
    session = dag.session(mode=mode)
    held.append(session)
    session.input("x").send(1)
    session.input("x").close()
    with pytest.raises(ExecutionError, match="a node of 'self' cannot drain the session"):
        session.drain()


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_node_may_send_to_a_later_epoch(mode):
    held = []

    def step(x):
        if x < 3:
            held[0].send(x + 1)
            held[0].advance_to(held[0].epoch + 1)
        return x

    dag = DAG("forward").add_node("step", step)
    session = dag.session(mode=mode)
    x = session.input("x")
    held.append(x)
    x.send(0)
    x.advance_to(1)
    session.drain()
    assert session.results("step") == [((0,), 0), ((1,), 1), ((2,), 2), ((3,), 3)]


def test_a_drain_that_is_cancelled_leaves_its_epoch_to_be_run():
    begun, calls = asyncio.Event(), []

    async def slow(x):
        calls.append(x)
        begun.set()
        if len(calls) == 1:
            await asyncio.sleep(60)
        return x

    dag = DAG("cancelled").add_node("slow", slow)
    session = dag.session()

    async def main():
        session.input("x").send(1)
        session.input("x").close()
        task = asyncio.create_task(session.drain_async())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert session.probe("slow").frontier() == [(0,)]
        await session.drain_async()

    asyncio.run(main())
    assert session.results("slow") == [((0,), 1)]


def test_a_task_that_would_block_the_one_that_works_is_told():
    async def main():
        started = asyncio.Event()
        finish = asyncio.Event()

        async def slow(x):
            started.set()
            await finish.wait()
            return x

        with DAG("slow").add_node("slow", slow).session() as session:
            x = session.input("x")
            x.send(1)
            x.close()
            working = asyncio.create_task(session.drain_async())
            await started.wait()
            with pytest.raises(
                ExecutionError, match=r"task .* runs an epoch of 'slow': await drain_async\(\)"
            ):
                session.drain()
            finish.set()
            await working
        return session.results("slow")

    assert asyncio.run(main()) == [((0,), 1)]


def test_a_node_of_a_session_inside_cannot_drain_the_outer_one():
    outer = DAG("outer")
    inner = DAG("inner").add_node("node", lambda x: outside.drain())

    @outer.node
    def around(x):
        with inner.session() as session:
            session.input("x").send(x)

    with (
        pytest.raises(ExecutionError, match="a node of 'outer' cannot drain the session"),
        outer.session() as outside,
    ):
        outside.input("x").send(1)
