"""The call of a node that uses the cycle around it: it is given that, or can ask for it."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable
from typing import Any

from fast_dag.run.cycle_context import CURRENT, CycleContext
from fast_dag.run.in_context import InContext
from fast_dag.run.moment import at_its_time
from fast_dag.run.requests import TurnCall
from fast_dag.run.step import spread
from fast_dag.run.turn import Turn
from fast_dag.run.visit import Visit


def call_in(turn: Turn, visit: Visit) -> TurnCall:
    """The call of a node in its *turn*.

    Raises:
        MissingOutputError: an edge asks for what the value does not have.
    """
    plan, step = visit.run.plan, visit.step
    cycle = CycleContext(turn)
    args, kwargs = spread(plan.layouts[step], visit.named(), visit.run.context, cycle)
    function, aware = at_its_time(plan.functions[step], visit.run, step), visit.node.cycle_aware
    if aware is not None:
        function = _answering(function, aware, cycle)
    request = TurnCall(function, args, kwargs, plan.is_async[step], plan.timeouts[step])
    request.turn = turn
    return request


def _answering(function: Callable[..., Any], aware: Any, cycle: CycleContext) -> Callable[..., Any]:
    """*function*, in a context in which the methods of *aware* answer for *cycle*."""

    def ask(value: Any) -> Any:
        if not aware.should_continue_cycle():
            cycle.stop(f"{type(aware).__name__}.should_continue_cycle()")
        return value

    async def ask_later(awaitable: Awaitable[Any]) -> Any:
        return ask(await awaitable)

    def call(*args: Any, **kwargs: Any) -> Any:
        context = contextvars.copy_context()
        context.run(CURRENT.set, cycle)
        value = context.run(function, *args, **kwargs)
        if hasattr(type(value), "__await__"):
            return InContext(ask_later(value), context)
        return context.run(ask, value)

    return call
