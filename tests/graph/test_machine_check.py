"""What can be wrong with a machine, each problem with its text."""

import sys
import time

import pytest

from fast_dag import END, Node, NodeType
from fast_dag.graph.graph import Graph
from fast_dag.graph.machine import Machine
from fast_dag.graph.machine_check import machine_problems
from fast_dag.graph.ways_out import exit_problems


def drawn(*names, node_type=NodeType.FSM_STATE, **settings):
    graph = Graph("flow")
    for name in names:
        graph.add(Node(lambda value=None: value, name=name, node_type=node_type, **settings))
    return graph


def told(graph, machine, **options):
    return [(each.severity, str(each)) for each in machine_problems(graph, machine, **options)]


def test_a_machine_needs_states():
    assert told(Graph("flow"), Machine()) == [("error", "'flow' has no states")]


@pytest.mark.parametrize(
    ("initial", "text"),
    [
        ([], "'flow' has no initial state: make one of its states initial=True (a, b)"),
        (["a", "b"], "'flow' has several initial states (a, b): leave initial=True to one of them"),
    ],
)
def test_a_machine_begins_in_one_state(initial, text):
    assert told(drawn("a", "b"), Machine(initial)) == [("error", text)]


def test_names_that_no_state_has():
    machine = Machine(["first"], ["last"])
    machine.add("start", "finish")
    machine.add("source", END)
    machine.route("start", lambda result: END, ["strat", END])
    remedy, near = "add it, or name another", "; did you mean 'start'?"
    assert [text for _, text in told(drawn("start"), machine)] == [
        f"the initial state, 'first', is no state of 'flow': {remedy}",
        f"the terminal state, 'last', is no state of 'flow': {remedy}",
        f"the target of a transition from 'start', 'finish', is no state of 'flow': {remedy}",
        f"the target of a transition from 'start', 'strat', is no state of 'flow': {remedy}{near}",
        f"the source of a transition, 'source', is no state of 'flow': {remedy}",
        "plain edge start -> finish is ignored because 'start' has a conditional edge",
    ]


def test_one_state_leads_to_one_other():
    machine = Machine(["a"])
    machine.add("a", "b")
    machine.add("a", END)
    text = (
        "state 'a' has several unconditional transitions (to b, END): leave one, or choose with "
        "add_conditional_transition"
    )
    assert told(drawn("a", "b"), machine) == [("error", text)]


def test_nodes_of_a_dag_are_no_states():
    text = "'a' is a select node, which a state machine has no use for: make it a state"
    assert told(drawn("a", node_type=NodeType.SELECT), Machine(["a"])) == [("error", text)]


def test_states_hand_on_values_not_streams():
    text = "state 'a' has stream='tee': states hand on values; use 'list'"
    assert told(drawn("a", stream="tee"), Machine(["a"])) == [("error", text)]
    assert told(drawn("a", stream="list"), Machine(["a"])) == []


def test_states_are_not_mapped():
    text = "'a' cannot be a map: fsm_state nodes run once; use a node of its own for it"
    assert told(drawn("a", map="value"), Machine(["a"])) == [("error", text)]


def test_what_a_terminal_state_never_does_is_a_warning():
    machine = Machine(["a"], ["a"])
    machine.add("a", "b")
    machine.route("a", lambda result: "b", ["b"])
    assert told(drawn("a", "b"), machine) == [
        ("warning", "transitions from 'a' (to b) are never taken, because it is terminal"),
        ("warning", "the router of 'a' is never asked, because it is terminal"),
    ]


def test_a_ring_without_a_way_out_is_an_error_unless_a_limit_is_meant_as_one():
    machine = Machine(["a"])
    machine.add("a", "a")
    for is_bounded, severity in ((False, "error"), (True, "warning")):
        (problem,) = machine_problems(drawn("a"), machine, is_bounded=is_bounded)
        assert (problem.severity, problem.kind, problem.ring) == (severity, "self_loop", ("a", "a"))


def test_routers_without_targets_are_warned_about_when_asked_for():
    machine = Machine(["a"])
    machine.route("a", lambda result: END, None)
    assert told(drawn("a"), machine) == []
    text = "targets of 'a' are not declared; the exit cannot be checked"
    assert told(drawn("a"), machine, strict_routers=True) == [("warning", text)]


def test_types_along_edges_are_compared_when_asked_for():
    graph = Graph("flow")

    def a() -> int:
        return 1

    def b(a: str):
        return a

    first, second = Node(a, node_type=NodeType.FSM_STATE), Node(b, node_type=NodeType.FSM_STATE)
    graph.add(first)
    graph.add(second)
    graph.connect_pairs([(first, None, second, None, False)])
    machine = Machine(["a"], ["b"])
    machine.add("a", "b")
    assert told(graph, machine) == []
    assert told(graph, machine, check_types=True) == [("error", "type mismatch a.result: int -> b.a: str")]


def seconds_for(call):
    start = time.process_time()
    call()
    return time.process_time() - start


@pytest.mark.skipif(sys.gettrace() is not None, reason="to be traced takes longer than what is timed")
def test_the_check_of_a_whole_machine_costs_little_more_than_that_of_its_rings():
    count = 20_000
    graph, machine = drawn(*[f"s{number}" for number in range(count)]), Machine(["s0"])
    for number in range(count - 1):
        machine.add(f"s{number}", f"s{number + 1}")
    machine.route(f"s{count - 1}", lambda value: END, ["s0", END])
    assert told(graph, machine) == []
    outgoing = {name: machine.outgoing(node) for name, node in graph.nodes.items()}
    rings = max(seconds_for(lambda: exit_problems(outgoing)) for _ in range(3))
    # About twice; to evaluate the annotation of each state, or to list all transitions, makes it five times.
    assert min(seconds_for(lambda: told(graph, machine)) for _ in range(5)) < 3 * rings
