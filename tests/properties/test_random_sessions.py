"""Sessions over random input: each epoch is a run, in its order; what is retained is paid for once."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import DAG, Delta

COMMON = settings(max_examples=40, deadline=None)
NODES = st.integers(0, 6)
PAIRS = st.lists(st.tuples(NODES, NODES), max_size=5)
EPOCHS = st.dictionaries(st.integers(0, 9), PAIRS, max_size=5)
MODES = st.sampled_from(["sequential", "parallel", "async", "drain_async"])


def closure(*, retain, derived=None):
    """Facts joined with each other both ways, so that new ones find their place among the old."""
    dag = DAG("closure")

    def derive(paths: Delta):
        if derived is not None:
            derived.update(paths.new)
        found = set()
        for a, b in paths.new:
            found |= {(a, y) for x, y in paths.all if x == b} | {(x, b) for x, y in paths.all if y == a}
        return found

    dag.add_node("derive", derive).add_node("count", lambda base, paths: (base, sorted(paths)))
    with dag.cycle("tc") as c:
        c.feedback("derive", "derive").delta("derive", retain=retain)
    return dag.connect("tc", "count", output="paths")


def worked_through(dag, sent, mode, drained, **options):
    """A session to which *sent* goes epoch by epoch, drained after those in *drained*."""
    session = dag.session(mode="async" if mode == "drain_async" else mode, **options)

    async def talk(drain):
        facts, base = session.input("paths"), session.input("base")
        for epoch in sorted(sent):
            for each in (facts, base):
                each.advance_to(epoch)
            base.send(epoch)
            facts.send_many(sent[epoch])
            if epoch in drained:
                await drain()
        for each in (facts, base):
            each.close()
        await drain()

    async def drain():
        session.drain()

    if mode == "drain_async":
        asyncio.run(talk(session.drain_async))
    else:
        steps = talk(drain)
        with pytest.raises(StopIteration):
            steps.send(None)
    return session


def naive(edges):
    known = set(edges)
    while (larger := known | {(a, d) for a, b in known for c, d in known if b == c}) != known:
        known = larger
    return sorted(known)


@COMMON
@given(EPOCHS, MODES, st.sets(st.integers(0, 9)))
def test_where_nothing_is_retained_each_epoch_is_a_run_of_its_own(sent, mode, drained):
    session = worked_through(closure(retain=False), sent, mode, drained)
    runs = [((epoch,), closure(retain=False).run(base=epoch, paths=sent[epoch])) for epoch in sorted(sent)]
    assert session.results("count") == runs


@COMMON
@given(EPOCHS, MODES, st.sets(st.integers(0, 9)))
def test_what_is_retained_is_as_if_everything_had_been_sent_at_once(sent, mode, drained):
    derived = Counter()
    session = worked_through(closure(retain=True, derived=derived), sent, mode, drained)
    so_far = set()
    expected = []
    for epoch in sorted(sent):
        so_far |= set(sent[epoch])
        expected.append(((epoch,), (epoch, naive(so_far))))
    assert session.results("count") == expected
    # Whatever the epochs, each fact is derived from once.
    assert derived == Counter(naive(so_far))


@COMMON
@given(EPOCHS, MODES, st.sets(st.integers(0, 9)))
def test_a_lost_epoch_is_as_if_nothing_had_been_sent_in_it(sent, mode, lost):
    dag = closure(retain=True)

    def fail(count):
        if count[0] in lost:
            raise ValueError
        return count

    dag.add_node("fail", fail).connect("count", "fail")
    session = worked_through(dag, sent, mode, set(), on_error="epoch")
    so_far, expected = set(), []
    for epoch in sorted(set(sent) - lost):
        so_far |= set(sent[epoch])
        expected.append(((epoch,), (epoch, naive(so_far))))
    assert session.results("fail") == expected
    assert [time for time, _ in session.errors] == [(epoch,) for epoch in sorted(lost & set(sent))]


@COMMON
@given(st.lists(st.sampled_from(["send", "advance", "close"]), max_size=8), st.integers(0, 3))
def test_what_a_probe_denies_stays_denied(steps, step):
    dag = DAG("probe").add_node("double", lambda x: 2 * x)
    session = dag.session()
    x, probe = session.input("x"), session.probe("double")
    denied = set()
    sent = set()
    for each in steps:
        if each == "send" and not x.is_closed and x.epoch not in sent:
            x.send(x.epoch)
            sent.add(x.epoch)
        elif each == "advance" and not x.is_closed:
            x.advance_to(x.epoch + step)
        elif each == "close":
            x.close()
        session.drain()
        now = {epoch for epoch in range(30) if not probe.less_equal((epoch,))}
        assert denied <= now
        assert {time[0] for time, _ in session.results("double")} <= now
        denied = now
