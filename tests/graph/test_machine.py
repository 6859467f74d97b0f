"""Where the states of a machine lead, as far as the definition tells."""

from typing import Any, Literal

import pytest

from fast_dag import END, FSMReturn, InvalidNodeError, Node, Transition, ValidationError
from fast_dag.graph.machine import Machine, listed, literal_targets, may_choose
from fast_dag.graph.ways_out import Outgoing


def named(name, returns=None):
    def function(value=None):
        return value

    if returns is not None:
        function.__annotations__["return"] = returns
    return Node(function, name=name)


A = named("a")
NODES = {"a": A, "b": named("b")}


def test_a_single_target_is_plain_and_several_are_named():
    machine = Machine()
    machine.add_all("a", ["b", "b"])
    machine.add_all("b", ["a", END])
    assert machine.transitions(NODES) == [
        Transition("a", "b"),
        Transition("b", "a", "a"),
        Transition("b", END, END),
    ]


def test_the_same_transition_counts_once():
    machine = Machine()
    for _ in range(2):
        machine.add("a", "b")
        machine.add("a", END, "done")
    assert len(machine.transitions(NODES)) == 2


def test_what_may_follow_is_collected_from_everywhere():
    machine, node = Machine(), named("a", Literal["c", "b"])
    machine.add("a", "b")
    machine.add("a", END, "done")
    assert machine.declared(node) == ("b", END, "c")
    assert machine.declared(NODES["b"]) is None


def test_a_router_may_answer_its_targets_and_those_of_named_transitions():
    machine = Machine()
    machine.route("a", lambda result: END, ["b"])
    machine.add("a", END, "done")
    machine.route("b", lambda result: END, None)
    assert machine.answers("a") == ("b", END)
    assert machine.answers("b") is None
    machine.add("b", "a", "back")
    assert machine.answers("b") == ("a",)


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        (Literal["b", "__end__"], ("b", END)),
        (Literal["b", 1], None),
        (str, None),
        (None, None),
        ("Literal['b']", ("b",)),
        ("Unknown", None),
    ],
)
def test_literals_of_an_annotation_are_targets(returns, expected):
    assert literal_targets(named("a", returns).func) == expected


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        (None, True),
        (Any, True),
        (FSMReturn, True),
        (FSMReturn | int, True),
        (int, False),
        (dict[str, int], False),
    ],
)
def test_a_type_that_is_no_fsmreturn_chooses_nothing(returns, expected):
    assert may_choose(named("a", returns)) is expected


def test_where_a_run_may_go_from_a_state():
    machine = Machine(terminal=["last"])
    machine.add("plain", "b")
    machine.add_all("several", ["b", END])
    machine.add("both", "b")
    machine.add("both", END, "done")
    machine.add("routed", "b")
    machine.route("routed", lambda result: "c", ["c", END])
    machine.route("free", lambda result: "c", None)
    machine.add("last", "b")
    expected = {
        "plain": Outgoing(("b",)),
        "several": Outgoing((), ("b", END), is_router=True),
        "both": Outgoing((), ("b", END), is_router=True),
        "routed": Outgoing(("b",), ("c", END), is_router=True),
        "free": Outgoing((), None, is_router=True),
        "last": Outgoing((END,)),
        "open": Outgoing((), None, is_router=True),
    }
    assert {name: machine.outgoing(named(name)) for name in expected} == expected
    assert machine.outgoing(named("open", int)) == Outgoing((END,))


def test_a_state_is_forgotten_wherever_it_stands():
    machine = Machine(["a"], ["a"])
    machine.add("a", "b")
    machine.add("b", "a")
    machine.add("b", "a", "back")
    machine.route("a", lambda result: "b", ["b"])
    machine.forget("a")
    assert machine.transitions(NODES) == []
    assert (list(machine.initial), list(machine.terminal), machine.routers) == ([], [], {})


def test_a_copy_without_some_states_leaves_the_original_alone():
    machine = Machine(["a"], ["c"])
    machine.add("a", "b")
    machine.add("b", "later", "skip")
    machine.add("c", "a")
    machine.route("b", lambda result: "a", ["a"])
    copy = machine.without({"c"})
    copy.add("b", "a")
    copy.end_with("b")
    assert [(each.source, each.target) for each in copy.transitions({})] == [
        ("a", "b"),
        ("b", "a"),
        ("b", "later"),
        ("b", None),
    ]
    assert (list(copy.terminal), list(machine.terminal)) == (["b"], ["c"])
    assert len(machine.transitions({})) == 4


def test_a_router_is_called_with_what_it_takes():
    machine = Machine()

    async def both(result, context):
        return END

    for name, function in (
        ("one", lambda result: END),
        ("own", lambda result, default=1: END),
        ("asked", lambda result, context=None: END),
        ("both", both),
        ("builtin", max),
    ):
        machine.route(name, function, None)
    takes = {name: (router.takes_context, router.is_async) for name, router in machine.routers.items()}
    assert takes == {
        "one": (False, False),
        "own": (False, False),
        "asked": (True, False),
        "both": (True, True),
        "builtin": (False, False),
    }
    with pytest.raises(InvalidNodeError):
        machine.route("none", lambda: END, None)


def test_targets_may_stand_in_one_place_or_in_both_if_they_agree():
    def route(result) -> Literal["b", "__end__"]:
        return END

    machine = Machine()
    machine.route("a", route, None)
    machine.route("b", route, [END, "b"])
    assert [machine.routers[name].targets for name in "ab"] == [("b", END), (END, "b")]
    with pytest.raises(ValidationError, match="leave out one of the two"):
        machine.route("c", route, ["b"])


def test_end_has_its_own_name_in_messages():
    assert listed(["a", END]) == "a, END"
