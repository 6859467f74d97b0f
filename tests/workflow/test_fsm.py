"""Machines as they are defined: states, transitions, copies, and what is wrong with a definition."""

from typing import Literal

import pytest

from fast_dag import (
    DAG,
    END,
    FSM,
    CycleExitError,
    DuplicateNodeError,
    InvalidNodeError,
    MissingConnectionError,
    Node,
    NodeType,
    Transition,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
)


@pytest.fixture
def fsm():
    return FSM("flow")


def ring(**options):
    """Two states that go round, unless the second one says END."""
    fsm = FSM("ring", **options)
    fsm.add_state("a", lambda n: n + 1, initial=True, transitions=["b"])
    fsm.add_state("b", lambda n: n)
    fsm.add_conditional_transition("b", lambda n: END if n > 2 else "a", targets=["a", END])
    return fsm


# Definition


def test_a_state_is_a_node_that_can_be_called(fsm):
    @fsm.state(initial=True, retry=2)
    def start(n: int) -> int:
        """Begin."""
        return n + 1

    @fsm.state
    def stop(n):
        return n

    assert isinstance(start, Node)
    assert (start(1), start.node_type, start.description) == (2, NodeType.FSM_STATE, "Begin.")
    assert start.settings.retry == 2
    assert list(fsm.nodes) == ["start", "stop"]
    assert (fsm.initial_state, fsm.terminal_states) == ("start", ())


def test_every_way_to_say_which_states_come_first_and_last(fsm):
    fsm.add_state("a", lambda: 1, terminal=True).add_state("b", lambda: 2)
    assert fsm.set_initial_state("a").add_terminal_state(fsm.nodes["b"]) is fsm
    assert (fsm.initial_state, fsm.terminal_states) == ("a", ("a", "b"))
    assert fsm.is_terminal_state("b")
    fsm.set_initial_state(fsm.nodes["b"])
    assert fsm.initial_state == "b"
    named = FSM("named", initial_state="x", terminal_states=["x"]).add_state("x", lambda: 3)
    assert named.run() == 3


@pytest.mark.parametrize("method", ["set_initial_state", "add_terminal_state", "is_terminal_state"])
def test_unknown_states_are_refused(fsm, method):
    fsm.add_state("start", lambda: 1)
    with pytest.raises(UnknownNodeError, match="no node 'strat' in 'flow'; did you mean 'start'"):
        getattr(fsm, method)("strat")


def test_transitions_may_be_declared_before_their_states(fsm):
    fsm.add_transition("a", "b").add_conditional_edge("b", lambda n: END, targets=["a", END])
    fsm.add_state("a", lambda: 1, initial=True).add_state("b", lambda n: n + 1)
    assert fsm.run() == 2


def test_transitions_are_listed_state_by_state(fsm):
    @fsm.state(transitions=["b", END])
    def c():
        return 1

    @fsm.state
    def d() -> Literal["b", "__end__"]:
        return "b"

    def route(result):
        return "c"

    b = fsm.state(lambda: 2, name="b")
    fsm.add_transition("a", b).add_transition(b, c, condition="skip")
    fsm.add_conditional_transition("a", route, targets=["c", END])
    fsm.add_conditional_transition("b", route)
    assert fsm.transitions == [
        Transition("c", "b", "b"),
        Transition("c", END, END),
        Transition("d", "b", "b"),
        Transition("d", END, END),
        Transition("b", "c", "skip"),
        Transition("b", None, "route"),
        Transition("a", "b"),
        Transition("a", None, "route", ("c", END)),
    ]


def test_a_single_target_always_follows(fsm):
    fsm.add_state("a", lambda: 1, initial=True, transitions=["b"]).add_state("b", lambda n: n, terminal=True)
    assert fsm.transitions == [Transition("a", "b")]
    assert fsm.run() == 1


def test_end_is_printed_as_end(fsm):
    fsm.add_state("a", lambda: 1, initial=True, transitions=[END, "zz"])
    assert "'zz'" in str(fsm.validate()[0])
    assert END == "__end__"
    with pytest.raises(InvalidNodeError):
        fsm.add_state(END, lambda: 1)


# Copies and changes


def test_a_clone_is_independent(fsm):
    moves = []
    original = ring(max_cycles=50, on_limit="return", history_limit=3)
    original.add_state_hook(lambda *move: moves.append(move[0]))
    copy = original.clone()
    assert (copy.name, copy.max_cycles, copy.on_limit, copy.history_limit) == ("ring_clone", 50, "return", 3)
    original.remove_node("b").add_state("late", lambda: 1, terminal=True)
    assert copy.run(n=1) == 3
    assert moves == [copy] * 3
    assert copy.transitions != original.transitions


def test_a_clone_keeps_transitions_to_states_that_are_still_to_come(fsm):
    fsm.add_state("a", lambda: 1, initial=True, transitions=["b"]).add_transition("b", END)
    copy = fsm.clone("copy").add_state("b", lambda n: n * 2)
    assert copy.run() == 2
    assert "'b'" in str(fsm.validate()[0])


def test_a_subgraph_has_the_transitions_among_its_states():
    fsm = ring().add_state("c", lambda n: n, transitions=["a"])
    part = fsm.subgraph(["a", "b"])
    assert list(part.nodes) == ["a", "b"]
    assert [each.source for each in part.transitions] == ["a", "b"]
    assert part.run(n=0) == 3
    assert fsm.subgraph(["b"]).initial_state is None


def test_a_state_that_is_removed_takes_its_transitions_along(fsm):
    fsm = ring().add_transition("b", "a", condition="skip")
    fsm.add_terminal_state("a").remove_node("a")
    assert (fsm.initial_state, fsm.terminal_states) == (None, ())
    assert [(each.source, each.target) for each in fsm.transitions] == [("b", None)]
    fsm.clear_nodes()
    assert (len(fsm), fsm.transitions) == (0, [])


def test_the_last_run_is_forgotten():
    fsm = ring()
    fsm.run(n=0)
    assert fsm.reset() is fsm
    assert (fsm.state_history, fsm.current_state, fsm.is_terminated, fsm.cycle_count) == ([], None, False, 0)
    with pytest.raises(KeyError, match="'a' ran 0 times"):
        fsm["a"]


def test_a_definition_may_change_after_a_run(fsm):
    fsm = ring()
    assert fsm.run(n=0) == 3
    fsm.add_terminal_state("a")
    assert fsm.run(n=0) == 1


# Looking at a run


def test_results_are_looked_up_by_state_and_execution():
    fsm = ring()
    fsm.run(n=1)
    assert (fsm["a"], fsm["a.0"], fsm[fsm.nodes["b"]], fsm.get("a.9")) == (3, 2, 3, None)
    assert fsm.get_history("a") == [2, 3]
    assert fsm.get_history(fsm.nodes["b"]) == [2, 3]
    with pytest.raises(KeyError, match="'a' ran 2 times"):
        fsm["a.2"]
    for unknown in ("c", "c.0", 3):
        with pytest.raises(UnknownNodeError):
            fsm[unknown]
    with pytest.raises(UnknownNodeError):
        fsm.get_history("c")


def test_one_execution_is_one_time(fsm):
    fsm.add_state("a", lambda: 1, initial=True, terminal=True)
    fsm.run()
    with pytest.raises(KeyError, match=r"'a' ran 1 time\W*$"):
        fsm["a.1"]


def test_a_run_in_the_background():
    fsm = ring()
    handle = fsm.start(n=0, max_cycles=50)
    assert handle.result(10) == 3
    assert handle.context.state_history == ["a", "b"] * 3
    with pytest.raises(ValueError, match="max iterations"):
        fsm.start(n=0, max_cycles=0)


# Bad input


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "max iterations must be > 0"),
        (-1, "max iterations must be > 0"),
        (True, "max iterations must be an integer"),
        (1.5, "max iterations must be an integer"),
        (100_001, r"max iterations exceeds limit \(100000\)"),
    ],
)
def test_a_cap_is_an_int_from_1_to_100000(value, text):
    with pytest.raises(ValueError, match=text):
        FSM("flow", max_cycles=value)
    with pytest.raises(ValueError, match=text):
        ring().run(n=0, max_cycles=value)


@pytest.mark.parametrize("value", [1, 1000, 100_000])
def test_caps_in_between_are_accepted(value):
    assert FSM("flow", max_cycles=value).max_cycles == value


def test_other_settings_out_of_range_are_refused():
    for options in ({"on_limit": "warn"}, {"history_limit": 0}, {"history_limit": True}):
        with pytest.raises(ValueError, match=next(iter(options))):
            FSM("flow", **options)
    with pytest.raises(ValueError, match="on_limit"):
        ring().run(n=0, on_limit="warn")
    with pytest.raises(UnknownOptionError, match="did you mean 'max_cycles'"):
        FSM("flow", max_cycle=3)


def test_a_machine_keeps_all_or_fails():
    with pytest.raises(ValidationError, match="a state machine has nothing to continue with"):
        ring().run(n=0, error_strategy="continue")
    with pytest.raises(ValueError, match="strategy"):
        ring().run(n=0, error_strategy="nonsense")
    with pytest.raises(ValidationError, match="history_limit"):
        ring().run(n=0, keep_results="exits")


def test_names_in_place_of_lists_of_names_are_refused(fsm):
    with pytest.raises(ValidationError, match=r"write \['done'\]"):
        FSM("flow", terminal_states="done")
    with pytest.raises(ValidationError, match=r"write \['b'\]"):
        fsm.add_state("a", lambda: 1, transitions="b")
    with pytest.raises(ValidationError, match=r"write \['b'\]"):
        fsm.add_conditional_transition("a", lambda n: "b", targets="b")
    with pytest.raises(UnknownNodeError, match="is no state"):
        fsm.add_transition("a", None)


def test_names_are_taken_once(fsm):
    fsm.add_state("a", lambda: 1)
    with pytest.raises(DuplicateNodeError, match="node 'a' already exists"):
        fsm.add_state("a", lambda: 2)
    with pytest.raises(UnknownOptionError, match="intial"):
        fsm.state(lambda: 1, name="b", intial=True)


def test_a_second_router_is_refused(fsm):
    fsm.add_conditional_transition("a", len, targets=["b"])
    with pytest.raises(ValidationError, match="'a' has a router already, 'len'"):
        fsm.add_conditional_transition("a", len, targets=["c"])


def test_different_targets_in_both_places_are_an_error(fsm):
    def route(result) -> Literal["b", "__end__"]:
        return "b"

    with pytest.raises(ValidationError, match="declared with targets b, c, but annotated with b, END"):
        fsm.add_conditional_transition("a", route, targets=["b", "c"])
    fsm.add_conditional_transition("a", route, targets=[END, "b"])
    assert fsm.transitions[0].targets == (END, "b")


def test_a_router_takes_a_result_and_perhaps_the_context(fsm):
    for unfit in (lambda: "b", lambda one, two, three: "b", "b"):
        with pytest.raises(InvalidNodeError, match=r"must take \(result\[, context\]\)"):
            fsm.add_conditional_transition("a", unfit)


def test_state_hooks_are_checked(fsm):
    with pytest.raises(ValidationError, match="must be callable"):
        fsm.add_state_hook("print")
    with pytest.raises(ValidationError, match="not among the state hooks"):
        fsm.remove_state_hook(print)


def test_workflows_as_states_are_checked(fsm):
    with pytest.raises(InvalidNodeError, match="needs a DAG"):
        fsm.add_dag("d", FSM("other"))
    with pytest.raises(InvalidNodeError, match="needs an FSM"):
        fsm.add_fsm("f", DAG("other"))


def test_an_edge_needs_a_parameter(fsm):
    fsm.add_state("a", lambda: 1).add_state("b", lambda n: n)
    with pytest.raises(MissingConnectionError):
        fsm.connect("a", "b", input="m")
    with pytest.raises(MissingConnectionError):
        fsm.disconnect("a", "b")


def test_a_run_refuses_what_validation_finds():
    fsm = ring().add_state("c", lambda: 1, initial=True)
    fsm.add_transition("a", "nowhere").add_transition("c", "c")
    remedy = "leave one, or choose with add_conditional_transition"
    with pytest.raises(CycleExitError) as caught:
        fsm.run(n=0)
    assert [text.split("\n")[0] for text in caught.value.errors] == [
        "'ring' has several initial states (a, c): leave initial=True to one of them",
        "the target of a transition from 'a', 'nowhere', is no state of 'ring': add it, or name another",
        f"state 'a' has several unconditional transitions (to b, nowhere): {remedy}",
        "self-loop detected on node 'c' with no exit condition",
    ]
    assert not fsm.is_valid
    assert fsm.state_history == []
