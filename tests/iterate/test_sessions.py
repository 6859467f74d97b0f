"""Sessions: how their block is left, what they keep, and which workflows they take."""

import threading

import pytest

from fast_dag import DAG, CycleConfigurationError, Delta, ValidationError


@pytest.fixture
def dag():
    return DAG("wf").add_node("double", lambda x: 2 * x)


def test_leaving_the_block_closes_every_input_and_drains(dag):
    with dag.session() as session:
        x = session.input("x")
        x.send(1)
    assert x.is_closed
    assert session.results("double") == [((0,), 2)]


def test_after_an_exception_nothing_more_is_run(dag):
    with pytest.raises(KeyError), dag.session() as session:  # noqa: PT012 - what happens in the block
        x = session.input("x")
        x.send(1)
        raise KeyError
    assert session.results("double") == []
    assert session.probe("double").frontier() == []
    with pytest.raises(ValueError, match="closed"):
        x.send(2)


def test_after_a_failure_nothing_can_be_sent():
    session = DAG("wf").add_node("fail", lambda x: 1 // x).session()
    x = session.input("x")
    x.send(0)
    x.advance_to(1)
    with pytest.raises(ZeroDivisionError):
        session.drain()
    with pytest.raises(ValueError, match="the session is over, so 1 cannot be sent: open another session"):
        x.send(1)
    session.drain()


def test_the_results_of_every_node_are_kept(dag):
    dag.node(lambda double: double + 1, name="more")
    dag.connect("double", "more")
    with dag.session() as session:
        session.input("x").send(1)
    assert (session.results("double"), session.results(dag.nodes["more"])) == ([((0,), 2)], [((0,), 3)])


def test_or_only_those_that_are_wanted(dag):
    dag.node(lambda double: double + 1, name="more")
    dag.connect("double", "more")
    with dag.session(keep_results="exits") as session:
        session.input("x").send(1)
    assert (session.results("double"), session.results("more")) == ([], [((0,), 3)])


def test_a_definition_that_is_wrong_is_told_at_once():
    dag = (
        DAG("ring").add_node("a", lambda b: b).add_node("b", lambda a: a).connect("a", "b").connect("b", "a")
    )
    with pytest.raises(ValidationError, match="cycle that nobody declared"):
        dag.session()


def test_a_session_goes_on_with_the_workflow_as_it_was(dag):
    with dag.session() as session:
        session.input("x").send(1)
        dag.remove_node("double")
        dag.add_node("double", lambda x: 3 * x)
    assert session.results("double") == [((0,), 2)]


def test_sessions_share_nothing():
    dag = DAG("facts").add_node("grow", grow).add_node("report", lambda facts: sorted(facts))
    with dag.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow", retain=True)
    dag.connect("c", "report")
    for _ in range(2):
        with dag.session() as session:
            session.input("facts").send(1)
        assert session.results("report") == [((0,), [1])]
    assert dag.run(facts={2}) == [2]


def grow(facts: Delta):
    return set()


def test_facts_of_a_nested_workflow_cannot_be_retained():
    inner = DAG("inner").add_node("grow", grow)
    with inner.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow", retain=True)
    dag = DAG("outer")
    dag.add_workflow("inner", inner)
    with pytest.raises(
        CycleConfigurationError, match="lies in a nested workflow, where no facts are retained"
    ):
        dag.session()
    assert inner.run(facts={1}) == set()


def test_the_context_of_an_epoch_tells_its_number(dag):
    epochs = []
    dag.node(lambda context: epochs.append(context.metadata["epoch"]), name="note")
    with dag.session() as session:
        x = session.input("x")
        for epoch in range(2):
            x.advance_to(epoch)
            x.send(epoch)
    assert epochs == [0, 1]


def test_a_result_of_an_earlier_epoch_does_not_change():
    dag = DAG("facts").add_node("grow", grow).add_node("report", lambda facts: facts)
    with dag.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow", retain=True)
    dag.connect("c", "report")
    with dag.session() as session:
        facts = session.input("facts")
        for epoch in range(3):
            facts.advance_to(epoch)
            facts.send(epoch)
    assert session.results("report") == [((0,), {0}), ((1,), {0, 1}), ((2,), {0, 1, 2})]


def test_epochs_far_apart_cost_no_more(dag):
    with dag.session() as session:
        x = session.input("x")
        for epoch in (10, 10**12):
            x.advance_to(epoch)
            x.send(1)
    assert [time for time, _ in session.results("double")] == [(10,), (10**12,)]


def test_no_epoch_begins_while_another_one_is_noted_as_lost():
    under_way, most = [], []
    last = threading.Event()

    def begin():
        other.start()
        other.join(0.05)  # by then it has begun the next epoch, if it may

    def work(x):
        if x == 0:
            session.when_changed(lambda: False, begin)
            raise ValueError
        under_way.append(x)
        most.append(len(under_way))
        if x == 2:
            last.set()
        last.wait(0.1)  # time for the last one to begin as well, if it may
        under_way.remove(x)

    session = DAG("lost").add_node("work", work).session(on_error="epoch")
    other = threading.Thread(target=session.drain)
    x = session.input("x")
    for epoch in range(3):
        x.send(epoch)
        x.advance_to(epoch + 1)
    session.drain()
    other.join()
    assert most == [1, 1]
    assert [time for time, _ in session.errors] == [(0,)]
