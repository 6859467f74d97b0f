"""FSM: plain functions as states, and what leads from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Self

from fast_dag.checks import check_int
from fast_dag.errors import UnknownNodeError, ValidationError
from fast_dag.graph.check import Problem
from fast_dag.graph.keywords import known_keywords
from fast_dag.graph.machine import ALWAYS, Machine, Transition
from fast_dag.graph.machine_check import machine_problems
from fast_dag.graph.node import Node
from fast_dag.graph.signature import Parameter
from fast_dag.plan.machine import MachinePlan, compile_machine
from fast_dag.values import NodeType
from fast_dag.workflow.decorators import StateDecorator
from fast_dag.workflow.definition import open_input
from fast_dag.workflow.fsm_runs import FSMRuns
from fast_dag.workflow.machine_options import MachineOptions, check_cycles, check_on_limit
from fast_dag.workflow.nested import WorkflowNode

State = str | Node[..., Any]

MOST_BY_DEFAULT: Final = 1000
"""How many states a run executes if nobody says how many."""


class FSM(FSMRuns):
    """A finite state machine of decorated functions: one state at a time, until there is nowhere to go.

    What a state returns is handed to the next one.  Which that is, transitions, routers, annotations or
    the state itself say.

    >>> light = FSM("light")
    >>> @light.state(initial=True, transitions=["green"])
    ... def red():
    ...     return 1
    >>> @light.state(terminal=True)
    ... def green(count):
    ...     return count + 1
    >>> light.run()
    2
    """

    state = StateDecorator()
    node_type: ClassVar[NodeType] = NodeType.FSM

    @known_keywords
    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        initial_state: str | None = None,
        terminal_states: Iterable[str] = (),
        max_cycles: int | None = None,
        on_limit: str = "raise",
        history_limit: int | None = None,
        cache_namespace: str | None = None,
    ) -> None:
        """Make a machine without states.

        Parameters:
            name, description, metadata, cache_namespace: as for `DAG`.
            initial_state: the state to begin with; it may be added later.
            terminal_states: states that end the run.
            max_cycles: how many states a run may execute, 1 to 100000; default 1000.
            on_limit: what happens then: "raise" a MaxIterationsError, or "return" the last value.
            history_limit: how many executions the context remembers, of all and of each state; default all.

        Raises:
            ValueError: a value out of range.
        """
        if max_cycles is not None:
            check_cycles(max_cycles)
        check_on_limit(on_limit)
        if history_limit is not None:
            check_int("history_limit", history_limit, 1)
        _check_names(terminal_states)
        initial = [] if initial_state is None else [_name(initial_state)]
        self.machine = Machine(initial, map(_name, terminal_states))
        self.own_max_cycles = max_cycles
        self.max_cycles = MOST_BY_DEFAULT if max_cycles is None else max_cycles
        self.on_limit = on_limit
        self.history_limit = history_limit
        super().__init__(name, description=description, metadata=metadata, cache_namespace=cache_namespace)

    # States

    def add_state(self, name: str, func: Callable[..., Any], **options: Any) -> Self:
        """Add a function as a state; options as for the decorator."""
        self.state(func, name=name, **options)
        return self

    def add_node(
        self, node: Node[..., Any] | str, func: Callable[..., Any] | None = None, **options: Any
    ) -> Self:
        """Add a function, or one under a name, as a state; options as for the decorator."""
        options.setdefault("node_type", NodeType.FSM_STATE)
        return super().add_node(node, func, **options)

    def take_in(
        self,
        func: Callable[..., Any],
        *,
        initial: bool = False,
        terminal: bool = False,
        transitions: Iterable[str] | None = None,
        **options: Any,
    ) -> Node[..., Any]:
        """Make a state of *func*; the decorator calls it."""
        _check_names(transitions)
        node = super().take_in(func, **{"node_type": NodeType.FSM_STATE, **options})
        self._declare(node.name, initial=initial, terminal=terminal, transitions=transitions)
        return node

    def add_workflow(
        self,
        name: str,
        workflow: Any,
        *,
        initial: bool = False,
        terminal: bool = False,
        transitions: Iterable[str] | None = None,
        **options: Any,
    ) -> WorkflowNode:
        """Make a workflow a state; *initial*, *terminal*, *transitions* as for a state, else as for a DAG."""
        _check_names(transitions)
        node = super().add_workflow(name, workflow, **options)
        self._declare(name, initial=initial, terminal=terminal, transitions=transitions)
        return node

    def set_initial_state(self, state: State) -> Self:
        """Begin with *state*, and no other; UnknownNodeError if there is none of that name."""
        self.machine.begin_with(self.drawing.node(state).name)
        self.drawing.touch()
        return self

    def add_terminal_state(self, state: State) -> Self:
        """End the run after *state*; UnknownNodeError if there is none of that name."""
        self.machine.end_with(self.drawing.node(state).name)
        self.drawing.touch()
        return self

    def is_terminal_state(self, state: State) -> bool:
        """Whether the run ends after *state*; UnknownNodeError if there is none of that name."""
        return self.drawing.node(state).name in self.machine.terminal

    @property
    def initial_state(self) -> str | None:
        """The state to begin with, None as long as nobody said which."""
        return next(iter(self.machine.initial), None)

    @property
    def terminal_states(self) -> tuple[str, ...]:
        """The states that end the run."""
        return tuple(self.machine.terminal)

    def remove_node(self, name: State) -> Self:
        """Drop a state, its edges and the transitions from and to it."""
        state = self.drawing.node(name).name
        super().remove_node(state)
        self.machine.forget(state)
        self.drawing.touch()
        return self

    def clear_nodes(self) -> Self:
        """Drop every state, edge and transition."""
        self.machine = Machine()
        return super().clear_nodes()

    # Transitions

    def add_transition(self, source: State, target: State, condition: str = ALWAYS) -> Self:
        """Go from one state to another.

        Parameters:
            source: name of a state, which may be added later.
            target: likewise, or `END`.
            condition: "default" for a transition that is taken whatever the result is; any other name
                only declares that the state or its router may answer *target*.
        """
        if not isinstance(condition, str) or not condition:
            msg = f"a condition is a name, got {condition!r}: leave it out for a plain transition"
            raise ValidationError(msg, self.name)
        self.machine.add(_name(source), _name(target), condition)
        self.drawing.touch()
        return self

    def add_conditional_transition(
        self, source: State, router: Callable[..., Any], *, targets: Sequence[str] | None = None
    ) -> Self:
        """Have a function choose what follows a state.

        Parameters:
            source: name of a state, which may be added later.
            router: called with the result of the state, and the context if it takes two; gives the name
                of a state or `END`.
            targets: what it may answer; default what its annotation ``Literal[...]`` lists, else anything.

        Raises:
            InvalidNodeError: it cannot be called so.
            ValidationError: *targets* and the annotation differ, or the state has a router.
        """
        _check_names(targets)
        self.machine.route(_name(source), router, targets)
        self.drawing.touch()
        return self

    add_conditional_edge = add_conditional_transition

    @property
    def transitions(self) -> list[Transition]:
        """Every transition, state by state; a router has no single target, but its declared targets."""
        return self.machine.transitions(self.drawing.nodes)

    @known_keywords
    def connect(
        self,
        source: State,
        target: State,
        *,
        output: str | None = None,
        input: str | None = None,
        optional: bool = False,
    ) -> Self:
        """Fill a parameter of a state with the latest result of another; see `DAG.connect`."""
        self.drawing.connect_pairs([(source, output, target, input, optional)])
        return self

    def drawn_machine(self) -> Machine:
        """What drawings show of it besides its states."""
        return self.machine

    @known_keywords
    def disconnect(
        self, source: State, target: State, *, output: str | None = None, input: str | None = None
    ) -> Self:
        """Remove the edges between two states, or only those at *output* and *input*.

        Raises:
            MissingConnectionError: there is no such edge.
        """
        self.drawing.disconnect(source, target, output, input)
        return self

    # What is derived from it

    def problems_here(self, **options: bool) -> list[Problem]:
        """The problems of its own states and transitions; options as for `validate`."""
        options.pop("allow_disconnected", None)  # transitions, not edges, are what connects states
        return [*self._problems(is_bounded=self.is_bounded, **options), *self.port_problems()]

    @property
    def is_bounded(self) -> bool:
        """Whether the cap is meant as the way a run ends, so that rings need no other."""
        return self.own_max_cycles is not None and self.on_limit == "return"

    def open_inputs(self) -> dict[str, Parameter]:
        """The parameters that run inputs may fill, those of the initial state first."""
        initial = self.initial_state
        found: dict[str, Parameter] = {}
        for name in sorted(self.drawing.nodes, key=lambda name: name != initial):
            fed = {edge.input for edge in self.drawing.incoming[name]}
            inputs = [each for each in self.drawing.nodes[name].signature.inputs if each.name not in fed]
            for place, each in enumerate(inputs):
                is_needed = each.required and (place > 0 or name == initial)
                was_needed = each.name in found and found[each.name].required
                found[each.name] = open_input(each, required=is_needed or was_needed)
        return found

    def compiled(self, part: object = None) -> MachinePlan:  # noqa: ARG002 - a machine has no parts
        """The plan of the machine, which has been checked."""
        return compile_machine(self.drawing, self.machine)

    def plan_for(self, options: Any, names: object = None) -> MachinePlan:  # noqa: ARG002 - as above
        """What a run with these *options* follows; whether its cap is a way out they may say as well."""
        own = options if isinstance(options, MachineOptions) else MachineOptions()
        is_explicit = (own.max_cycles or self.own_max_cycles) is not None
        is_bounded = is_explicit and (own.on_limit or self.on_limit) == "return"
        if is_bounded != self.is_bounded:
            found = self._problems(is_bounded=is_bounded, check_types=options.check_types)
            self.raise_problems([*found, *self.port_problems()])
            return self.compiled()
        plan: Any = self.plan(check_types=options.check_types)
        return plan  # type: ignore[no-any-return]

    def _problems(self, *, is_bounded: bool, **options: bool) -> list[Problem]:
        return machine_problems(self.drawing, self.machine, is_bounded=is_bounded, **options)

    def _declare(
        self, name: str, *, initial: bool, terminal: bool, transitions: Iterable[str] | None
    ) -> None:
        if initial:
            self.machine.initial[name] = None
        if terminal:
            self.machine.terminal[name] = None
        self.machine.add_all(name, [_name(each) for each in transitions or ()])
        self.drawing.touch()

    def _empty_copy(self, name: str) -> Self:
        return type(self)(
            name,
            description=self.description,
            metadata=self.metadata,
            max_cycles=self.own_max_cycles,
            on_limit=self.on_limit,
            history_limit=self.history_limit,
            cache_namespace=self.cache_namespace,
        )

    def _copy(self, name: str, names: Sequence[str]) -> Self:
        copy = super()._copy(name, names)
        # Not only what stands between *names*: a state that transitions know may be added later.
        copy.machine = self.machine.without(set(self.drawing.nodes).difference(names))
        copy.state_hooks = list(self.state_hooks)
        return copy


def _name(state: State) -> str:
    if isinstance(state, Node):
        return state.name
    if not isinstance(state, str) or not state:
        msg = f"{state!r} is no state: give its name, the state itself, or END"
        raise UnknownNodeError(msg)
    return state


def _check_names(names: object) -> None:
    if isinstance(names, str):
        msg = f"transitions, targets and terminal states are lists of names, got {names!r}: write [{names!r}]"
        raise ValidationError(msg)
