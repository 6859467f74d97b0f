"""Nodes as classes that know the cycle around them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, ClassVar, Self

from fast_dag.cycles.trend import Trend, trend
from fast_dag.run.cycle_context import CycleContext, current

ABSENT: Any = object()
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class CycleAwareNode:
    """A node whose methods answer for the iteration under way; override `run`, sync or async.

    Its parameters are the inputs of the node.  An instance, or the class itself, is added like a function:
    ``dag.add_node("fit", Fit(rate=0.1))``.  It keeps nothing of a run, so one instance may serve many.
    Outside of a cycle the index is 0, which is the first and the last, and what is kept is thrown away.

    >>> class Sum(CycleAwareNode):
    ...     def run(self, x=1):
    ...         self.set_cycle_state("total", self.get_cycle_state("total", 0) + x)
    ...         return self.get_cycle_state("total")
    >>> Sum().get_iteration(), Sum().is_last_iteration()
    (0, True)

    Parameters:
        name: what the node is called unless it is added under another name; default the name of the class.
        config: anything the node wants to know; entries named like a parameter of `run` are what that takes
            if nothing else does.
    """

    __fast_dag_cycle_aware__: ClassVar = True

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make it usable even if a class derived from this one does not call the constructor."""
        made = super().__new__(cls)
        made.name, made.config = cls.__name__, {}
        return made

    def __init__(self, *, name: str | None = None, **config: Any) -> None:
        if name is not None:
            self.name: str = name
        self.config: dict[str, Any] = config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def run(self, **inputs: Any) -> Any:
        """What the node does; it may be a coroutine function."""
        msg = f"{type(self).__name__} has no run method"
        raise NotImplementedError(msg)

    def node_function(self) -> Callable[..., Any]:
        """The function of the node, with what the config says of its parameters; the engine calls it."""
        parameters = inspect.signature(self.run).parameters.values()
        takes_any_name = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
        named = {each.name for each in parameters if each.kind in BY_NAME}
        given = {key: value for key, value in self.config.items() if takes_any_name or key in named}
        return functools.partial(self.run, **given) if given else self.run

    @property
    def cycle(self) -> CycleContext:
        """The cycle around the call under way."""
        return current()

    def get_iteration(self) -> int:
        """The index of the current iteration, from 0."""
        return self.cycle.index

    def is_first_iteration(self) -> bool:
        """Whether this is the first iteration."""
        return self.cycle.is_first

    def is_last_iteration(self) -> bool:
        """Whether this is the last one that `max_iterations` allows; false if nothing says."""
        return self.cycle.is_last

    def get_cycle_progress(self) -> float | None:
        """How much of the iterations, or of the time, is used up, from 0 to 1; None without either bound."""
        return self.cycle.progress

    def set_cycle_state(self, key: Any, value: Any = ABSENT) -> None:
        """Keep *value* under *key* for the iterations to come, if this attempt succeeds.

        Parameters:
            key: or a mapping of keys and values, alone.
            value: anything.

        Raises:
            TypeError: *key* is alone, and no mapping.
        """
        if value is not ABSENT:
            self.cycle.state[key] = value
        elif isinstance(key, Mapping):
            self.cycle.state.update(key)
        else:
            msg = f"set_cycle_state({key!r}) lacks a value: give a key and a value, or a mapping"
            raise TypeError(msg)

    def get_cycle_state(self, key: Any = None, default: Any = None) -> Any:
        """What is kept under *key* now, *default* if nothing is; without *key* the whole mapping."""
        state: MutableMapping[Any, Any] = self.cycle.state
        return state if key is None else state.get(key, default)

    def get_previous_state(self, key: Any = None, default: Any = None) -> Any:
        """What the last iteration kept under *key*, *default* if nothing; without *key* all of it."""
        previous = self.cycle.previous
        return dict(previous) if key is None else previous.get(key, default)

    def accumulate_values(self, key: Any, value: Any, max_history: int | None = 100) -> Sequence[Any]:
        """Add *value* to the values kept under *key*; everything as for `CycleContext.accumulate`."""
        return self.cycle.accumulate(key, value, max_history)

    def detect_convergence_trend(  # noqa: PLR0917 - the contract's form
        self,
        values: Sequence[Any] | None = None,
        key: Any = None,
        window_size: int = 3,
        threshold: float = 0.01,
        measure: str = "range",
        direction: str | None = None,
    ) -> Trend:
        """How *values*, or those kept under *key*, move.

        Parameters:
            values: numbers, oldest first.
            key: of the state, where no *values* are given.
            window_size: how many of the last ones count.
            threshold: values whose measure is no more than this are converging.
            measure: range, variance, stdev or relative.
            direction: maximize or minimize, by default that of the cycle.

        Raises:
            ValueError: a setting is wrong, or there are neither *values* nor a *key*.
        """
        cycle = self.cycle
        if values is None:
            if key is None:
                msg = "a trend is that of some values: give values, or the key they are kept under"
                raise ValueError(msg)
            values = cycle.state.get(key, ())
        return trend(values, window_size, threshold, measure, direction or cycle.direction)

    def should_continue_cycle(self) -> bool:
        """Whether the cycle may go on, asked after each call of `run`; override it to end the cycle."""
        return True

    should_continue_cycle.__fast_dag_default__ = True  # type: ignore[attr-defined]

    def get_cycle_info(self) -> dict[str, Any]:
        """What all of these say, as a dict."""
        cycle = self.cycle
        return {
            "cycle_id": cycle.cycle_id,
            "iteration": cycle.index,
            "completed": cycle.completed,
            "max_iterations": cycle.max_iterations,
            "is_first_iteration": cycle.is_first,
            "is_last_iteration": cycle.is_last,
            "progress": cycle.progress,
            "elapsed_time": cycle.elapsed,
            "path": cycle.path,
            "state": dict(cycle.state),
            "previous_state": dict(cycle.previous),
        }
