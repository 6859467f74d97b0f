"""Inputs of a session and its probes: what can be sent, and what can still come."""

from collections.abc import Iterator

import pytest

from fast_dag import DAG, CycleConfigurationError, Delta, UnknownNodeError, UnknownOptionError


@pytest.fixture
def session():
    dag = DAG("wf")

    def total(xs: Iterator[int]):
        return sum(xs)

    def grow(facts: Delta):
        return set()

    def least(levels: Delta):
        return {}

    for function in (total, grow, least):
        dag.add_node(function.__name__, function)
    dag.add_node("add", lambda x, y=1: x + y)
    with dag.cycle("g") as c:
        c.feedback("grow", "grow").delta("grow")
    with dag.cycle("m") as c:
        c.feedback("least", "least").delta("least", merge=min)
    return dag.session()


def test_going_back_in_time_is_an_error(session):
    x = session.input("x")
    x.advance_to(3)
    with pytest.raises(ValueError, match="epochs must be monotonic: input 'x' is at 3, not before 2"):
        x.advance_to(2)
    x.advance_to(3)
    assert x.epoch == 3


@pytest.mark.parametrize("epoch", [-1, True, 1.0, None])
def test_an_epoch_is_a_number(session, epoch):
    with pytest.raises(ValueError, match="epoch must be"):
        session.input("x").advance_to(epoch)


def test_nothing_can_be_sent_to_a_closed_input(session):
    x = session.input("x")
    x.close()
    x.close()
    for call in (lambda: x.send(1), lambda: x.send_many([1]), lambda: x.advance_to(1)):
        with pytest.raises(ValueError, match="input 'x' is closed"):
            call()
    assert x.is_closed


def test_a_value_input_takes_one_value_in_an_epoch(session):
    x = session.input("x")
    x.send(1)
    with pytest.raises(ValueError, match=r"input 'x' takes one value in epoch 0: advance_to\(1\) first"):
        x.send(2)
    x.advance_to(1)
    with pytest.raises(ValueError, match="takes one value in epoch 1"):
        x.send_many([2, 3])
    x.send_many([2])


def test_streams_and_deltas_take_any_number(session):
    session.input("xs").send_many(range(3))
    session.input("xs").send(3)
    session.input("facts").send((1, 2))
    session.input("facts").send_many({(2, 3)})
    session.input("levels").send(("a", 1))
    session.input("levels").send_many({"b": 2})


def test_any_input_can_be_made_a_stream(session):
    x = session.input("x", stream=True)
    x.send_many([1, 2])
    with pytest.raises(ValueError, match="input 'x' is a stream input already"):
        session.input("x", stream=False)
    with pytest.raises(ValueError, match="input 'facts' takes facts, any number of them: leave out stream="):
        session.input("facts", stream=False)
    with pytest.raises(ValueError, match="stream must be True or False"):
        session.input("y", stream=1)


@pytest.mark.parametrize(
    ("name", "fact", "text"),
    [
        (
            "facts",
            [1],
            r"delta variable 'facts' of 'grow' in cycle 'g' was given \[1\], which is not hashable",
        ),
        ("levels", 5, "delta variable 'levels' of 'least' in cycle 'm' was given 5, which is no pair"),
        ("levels", ([], 1), r"was given the key \[\], which is not hashable"),
    ],
)
def test_what_is_no_fact_is_told_when_it_is_sent(session, name, fact, text):
    handle = session.input(name)
    with pytest.raises(TypeError, match=text):
        handle.send(fact)


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("facts", {1: 2}, "a mapping; give a set of facts, or merge= for values by key"),
        ("facts", "ab", "was given 'ab', which are no facts"),
        ("levels", None, "was given None, which are no facts"),
        ("xs", 5, "send_many of input 'xs' takes several values, got 5: use send"),
    ],
)
def test_what_is_no_collection_is_told_when_it_is_sent(session, name, values, text):
    with pytest.raises(TypeError, match=text):
        session.input(name).send_many(values)


@pytest.mark.parametrize("timeout", [-1, "1", float("nan"), float("inf"), True])
def test_a_wait_takes_seconds(session, timeout):
    with pytest.raises(ValueError, match="timeout must be a number of seconds >= 0"):
        session.probe("add").wait((0,), timeout)


def test_of_several_facts_all_are_sent_or_none(session):
    facts = session.input("facts")
    with pytest.raises(TypeError):
        facts.send_many([(1, 2), [3]])
    session.input("x").send(1)
    for handle in (facts, session.input("x")):
        handle.close()
    session.drain()
    assert session.results("grow") == []


def test_it_is_the_same_handle_each_time(session):
    assert session.input("x") is session.input("x")


@pytest.mark.parametrize("name", ["z", "add.z", ""])
def test_an_unknown_input_is_told(session, name):
    with pytest.raises(UnknownOptionError, match="takes an input"):
        session.input(name)


def test_an_input_is_also_called_by_its_node(session):
    session.input("add.x").send(1)
    session.input("add.x").close()
    session.drain()
    assert session.results("add") == [((0,), 2)]


def test_an_input_must_be_asked_for_before_an_epoch_has_run(session):
    session.input("x").send(1)
    session.input("x").advance_to(1)
    session.drain()
    with pytest.raises(ValueError, match="an epoch has run without input 'y', so it is closed"):
        session.input("y")


def test_handles_and_probes_say_where_they_are(session):
    x = session.input("x")
    assert repr(x) == "<value input 'x', at epoch 0>"
    assert repr(session.probe("add")) == "<probe at 'add', frontier [LogicalTime(0)]>"
    assert repr(session) == "<session of 'wf', at epoch 0>"
    x.close()
    session.drain()
    assert repr(x) == "<value input 'x', closed>"
    assert repr(session) == "<session of 'wf', over>"


def test_a_probe_tells_what_can_come_before_and_at_a_time(session):
    probe, x = session.probe("add"), session.input("x")
    x.advance_to(2)
    assert probe.less_equal((0,))  # which is still to be run
    session.drain()
    assert [probe.less_than((epoch,)) for epoch in range(4)] == [False, False, False, True]
    assert [probe.less_equal((epoch,)) for epoch in range(4)] == [False, False, True, True]


@pytest.mark.parametrize(("node", "time"), [("add", (0, 1)), ("grow", (0,)), ("add", 0), ("add", ())])
def test_a_time_must_be_one_of_the_node(session, node, time):
    probe = session.probe(node)
    for call in (probe.less_equal, probe.less_than, probe.wait):
        with pytest.raises(ValueError, match=rf"times at '{node}' are \(epoch,"):
            call(time)


def test_a_time_has_the_numbers_of_one(session):
    with pytest.raises(ValueError, match="epoch of a logical time"):
        session.probe("add").less_equal((-1,))


def test_an_unknown_node_is_told(session):
    for call in (session.probe, session.results):
        with pytest.raises(UnknownNodeError, match="no node 'ad' in 'wf'; did you mean 'add'"):
            call("ad")


@pytest.mark.parametrize("option", ["modes", "context", "inputs", "x"])
def test_an_unknown_option_is_told(option):
    with pytest.raises(UnknownOptionError, match=option):
        DAG("wf").add_node("add", lambda x: x).session(**{option: 1})


def test_a_bad_option_is_told_before_anything_runs():
    dag = DAG("wf").add_node("add", lambda x: x)
    with pytest.raises(ValueError, match="no mode 'paralel'"):
        dag.session(mode="paralel")
    with pytest.raises(
        CycleConfigurationError,
        match="on_error must be one of raise, epoch, got 'epochs'; did you mean 'epoch'",
    ):
        dag.session(on_error="epochs")
