"""The table of graphs and runs that says what counts as a way out of a machine, row by row."""

from typing import Literal

import pytest

from fast_dag import (
    END,
    FSM,
    CycleConfigurationError,
    CycleError,
    CycleExitError,
    ExecutionError,
    FSMContext,
    MaxIterationsError,
    RouterError,
    ValidationError,
)


def machine(*edges, name="wf", **options):
    """A machine of edges such as ``"a -> b"`` and routers such as ``"a ? b END"``, undeclared ``"a ?"``."""
    fsm, states = FSM(name, **options), {}
    for edge in edges:
        source, mark, *targets = edge.split()
        states[source] = None
        states.update(dict.fromkeys(target for target in targets if target != "END"))
        names = [END if target == "END" else target for target in targets]
        if mark == "->":
            fsm.add_transition(source, names[0])
        else:
            fsm.add_conditional_transition(source, lambda value: END, targets=names or None)
    for place, state in enumerate(sorted(states)):
        fsm.add_state(state, lambda value=None: value, initial=not place)
    return fsm


def exits(fsm):
    return [(each.kind, " ".join(each.ring)) for each in fsm.validate() if each.kind != "transition"]


REFUSED = {
    "S1": (["a -> b", "b -> a"], [("pure_cycle", "a b a")]),
    "S2": (["a -> b", "b -> c", "c -> a"], [("pure_cycle", "a b c a")]),
    "S3": (["a -> a"], [("self_loop", "a a")]),
    "S8": (["a -> b", "b ? a"], [("router_cannot_exit", "a b a")]),
    "S9": (["a -> b", "b ? a c", "c -> b"], [("router_cannot_exit", "a b a")]),
    "S12": (["r ? x END", "x -> y", "y -> x"], [("pure_cycle", "x y x")]),
    "S14": (
        ["a -> b", "b -> a", "c -> d", "d -> c"],
        [("pure_cycle", "a b a"), ("pure_cycle", "c d c")],
    ),
    "S15": (["a -> b", "b -> a", "b -> c", "c -> END"], [("pure_cycle", "a b a")]),
    "S18": (["a ? a"], [("router_cannot_exit", "a a")]),
    "S20": (["a -> b", "b ? a c", "c -> d", "d -> c"], [("pure_cycle", "c d c")]),
    "S22": (["a -> a", "a -> b", "b -> END"], [("self_loop", "a a")]),
    "S24": (["r ?", "x -> y", "y -> x"], [("pure_cycle", "x y x")]),
    "S26": (["a -> b", "a -> b", "b -> a"], [("pure_cycle", "a b a")]),
    "S28": (["a ? b c", "b -> a", "c -> a"], [("router_cannot_exit", "a b a")]),
}
ALLOWED = {
    "S4": ["a -> b", "b ? a END"],
    "S5": ["a ? a END"],
    "S6": ["a ? a b", "b ? END"],
    "S10": ["a -> b", "b ? c d", "d -> b", "c ? a END"],
    "S16": ["a -> a", "a ? a END"],
}


@pytest.mark.parametrize("row", REFUSED)
def test_graphs_without_a_way_out(row):
    edges, expected = REFUSED[row]
    fsm = machine(*edges)
    assert exits(fsm) == expected
    with pytest.raises(CycleExitError) as caught:
        fsm.run()
    error = caught.value
    assert isinstance(error, CycleError)
    assert isinstance(error, CycleConfigurationError)
    assert [tuple(ring) for ring in error.cycles] == [tuple(ring.split()) for _, ring in expected]
    assert (error.kind, error.node) == (expected[0][0], expected[0][1].split()[0])
    assert fsm.state_history == []


@pytest.mark.parametrize("row", ALLOWED)
def test_graphs_with_a_way_out(row):
    fsm = machine(*ALLOWED[row])
    assert fsm.is_valid
    fsm.validate_or_raise()


def test_s15_and_s22_tell_of_several_transitions_as_well():
    for row, state in (("S15", "b"), ("S22", "a")):
        with pytest.raises(CycleExitError) as caught:
            machine(*REFUSED[row][0]).validate_or_raise()
        assert f"state {state!r} has several unconditional transitions" in caught.value.errors[0]
        assert len(caught.value.errors) == 2


def test_s16_warns_of_the_edge_that_is_ignored():
    (warning,) = machine(*ALLOWED["S16"]).validate()
    assert (warning.severity, str(warning)) == (
        "warning",
        "plain edge a -> a is ignored because 'a' has a conditional edge",
    )


def test_s30_a_clone_does_not_notice_what_becomes_of_the_original():
    original = machine("a -> b", "b ? a END")
    copy = original.clone()
    original.add_state("c", lambda value: value, transitions=["d"]).add_state(
        "d", lambda value: value, transitions=["c"]
    )
    assert exits(original) == [("pure_cycle", "c d c")]
    assert (exits(copy), copy.run()) == ([], None)


def test_a_ring_without_a_decision_beside_a_way_out():
    fsm = FSM("wf").add_state("a", lambda n: n, initial=True, transitions=["b"])
    fsm.add_state("b", lambda n: n)
    fsm.add_conditional_transition("b", lambda n: "a", targets=["a"])
    assert exits(fsm) == [("router_cannot_exit", "a b a")]
    fsm.add_state("c", lambda n: n, transitions=["a", END])
    fsm.add_transition("b", "c", condition="skip")
    assert exits(fsm) == []


def test_the_texts_name_the_ring_and_what_to_do():
    with pytest.raises(CycleExitError) as caught:
        machine("process -> validate", "validate -> process").run()
    assert str(caught.value) == (
        "graph 'wf' is invalid:\n"
        "  cycle detected with no exit condition: [process, validate, process]\n"
        "    hint: add a conditional edge from one of these nodes that can leave the cycle (e.g. to END)"
    )
    with pytest.raises(CycleExitError, match="self-loop detected on node 'retry' with no exit condition"):
        machine("retry -> retry").run()


def test_undeclared_routers_are_named_when_asked_for():
    fsm = machine("a -> b", "b ?")
    assert fsm.validate() == []
    assert list(map(str, fsm.validate(strict_routers=True))) == [
        "targets of 'b' are not declared; the exit cannot be checked"
    ]
    assert fsm.is_valid


def test_a_state_without_targets_may_go_anywhere_unless_its_type_tells_otherwise():
    fsm = FSM("wf").add_state("a", lambda n: n, initial=True)

    @fsm.state
    def plain(n) -> int:
        return n

    assert list(map(str, fsm.validate(strict_routers=True))) == [
        "targets of 'a' are not declared; the exit cannot be checked"
    ]
    fsm.add_terminal_state("a")
    assert fsm.validate(strict_routers=True) == []


def test_transitions_from_a_terminal_state_are_never_taken():
    fsm = machine("a -> b", "b -> a").add_terminal_state("b")
    (warning,) = fsm.validate()
    assert str(warning) == "transitions from 'b' (to a) are never taken, because it is terminal"
    assert fsm.run() is None
    assert fsm.state_history == ["a", "b"]


@pytest.mark.parametrize("where", ["machine", "run", "both"])
def test_a_limit_that_returns_is_a_way_out(where):
    options = {"max_cycles": 5, "on_limit": "return"}
    own = {"machine": options, "run": {}, "both": {"max_cycles": 5}}[where]
    given = {"machine": {}, "run": options, "both": {"on_limit": "return"}}[where]
    fsm = FSM("wf", **own).add_state("a", lambda n: n + 1, initial=True, transitions=["a"])
    assert fsm.run(n=0, **given) == 5
    assert fsm.is_valid is (where == "machine")
    assert [each.severity for each in fsm.validate()] == ["warning" if where == "machine" else "error"]


def test_a_limit_that_raises_or_is_the_default_is_none():
    for own, given in (
        ({"max_cycles": 5}, {}),
        ({"on_limit": "return"}, {}),
        ({"max_cycles": 5, "on_limit": "return"}, {"on_limit": "raise"}),
    ):
        fsm = FSM("wf", **own).add_state("a", lambda n: n, initial=True, transitions=["a"])
        with pytest.raises(CycleExitError):
            fsm.run(n=0, **given)


# The decision record: its three test cases, and its four categories


def test_pure_cycle_rejected():
    fsm = machine("a -> b", "b -> a")
    with pytest.raises(ValidationError, match="cycle detected with no exit"):
        fsm.validate_or_raise()


def test_guarded_cycle_allowed():
    fsm = machine("a -> b", "b ?")
    fsm.validate_or_raise()


def test_self_loop_rejected():
    fsm = machine("a -> a")
    with pytest.raises(ValidationError, match="self-loop detected"):
        fsm.validate_or_raise()


@pytest.mark.parametrize(
    ("category", "edges", "is_allowed"),
    [
        ("pure cycle", ["a -> b", "b -> a"], False),
        ("guarded cycle", ["a -> b", "b ? a END"], True),
        ("self-loop", ["a -> a"], False),
        ("conditional self-loop", ["a ? a b"], True),
    ],
)
def test_the_categories_of_cycles(category, edges, is_allowed):
    assert machine(*edges).is_valid is is_allowed


# Runs


def loop(until=None, **options):
    """One state, n += 1, back to itself until n reaches *until*."""
    fsm = FSM("loop", **options).add_state("loop", lambda n: n + 1, initial=True)
    return fsm.add_conditional_transition(
        "loop", lambda n: END if n == until else "loop", targets=["loop", END]
    )


def test_t1_one_state_until_it_is_enough():
    fsm = loop(3)
    assert (fsm.run(n=0), fsm.cycle_count) == (3, 3)


def test_t2_and_t3_without_an_end_the_cap_ends_it():
    for options, cap in (({"max_cycles": 10}, 10), ({}, 1000)):
        fsm = loop(**options)
        with pytest.raises(MaxIterationsError) as caught:
            fsm.run(n=0)
        error = caught.value
        assert str(error) == f"Maximum cycles ({cap}) exceeded at 'loop' (visits: loop={cap})"
        assert (error.max_iterations, error.last_node, error.value) == (cap, "loop", cap)
        assert (error.visits, error.context.results) == ({"loop": cap}, {"loop": cap})


def test_t4_an_end_exactly_at_the_cap_is_fine():
    assert loop(5, max_cycles=5).run(n=0) == 5


def test_t6_a_review_that_approves_at_the_third_time():
    fsm = FSM("review").add_state("implement", lambda n=0: n + 1, initial=True, transitions=["review"])
    fsm.add_state("review", lambda n: n)
    fsm.add_conditional_transition(
        "review", lambda n: END if n == 3 else "implement", targets=["implement", END]
    )
    assert fsm.run() == 3
    assert (fsm.cycle_count, fsm.context.visits) == (6, {"implement": 3, "review": 3})


def test_t8_a_refinement_that_is_given_up():
    def decide(value, context) -> Literal["refine", "finalize"]:
        return "finalize" if value == "good" or context.visits.get("review", 0) == 2 else "refine"

    fsm = FSM("refinement").add_state("draft", lambda: "bad", initial=True, transitions=["review"])
    fsm.add_state("review", lambda text: text).add_state("refine", lambda text: text, transitions=["review"])
    fsm.add_state("finalize", lambda text: text, transitions=[END])
    fsm.add_conditional_transition("review", decide)
    assert fsm.run() == "bad"
    assert " ".join(fsm.state_history) == "draft review refine review refine review finalize"


@pytest.mark.parametrize(("failures", "is_ok"), [(2, True), (9, False)])
def test_t10_three_attempts(failures, is_ok):
    retry = FSM("retry")

    @retry.state(initial=True)
    def attempt(job):
        return {**job, "n": job["n"] + 1, "ok": job["n"] >= failures}

    @retry.state
    def evaluate(job):
        return job

    retry.add_transition("attempt", "evaluate")
    retry.add_conditional_transition(
        "evaluate",
        targets=["attempt", END],
        router=lambda job: END if job["ok"] or job["n"] >= 3 else "attempt",
    )
    assert retry.run(job={"n": 0}) == {"n": 3, "ok": is_ok}


def test_t11_a_router_that_answers_nonsense_or_raises():
    for answer in ("", "nonexistent"):
        fsm = loop()
        fsm.machine.routers.clear()
        with pytest.raises(RouterError) as caught:
            fsm.add_conditional_transition("loop", lambda n, answer=answer: answer).run(n=0)
        assert (caught.value.returned, caught.value.node_name) == (answer, "loop")
    fsm.machine.routers.clear()
    with pytest.raises(ZeroDivisionError) as raised:
        fsm.add_conditional_transition("loop", lambda n: 1 / 0).run(n=0)
    assert isinstance(raised.value, ExecutionError)
    assert (raised.value.node_name, type(raised.value.__cause__)) == ("loop", ZeroDivisionError)


def test_t12_the_first_lap_stays_when_the_second_fails():
    fsm, context = FSM("laps"), FSMContext()
    fsm.add_state("a", lambda n: 1 // (1 - n), initial=True, transitions=["b"])
    fsm.add_state("b", lambda n: n, transitions=["a", END])
    fsm.add_conditional_transition("b", lambda n: "a", targets=["a", END])
    with pytest.raises(ZeroDivisionError) as caught:
        fsm.run(n=0, context=context)
    assert caught.value.node_name == "a"
    assert context.results == {"a": 1, "b": 1}


def test_t18_a_router_that_answers_another_state():
    fsm = machine("a -> b", "b ? a END", "c -> END")
    fsm.machine.routers.clear()
    fsm.add_conditional_transition("b", lambda n: "c", targets=["a", END])
    with pytest.raises(RouterError, match=r"cannot be 'c': its declared targets are a, END"):
        fsm.run()
