"""The options of a run, checked before anything else happens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from fast_dag.checks import check_int, check_seconds, suggestion
from fast_dag.errors import UnknownOptionError, ValidationError
from fast_dag.graph.settings import check_bool
from fast_dag.run.brief import brief
from fast_dag.run.context import Context
from fast_dag.run.policy import strategy_named
from fast_dag.runners.registry import mode_named, mode_of_executor
from fast_dag.values import ExecutionMode
from fast_dag.workflow.watched import check_observer

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from fast_dag.run.events import Observer
    from fast_dag.workflow.definition import AnyNode
    from fast_dag.workflow.workflow import Workflow

KEPT = ("all", "exits")
ErrorHandler = Callable[[str, Exception, Context], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of a run.

    Raises:
        ValueError: an unknown mode or strategy, or a number out of range.
        ValidationError: options that contradict each other.
    """

    mode: str = ExecutionMode.SEQUENTIAL
    max_workers: int | None = None
    executor: Executor | None = None
    timeout: float | None = None
    error_strategy: str = "fail_fast"
    error_handler: ErrorHandler | None = None
    progress: Any = None
    observers: Sequence[Observer] = ()
    strict_observers: bool = False
    trace: bool = False
    track_memory: bool = False
    check_types: bool = False
    record: bool = False
    keep_results: str | Collection[str | AnyNode] = "all"

    def __post_init__(self) -> None:
        mode = mode_named(self._mode_of_executor() if self.executor is not None else self.mode)
        object.__setattr__(self, "mode", mode)
        strategy_named(self.error_strategy)
        if self.max_workers is not None:
            check_int("max_workers", self.max_workers, 1)
            if mode == ExecutionMode.SEQUENTIAL and self.max_workers > 1:
                msg = (
                    f"max_workers={self.max_workers} needs a concurrent mode: mode='parallel' or mode='async'"
                )
                raise ValueError(msg)
        if self.timeout is not None:
            check_seconds("timeout", self.timeout, positive=True)
        if self.error_handler is not None and not callable(self.error_handler):
            msg = f"error_handler must be callable, got {self.error_handler!r}"
            raise ValidationError(msg)
        for name in FLAGS:
            check_bool(name, getattr(self, name))
        self._check_observers()
        self._check_keep_results()

    def check_kept(self, workflow: Workflow) -> None:
        """Raise UnknownNodeError for a name in keep_results that no node of *workflow* has."""
        if not isinstance(self.keep_results, str):
            for name in self.keep_results:
                if isinstance(name, str):
                    workflow.check_path(name)
                else:
                    workflow.drawing.node(name)

    def on_loop(self) -> RunOptions:
        """These options for a run on the running event loop, where an executor brings threads for sync nodes.

        Raises:
            ValidationError: the executor is none of threads.
        """
        if self.executor is not None and self.mode == ExecutionMode.PROCESS:
            msg = f"run_async takes an executor of threads, got a {type(self.executor).__name__}"
            raise ValidationError(msg)
        made = copy(self)
        object.__setattr__(made, "mode", ExecutionMode.ASYNC)
        return made

    def _check_observers(self) -> None:
        if not isinstance(self.observers, Iterable):
            msg = f"observers must be a list, got {brief(self.observers)}: write observers=[...]"
            raise ValidationError(msg)
        # Not as they were given: what can be gone through only once would be used up here.
        object.__setattr__(self, "observers", tuple(self.observers))
        for observer in self.observers:
            check_observer(observer)

    def _check_keep_results(self) -> None:
        keep = self.keep_results
        if keep in KEPT if isinstance(keep, str) else isinstance(keep, Iterable):
            object.__setattr__(self, "keep_results", keep if isinstance(keep, str) else tuple(keep))
            return
        near = suggestion(keep, KEPT) if isinstance(keep, str) else ""
        msg = f"keep_results must be 'all', 'exits' or a list of names of nodes, got {keep!r}{near}"
        raise ValueError(msg)

    def _mode_of_executor(self) -> str:
        fits = mode_of_executor(self.executor)
        if self.mode not in (fits, ExecutionMode.SEQUENTIAL):
            kind = type(self.executor).__name__
            msg = f"executor={kind} implies mode {fits.value!r}, not {self.mode!r}: leave out one"
            raise ValidationError(msg)
        return fits


CONCURRENT: Final = ExecutionMode.PARALLEL
"""As what the options of a run on the running event loop are checked: it may have workers and an executor."""
FLAGS = ("strict_observers", "trace", "track_memory", "check_types", "record")
OPTION_NAMES = ("inputs", "context", *(field.name for field in fields(RunOptions)))


def split_keywords(
    keywords: Mapping[str, Any], kind: type[RunOptions] = RunOptions, *, on_loop: bool = False
) -> tuple[dict[str, Any], Context | None, RunOptions]:
    """The *keywords* of a run as its node inputs, its context and its options, which are of a *kind*.

    Raises:
        UnknownOptionError: there is a mode among those of a run *on_loop*, the running event loop.
    """
    known = [field.name for field in fields(kind)]
    options = {name: value for name, value in keywords.items() if name in known}
    taken = {"inputs", "context", *known}
    node_inputs = {name: value for name, value in keywords.items() if name not in taken}
    if on_loop:
        refuse_mode(options)
        options["mode"] = CONCURRENT
    return node_inputs, keywords.get("context"), kind(**options)


def refuse_mode(keywords: Mapping[str, Any]) -> None:
    """Raise UnknownOptionError if there is a mode among the *keywords* of a run on the running event loop."""
    if "mode" in keywords:
        msg = (
            "run_async takes no mode, it runs on the running event loop: leave it out, or use run(mode=...); "
            "an input called 'mode' goes in inputs="
        )
        raise UnknownOptionError(msg)
