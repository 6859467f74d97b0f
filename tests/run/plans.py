"""Small plans drawn as text, for tests of the core."""

import inspect
from collections import deque

from fast_dag import DAG
from fast_dag.run.context import Context
from fast_dag.run.cyclic_run import CyclicRun
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.ledger import Ledger

POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def function_taking(names, *, required):
    """A function with parameters of these names; the core never calls it."""

    def function(*args):
        return args

    default = inspect.Parameter.empty if required else None
    function.__signature__ = inspect.Signature(
        [inspect.Parameter(name, POSITIONAL, default=default) for name in names]
    )
    return function


def plan_of(*edges, kinds=None, optional=()):
    """The plan of edges such as ``"a -> c"`` or ``"check.true -> c"``; a lone name is a node without edges.

    *kinds* gives the type of nodes that are not standard; the inputs of nodes in *optional* have defaults.
    """
    pairs = [[part.strip() for part in edge.split("->")] for edge in edges]
    feeding = {}
    for source, *target in pairs:
        feeding.setdefault(source.partition(".")[0], [])
        for name in target:
            feeding.setdefault(name, []).append(source.partition(".")[0])
    dag = DAG("drawn")
    for name, sources in feeding.items():
        function = function_taking(dict.fromkeys(sources), required=name not in optional)
        dag.add_node(name, function, node_type=(kinds or {}).get(name, "standard"))
    for source, *target in pairs:
        for name in target:
            start, _, output = source.partition(".")
            dag.connect(start, name, output=output or None, input=start)
    return dag.plan()


def run_of(plan, *, watched=False, **options):
    """A run of *plan* that has not begun; *watched* if notes are to be kept."""
    ledger = Ledger(deque() if watched else None)
    kind = CyclicRun if plan.cycles else GraphRun
    return kind(plan, list(plan.base), Context(), ledger=ledger, **options)


def names(run, steps):
    """The names of *steps*."""
    return [run.plan.names[step] for step in steps]


def number(run, name):
    """The step called *name*."""
    return run.plan.names.index(name)
