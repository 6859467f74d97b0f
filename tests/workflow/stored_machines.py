"""Machines to be stored, with every kind of transition and setting, and the functions they are made of."""

from typing import Any, Literal

from fast_dag import DAG, END, FSM, FSMReturn
from fast_dag.workflow.functions import FunctionRegistry
from tests.workflow.stored_flows import increment, note


def begin(count: int = 0) -> int:
    return count


def again(count: int) -> int:
    return count + 1


def decide(count: int) -> Literal["again", "__end__"]:
    return "again" if count % 2 else "__end__"


def jump(count: int, first: int = 0) -> FSMReturn:
    return FSMReturn(next_state="last" if count > first else "again", value=count)


def last(count: int) -> int:
    return -count


def route(count: int) -> str:
    return "again" if count < 3 else "jump"


def route_with_context(count: int, context: Any) -> str:
    return END if context.cycle_count > 5 else "again"


def watch(fsm: FSM, source: str, target: str, result: Any) -> None:
    """A state hook."""


FUNCTIONS = (begin, again, decide, jump, last, route, route_with_context, watch, note, increment)


def registry() -> FunctionRegistry:
    """All functions of this file, under the names that lead to them."""
    functions = FunctionRegistry()
    for function in FUNCTIONS:
        functions.register(function)
    return functions


def machine() -> FSM:
    """Plain, named and routed transitions, an edge, a setting, handlers, hooks and limits."""
    fsm = FSM(
        "counter", description="Counts.", metadata={"a": 1}, max_cycles=50, on_limit="return", history_limit=9
    )
    fsm.state(begin, initial=True, transitions=["again"])
    fsm.state(again, retry=2, retry_delay=0.0)
    fsm.state(jump, transitions=["again", "last"])
    fsm.state(last, terminal=True)
    fsm.add_conditional_transition("again", route, targets=["jump", "again"])
    fsm.connect("begin", "jump", input="first")
    fsm.add_state_hook(watch).set_node_hooks("again", cleanup=note)
    return fsm


def nested() -> DAG:
    """A DAG in a machine in a DAG."""
    fsm = FSM("inside")
    fsm.add_dag("step", DAG("steps").add_node(increment), initial=True, transitions=["ask"])
    fsm.state(begin, name="ask", inputs=["x"], terminal=True)
    dag = DAG("outside")
    dag.add_fsm("machine", fsm, inputs=["x"])
    dag.add_node("after", increment).connect("machine", "after")
    return dag
