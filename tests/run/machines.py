"""Small machines, for tests of the core."""

from collections import deque

from fast_dag import FSM
from fast_dag.run.fsm_context import FSMContext
from fast_dag.run.ledger import Ledger
from fast_dag.run.machine_run import MachineRun
from fast_dag.run.moves import Move
from fast_dag.values import NO_DATA
from fast_dag.workflow.inputs import starting_values


def machine_of(*edges, terminal=(), **functions):
    """The machine of edges such as ``"a -> b"``; the first state is initial.

    *functions* are those of states that do not just take a value.
    """
    fsm = FSM("drawn", terminal_states=terminal)
    for edge in edges:
        source, _, target = (part.strip() for part in edge.partition("->"))
        for name in filter(None, (source, target)):
            if name not in fsm and name != "__end__":
                fsm.add_state(name, functions.get(name, lambda value=None: value), initial=not len(fsm))
        if target:
            fsm.add_transition(source, target)
    return fsm


def run_of(fsm, inputs=None, *, is_watched=False, **options):
    """A run of *fsm* that has not begun."""
    plan = fsm.plan_for(fsm.step_options())
    values = starting_values(plan, inputs or {})
    context = FSMContext()
    values[0] = context
    ledger = Ledger(deque() if is_watched else None)
    return MachineRun(plan, values, context, ledger=ledger, **options)


def move(run, value, target, handed=NO_DATA):
    """What a state gives that leads to *target*; it hands on *value* unless told otherwise."""
    return Move(value, run.plan.units[target], value if handed is NO_DATA else handed)
