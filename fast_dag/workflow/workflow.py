"""What every workflow has besides its definition: the run that finished last, documents, drawings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Self

from fast_dag.graph.keywords import known_keywords
from fast_dag.run.context import Context
from fast_dag.run.cyclic_run import CyclicRun
from fast_dag.run.graph_run import GraphRun
from fast_dag.workflow.definition import AnyNode
from fast_dag.workflow.drawn import Drawn
from fast_dag.workflow.holding import Holding
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.stored import Stored

if TYPE_CHECKING:
    from fast_dag.plan.plan import Plan
    from fast_dag.run.run import Run

UNSET: Any = object()
CACHE_COUNTS = ("cache_hits", "cache_misses")
"""The metrics that hold a count for each cached node."""


class Workflow(Holding, Stored, Drawn):
    """A workflow, and everything that is asked of it rather than of a run."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.last_context = self.new_context()

    @property
    def context(self) -> Context:
        """The context of the run that finished last on this workflow; an empty one before the first."""
        return self.last_context

    @property
    def results(self) -> dict[str, Any]:
        """A copy of the results of the run that finished last."""
        return dict(self.context.results)

    @known_keywords
    def get_result(self, name: str | AnyNode, default: Any = UNSET) -> Any:
        """The result of a node in the run that finished last, "outer.inner" of a node inside another.

        Raises:
            KeyError: it has none, and no *default* is given.
            UnknownNodeError: there is no such node.
        """
        name = name if isinstance(name, str) else self.drawing.node(name).name
        if self.context.has_result(name):
            return self.context.get_result(name)
        if default is not UNSET:
            return default
        self.check_path(name)
        raise KeyError(_absence(self, self.context, name))

    def absence(self, name: str, context: Context) -> str:  # noqa: ARG002 - a machine looks at it
        """What to say when node *name* has no result in *context*."""
        return f"{name!r} has no result in the last run of {self.name!r}"

    @known_keywords
    def get(self, name: str | AnyNode, default: Any = None) -> Any:
        """The result of a node in the run that finished last, or *default*."""
        return self.get_result(name, default)

    def __getitem__(self, name: str | AnyNode) -> Any:
        return self.get_result(name)

    def plan_for(self, options: RunOptions, names: Collection[str] | None = None) -> Plan:
        """What a run with these *options* follows: everything, or the part with these *names*."""
        return self.plan(check_types=options.check_types, part=names)

    def step_options(self) -> RunOptions:
        """The options of a run that is gone through step by step."""
        return RunOptions()

    def kind_of_run(self, options: RunOptions, plan: Plan) -> Callable[..., Run]:  # noqa: ARG002 - machines have some
        """What makes a run of it."""
        return CyclicRun if plan.cycles else GraphRun

    def new_context(self, context: Context | None = None) -> Context:
        """*context* as a run of it fills it; a new one by default."""
        return Context() if context is None else context

    def get_metrics(self) -> dict[str, Any]:
        """A copy of the metrics of the last finished run; cache hits and misses of all nodes together."""
        metrics = self.context.metrics
        copied: dict[str, Any] = {name: _copy_of(value) for name, value in metrics.items()}
        return copied | {name: sum(copied[name].values()) for name in CACHE_COUNTS if name in copied}

    def reset(self) -> Self:
        """Forget the last run."""
        self.last_context = self.new_context()
        return self


def _absence(workflow: Workflow, context: Context, path: str) -> str:
    """Why there is no result at *path*, in the words of the workflow it leads to."""
    head, dot, rest = path.partition(".")
    while dot and head in context.nested and not (workflow.has_executions and rest.isdecimal()):
        workflow = workflow.drawing.node(head.partition("[")[0]).inside.workflow
        context, path = context.nested[head], rest
        head, dot, rest = path.partition(".")
    return workflow.absence(path, context)


def _copy_of(value: Any) -> Any:
    """*value*, its dicts and lists copied on every level that the engine writes."""
    if isinstance(value, dict):
        return {key: each.copy() if isinstance(each, dict | list) else each for key, each in value.items()}
    return value.copy() if isinstance(value, list) else value
