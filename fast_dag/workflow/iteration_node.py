"""A bounded iteration as a node: an inner graph that runs again and again on what it gave before."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from fast_dag.checks import unknown_options
from fast_dag.errors import InvalidNodeError, RunCancelledError, ValidationError
from fast_dag.graph.bounded import Bounded, as_cycle
from fast_dag.graph.check import Problem
from fast_dag.graph.edge import Edge
from fast_dag.graph.signature import Signature
from fast_dag.iterate.ports import InnerPorts
from fast_dag.iterate.settings import IterationSettings, settings_of
from fast_dag.plan.compile import compile_plan
from fast_dag.plan.plan import Plan
from fast_dag.run.context import Context
from fast_dag.run.iteration_info import IterationInfo
from fast_dag.run.run import Run
from fast_dag.runners import registry
from fast_dag.values import NO_DATA, ExecutionMode
from fast_dag.workflow.cycle_conditions import with_conditions
from fast_dag.workflow.nested import WorkflowNode
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.runs import Runnable
from fast_dag.workflow.session import Session, session

OUTPUTS: Final = ("output", "converged", "rounds", "reason")
SIDES: Final = OUTPUTS[1:]


class _GivenUpError(RunCancelledError):
    """Nobody asks for more rounds."""


class BoundedIterationNode(WorkflowNode):
    """A node that runs an inner graph again and again, each time on what it gave before.

    >>> from fast_dag import DAG
    >>> body = DAG("body").add_node("step", lambda x: x // 2 + 1)
    >>> node = BoundedIterationNode("halve", body, 100, seed="x", feedback="x", output="step", emit="each")
    >>> node.iterate(10).emitted[:4]
    [6, 4, 3, 2]

    Parameters:
        name: of the node.
        inner_graph: a DAG; edits of it show at once.
        max_rounds: after so many rounds it ends.
        seed: the parameter inside that gets the input of round 1.
        feedback: the one that gets what the round before gave; may be the same as *seed*.
        output: the node inside, or ``node.output``, whose result goes round and leaves.
        converged: the node, or ``node.output``, that asks to stop; default one called converged.
        until: ``rule(prev, cur)`` or ``rule(prev, cur, round)``, "fixed_point", or a ready rule.
        emit: what leaves: the last value, or a list of "each", or of each with its round ("tagged").
        stream: the loop variable is a sequence of items: the body gets an iterator and gives any iterable.
        buffering: the items of a round are held until it is over ("full"), or let go of as they are read
            ("stream", which implies *stream*).
        stop_on_empty: end when a round gives nothing.
        on_limit: what reaching *max_rounds* or *timeout* does: return, warn or raise.
        timeout: seconds for all rounds.
        max_buffer: how many items may wait for the next round.
        history: keep figures of every round.
        on_round: called with the number and the value of each finished round.
        description, metadata: as for `Node`.

    Raises:
        CycleConfigurationError: a bad setting, or nothing that ends it.
        UnknownOptionError: there is no such setting.
        InvalidNodeError: *inner_graph* is no DAG.
    """

    def __init__(
        self,
        name: str,
        inner_graph: Any,
        max_rounds: int | None,
        *,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        if not isinstance(inner_graph, Runnable) or inner_graph.has_executions:
            msg = f"iteration {name!r} needs a DAG to go round, got {inner_graph!r}"
            raise InvalidNodeError(msg)
        self.bounds: IterationSettings = settings_of(name, {"max_rounds": max_rounds, **settings})
        self._compiled: tuple[object, Plan] | None = None
        super().__init__(inner_graph, name=name, description=description, metadata=metadata)
        self._outputs = OUTPUTS
        self.bounds.check_end(has_signal=self.inner_ports.has_signal)

    @property
    def inner_ports(self) -> InnerPorts:
        """Where its ports lie in the inner graph, as that is now."""
        return InnerPorts(self.workflow.wired, self.bounds)

    @property
    def side_outputs(self) -> tuple[str, ...]:
        """What stands beside its value: the last signal, the number of rounds, why it ended."""
        return SIDES

    @property
    def whole_output(self) -> str:
        """The declared output that is its value."""
        return OUTPUTS[0]

    @property
    def course(self) -> str:
        """How long it goes round, in words."""
        return self.bounds.in_words

    @property
    def seed_name(self) -> str:
        """What its input for round 1 is called."""
        return "seed"

    @property
    def other_names(self) -> Mapping[str, str]:
        """What the input for round 1 is called inside, where nothing else is called so."""
        own = self.bounds.seed
        return {own: self.seed_name} if own not in self.inner_ports.held else {}

    @property
    def refused_inputs(self) -> tuple[str, ...]:
        """What may be connected, and is told of when the definition is checked."""
        return ("feedback",) if "feedback" not in self.inner_ports.held else ()

    @property
    def shares_streams(self) -> bool:
        """A stream that comes in is read in round 1, by one node."""
        return False

    @property
    def plan_key(self) -> object:
        """What its plan is kept under: that of the inner graph by itself is another one."""
        return self

    @property
    def inner_names(self) -> dict[str, str]:
        """What each port is called inside, as far as it has another name."""
        return {self.seed_name: self.bounds.seed}

    def planned(self, plan: Plan) -> Plan:  # noqa: ARG002 - that of the graph by itself
        """What its runs follow."""
        version = self.workflow.version
        if self._compiled is None or self._compiled[0] != version:
            self._compiled = version, self._plan()
        return self._compiled[1]

    def problems(self, edges: Sequence[Edge], leaving: Sequence[Edge] = ()) -> list[str]:
        """What is wrong with the ports, *edges* into the node and those *leaving* it included."""
        found = list(self.inner_ports.problems())
        if self.seed_name in self.inner_ports.held:
            text = f"has an input {self.seed_name!r} beside {self.bounds.seed!r}, which that port fills"
            found.append(f"iteration {self.name!r}: inner graph {self.workflow.name!r} {text}: rename it")
        inputs = [edge for edge in edges if edge.input not in self.refused_inputs]
        if len(inputs) < len(edges):
            text = "'feedback' is filled by the engine from 'output'; connect 'seed' instead"
            found.append(f"iteration {self.name!r}: {text}")
        if self.settings.map or self.settings.cached:
            beside = [edge.output for edge in leaving if edge.output in SIDES]
            what = "goes round for each element" if self.settings.map else "is cached"
            found += [
                f"iteration {self.name!r}: it {what}, so there is no {output!r} beside its value"
                for output in dict.fromkeys(beside)
            ]
        self.refresh()
        names = set(self.inputs)
        lost = [edge.input for edge in inputs if edge.input not in names]
        has_lost = f"is no open input of {self.workflow.name!r} any more"
        return [*found, *(f"iteration {self.name!r}: input {name!r} {has_lost}" for name in lost)]

    def unconnected(self, given: Sequence[str]) -> list[Problem]:
        """The inputs it needs that are not among those *given*, by edges or by a run."""
        known = {self.other_names.get(name, name) for name in given}
        texts = {
            self.seed_name: "input 'seed' is not connected",
            "": "input {!r} of the inner graph is not connected",
        }
        return [
            Problem(
                f"iteration {self.name!r}: {texts.get(each.name, texts['']).format(each.name)}",
                kind="port",
                nodes=[self.name],
            )
            for each in self.signature.inputs
            if each.name not in known and (each.required or each.name == self.seed_name)
        ]

    def iterate(self, seed: Any, **held: Any) -> IterationInfo:
        """Run all rounds, without a DAG around.

        Parameters:
            seed: the input of round 1.
            held: the other inputs, the same in every round.

        Returns:
            What it came to.

        Raises:
            ValidationError: an input is missing, or the inner graph is wrong.
            ExecutionError: as a run.
        """
        context = Context()
        with self._session(seed, held, context) as live:
            registry.drive(live.run, ExecutionMode.SEQUENTIAL, live.limits, live.report)
        info: IterationInfo = context.metadata["cycles"][self.name]
        return info

    def rounds(self, seed: Any, **held: Any) -> Generator[tuple[int, Any]]:
        """Run round by round: each is made when it is asked for; parameters and errors as for `iterate`.

        Yields:
            The number of the round and what it gave.
        """
        told: list[tuple[int, Any]] = []

        def tell(_: Run, lap: Any, __: Any) -> None:
            if lap.cycle.bounded is not None and lap.cycle.name == self.name:
                told.append((lap.completed, lap.following.told_value))

        with suppress(_GivenUpError), self._session(seed, held, Context(), tell) as live:
            stepper = registry.stepper(live.run, live.report)
            try:
                while not live.run.finished or told:
                    while told:
                        yield told.pop(0)
                    stepper.step(lambda: told)
            except GeneratorExit:
                live.run.stop(_GivenUpError(f"the rounds of {self.name!r} were given up"))
            finally:
                stepper.close()

    def run_alone(self, inputs: Mapping[str, Any]) -> Any:
        """Run all rounds by themselves, with values for the ports."""
        given = dict(inputs)
        seed = given.pop(self.seed_name, NO_DATA)
        return self.iterate(seed, **given).value

    def _value(self, run: Run) -> Any:
        lap = run.rounds.laps[0]  # type: ignore[attr-defined]
        return lap.following.delivered() if lap.completed else NO_DATA

    @contextmanager
    def _session(
        self, seed: Any, held: Mapping[str, Any], context: Context, tell: Any = None
    ) -> Iterator[Session]:
        """A run of all rounds, to be driven."""
        given = {self.seed_name: seed, **held}
        texts = [*self.problems([]), *map(str, self.unconnected(list(given)))]
        if texts:
            raise ValidationError(texts, self.name)
        inner = {self.inner_names.get(name, name): value for name, value in given.items()}
        known = [self.bounds.seed, *self.inner_ports.held]
        unknown = [name for name in inner if name not in known]
        if unknown:
            raise unknown_options(unknown, known, f"iteration {self.name!r}")
        plan = self.planned(self.workflow.plan())
        with session(self.workflow, inner, context, RunOptions(), plan=plan) as live:
            live.run.path = self._inner_path
            live.run.ledger.tell_lap = tell
            yield live

    @property
    def _inner_path(self) -> str:
        """What stands before the names of the nodes inside, where nothing is around it."""
        return f"{self.name}."

    def _plan(self) -> Plan:
        bounds, graph = self.bounds, self.workflow.wired
        bounded = Bounded(
            self.inner_ports.ports,
            bounds.emit,
            bounds.stop_on_empty,
            bounds.history,
            bounds.stream,
            bounds.buffering == "stream",
            bounds.max_buffer,
        )
        return with_conditions(compile_plan(graph, around=as_cycle(graph, self.name, bounds.config, bounded)))

    def _close(self, session: Session, ended_by: Run) -> float:
        """Keep the books, and lay ready what stands beside the value."""
        run, context, outer = session.run, session.run.context, session.run.outer
        following = run.rounds.laps[0].following  # type: ignore[attr-defined]
        seconds = super()._close(session, ended_by)
        info = context.metadata.get("cycles", {}).get(self.name)
        # One for each element would hide the others: theirs are in the contexts of the elements.
        if info is not None and outer is not None and not self.settings.map:
            outer.tally.iterations[self.name] = info
            beside = {"rounds": info.rounds, "reason": info.reason, "converged": following.last_signal}
            for output, slot in outer.plan.branches.get(outer.plan.names.index(self.name), {}).items():
                outer.values[slot] = beside[output]
        return seconds

    def _read(self) -> Signature:
        known = self.workflow.open_inputs()
        names = {self.seed_name: self.bounds.seed, **{name: name for name in self.inner_ports.held}}
        parameters = [
            replace(known[inner], name=port, own_name=port, required=known[inner].required or port == "seed")
            for port, inner in names.items()
            if inner in known
        ]
        return Signature(tuple(parameters), takes_any_name=False)
