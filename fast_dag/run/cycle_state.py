"""What a cycle keeps from one iteration to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from fast_dag.checks import check_int, suggestion
from fast_dag.errors import CycleStateError
from fast_dag.run.accumulated import Accumulated
from fast_dag.run.recorded import Recorded, trend_figures
from fast_dag.run.working import Snapshot

if TYPE_CHECKING:
    from fast_dag.run.turn import Turn


class CycleState:
    """The state of one cycle: slots its nodes share, the state of each node, what iterations gave.

    A node that is given one writes shared slots and its own state into a working copy: it sees that at once,
    the other nodes from the next iteration on, and nobody if the attempt fails.

    Parameters:
        cycle_id: name of the cycle.
        iteration: the index of the iteration to come.
        max_iterations: after how many the cycle ends, None if nothing says.
        history_limit: how many iterations' outputs are kept; 0 for none, None for all.
        clock: what durations are counted on, in seconds.
        takes_metrics: whether `update` keeps the scalars among the results as series.

    Raises:
        ValueError: a number is no integer, or too small.
    """

    __fast_dag_injected__ = "CycleState"
    default_clock: ClassVar[Callable[[], float]] = float
    """Nothing here reads a clock: whoever has one brings it."""

    def __init__(
        self,
        cycle_id: str = "default",
        iteration: int = 0,
        max_iterations: int | None = None,
        history_limit: int | None = 10,
        *,
        clock: Callable[[], float] | None = None,
        takes_metrics: bool = True,
    ) -> None:
        check_int("iteration", iteration, 0)
        if max_iterations is not None:
            check_int("max_iterations", max_iterations, 1)
        if history_limit is not None:
            check_int("history_limit", history_limit, 0)
        self.books = Books(cycle_id, iteration, max_iterations, history_limit)
        self.books.recorded = Recorded(
            clock or type(self).default_clock, history_limit, takes_metrics=takes_metrics
        )
        self._turn: Turn | None = None
        self._slots: MutableMapping[Any, Any] = self.books.shared

    def as_seen_in(self, turn: Turn) -> Self:
        """The same state for a node in its *turn*; the engine calls it."""
        seen = object.__new__(type(self))
        seen.books, seen._turn, seen._slots = self.books, turn, turn.shared
        return seen

    def __repr__(self) -> str:
        return f"<CycleState of {self.cycle_id!r}, iteration {self.iteration}>"

    @property
    def cycle_id(self) -> str:
        """Name of the cycle."""
        return self.books.cycle_id

    @property
    def iteration(self) -> int:
        """The index of the current iteration, from 0."""
        return self.books.iteration

    @property
    def completed(self) -> int:
        """How many iterations there are, the current one included."""
        return self.books.completed

    @property
    def max_iterations(self) -> int | None:
        """After how many iterations the cycle ends, None if nothing says."""
        return self.books.max_iterations

    @property
    def history_limit(self) -> int | None:
        """How many iterations' outputs are kept."""
        return self.books.history_limit

    @property
    def metadata(self) -> dict[str, Any]:
        """Anything to keep with it; not part of what an attempt takes back."""
        return self.books.metadata

    @property
    def elapsed_time(self) -> float:
        """Seconds since the cycle began."""
        return self.books.recorded.elapsed

    @property
    def iteration_time(self) -> float:
        """Seconds that the last iteration took."""
        return self.books.recorded.seconds

    @property
    def history(self) -> list[dict[str, Any]]:
        """The outputs of the last iterations, oldest first."""
        return list(self.books.recorded.outputs)

    @property
    def metric_history(self) -> dict[str, list[Any]]:
        """The series of each metric that is kept, oldest first."""
        series = self.books.recorded.series if self.books.metrics is None else self.books.metrics()
        return {name: list(values) for name, values in series.items()}

    @property
    def node_states(self) -> dict[str, dict[Any, Any]]:
        """The state of each node that has one."""
        return {node: self.get_node_state(node) for node, kept in self.books.nodes.items() if kept}

    def set(self, key: Any, value: Any) -> None:
        """Put *value* into the shared slot *key*."""
        self._slots[key] = value

    def get(self, key: Any, default: Any = None) -> Any:
        """What lies in the shared slot *key*, *default* if nothing does."""
        return self._slots.get(key, default)

    def get_node_state(self, node: str) -> dict[Any, Any]:
        """The state of *node*; of the node that asks, as it has changed it."""
        turn = self._turn
        if turn is not None and node == turn.node:
            return dict(turn.state)
        return dict(Snapshot(self.books.nodes.get(node, {})))

    def set_node_state(self, node: str, values: Mapping[Any, Any]) -> None:
        """Have *node* hold *values* and nothing else."""
        turn = self._turn
        if turn is None:
            self.books.put(node, values)
        elif node == turn.node:
            turn.state.clear()
            turn.state.update(values)
        else:
            turn.others[node] = dict(values)

    def update(self, results: Mapping[str, Any], iteration: int | None = None) -> None:
        """Record one iteration.

        Parameters:
            results: what it gave, by name; scalars in it are metrics.
            iteration: its index, by default the next.
        """
        books = self.books
        books.iteration = books.completed if iteration is None else iteration
        books.completed = books.iteration + 1
        books.recorded.take(results)

    def calculate_trend(self) -> dict[str, dict[str, Any]]:
        """For each metric of numbers: values, latest, previous, change, change_percent, average, min, max.

        `change_percent` is None where the previous value is 0, `previous` and both changes with one value.
        """
        found = {name: trend_figures(values) for name, values in self.metric_history.items()}
        return {name: figures for name, figures in found.items() if figures is not None}

    def get_summary(self) -> dict[str, Any]:
        """cycle_id, iterations, elapsed_time, average_iteration_time and trends."""
        return {
            "cycle_id": self.cycle_id,
            "iterations": self.books.recorded.count,
            "elapsed_time": self.elapsed_time,
            "average_iteration_time": self.books.recorded.mean_seconds,
            "trends": self.calculate_trend(),
        }

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data around the values themselves; `from_dict` makes the same state of it."""
        recorded = self.books.recorded
        return {
            **{name: getattr(self.books, name) for name in PLAIN},
            "metadata": dict(self.metadata),
            "shared": dict(Snapshot(self.books.shared)),
            "node_states": {
                node: {key: _listed(value) for key, value in Snapshot(kept).items()}
                for node, kept in self.books.nodes.items()
                if kept
            },
            "metric_history": self.metric_history,
            "history": [dict(each) for each in recorded.outputs],
            "elapsed_time": recorded.elapsed,
            "iteration_time": recorded.seconds,
            "recorded": recorded.count,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, clock: Callable[[], float] | None = None) -> Self:
        """The state that `to_dict` described; durations go on from there.

        Raises:
            CycleStateError: *data* is not what `to_dict` gives.
        """
        _check_fields(data)
        try:
            made = cls(
                data["cycle_id"],
                data["iteration"],
                data["max_iterations"],
                data["history_limit"],
                clock=clock,
            )
            made.books.restore(data)
        except (TypeError, ValueError, AttributeError) as error:
            msg = f"this is no state of a cycle: {error}"
            raise CycleStateError(msg) from error
        return made


PLAIN = ("cycle_id", "iteration", "completed", "max_iterations", "history_limit")
FIELDS = (
    *(*PLAIN, "metadata", "shared", "node_states", "metric_history", "history"),
    *("elapsed_time", "iteration_time", "recorded"),
)


class Books:
    """What a state holds, and all who see it share."""

    recorded: Recorded

    def __init__(
        self, cycle_id: str, iteration: int, max_iterations: int | None, history_limit: int | None
    ) -> None:
        self.cycle_id = cycle_id
        self.iteration = self.completed = iteration
        self.max_iterations, self.history_limit = max_iterations, history_limit
        self.metadata: dict[str, Any] = {}
        self.shared: dict[Any, Any] = {}
        self.nodes: dict[str, dict[Any, Any]] = {}
        self.metrics: Callable[[], Mapping[str, Any]] | None = None
        """Gives the series, where others keep them."""

    def put(self, node: str, values: Mapping[Any, Any]) -> None:
        """Have *node* hold *values*, in the place it is known by."""
        kept = self.nodes.setdefault(node, {})
        values = dict(values)
        kept.clear()
        kept.update(values)

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take what `CycleState.to_dict` gave."""
        recorded = self.recorded
        self.completed = data["completed"]
        self.metadata.update(data["metadata"])
        self.shared.update(data["shared"])
        self.nodes.update({node: dict(kept) for node, kept in data["node_states"].items()})
        recorded.series.update({name: list(values) for name, values in data["metric_history"].items()})
        recorded.outputs.extend(dict(each) for each in data["history"])
        recorded.started -= data["elapsed_time"]
        recorded.seconds, recorded.count = data["iteration_time"], data["recorded"]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Accumulated) else value


def _check_fields(data: Any) -> None:
    if not isinstance(data, Mapping):
        msg = f"the state of a cycle is a mapping, got a {type(data).__name__}"
        raise CycleStateError(msg)
    unknown = [name for name in data if name not in FIELDS]
    missing = [name for name in FIELDS if name not in data]
    if unknown:
        msg = f"the state of a cycle has no {unknown[0]!r}{suggestion(unknown[0], FIELDS)}"
        raise CycleStateError(msg)
    if missing:
        msg = f"this state of a cycle lacks {', '.join(missing)}"
        raise CycleStateError(msg)
