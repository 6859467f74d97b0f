"""From a document to a workflow: nothing is imported, and nothing that the document names is called."""

from __future__ import annotations

from typing import Any, TypeVar

from fast_dag.graph.binding import Wish, bind, takes_whole
from fast_dag.graph.graph import AnyNode, Graph
from fast_dag.graph.node import Node
from fast_dag.graph.order import reached, rings, topological_order
from fast_dag.run.hooks import NONE, Hooks, changed_hooks
from fast_dag.workflow.document import KINDS, place_of_errors, wrong
from fast_dag.workflow.fsm import FSM
from fast_dag.workflow.functions import Registry, as_registry
from fast_dag.workflow.sketch import EdgeSketch, NodeSketch, Sketch, sketches_of
from fast_dag.workflow.stored_cycles import declare
from fast_dag.workflow.stored_iterations import iteration_of
from fast_dag.workflow.stored_machine import declare_machine
from fast_dag.workflow.workflow import Workflow

W = TypeVar("W", bound=Workflow)


def workflow_of(cls: type[W], document: Any, registry: Registry) -> W:
    """The workflow that *document* describes, of class *cls*; nested ones are of the class of their kind.

    Raises:
        DocumentError: it is no such document, or names functions that *registry* lacks.
    """
    root, sketches = sketches_of(document, as_registry(registry))
    _check_class(cls, sketches[root])
    made: dict[str, Any] = {}
    for id in _innermost_first(root, sketches):
        made[id] = _made(cls if id == root else KINDS[sketches[id].kind], sketches[id], made)
    found: W = made[root]
    return found


def _check_class(cls: type[Workflow], sketch: Sketch) -> None:
    wanted = KINDS[sketch.kind]
    if not issubclass(cls, wanted):
        text = f"of kind {sketch.kind!r}, load it with {wanted.__name__}, not {cls.__name__}"
        raise wrong(sketch.place, text)


def _innermost_first(root: str, sketches: dict[str, Sketch]) -> list[str]:
    """The ids so that each comes after those nested in it."""
    inside = {
        id: [node.inner for node in sketch.nodes if node.inner is not None] for id, sketch in sketches.items()
    }
    unused = sketches.keys() - reached(root, inside)
    if unused:
        raise wrong(sketches[min(unused)].place, "no node refers to it")
    order = topological_order(list(sketches), inside)
    if len(order) < len(sketches):
        ring = rings(list(sketches), inside)[0]
        raise wrong(sketches[ring[0]].place, f"it contains itself: {' -> '.join(ring)}")
    return order[::-1]


def _made(cls: type[Workflow], sketch: Sketch, inner: dict[str, Workflow]) -> Workflow:
    with place_of_errors(sketch.place):
        workflow: Any = cls(**sketch.options)
    for node in sketch.nodes:
        with place_of_errors(node.place):
            if node.iteration is not None:
                body = node.function if node.inner is None else inner[node.inner]
                workflow.drawing.add(iteration_of(body, node.name, node.iteration, node.options))
            elif node.inner is None:
                workflow.drawing.add(_node(node))
            else:
                workflow.add_workflow(node.name, inner[node.inner], **node.options)
    for edge in sketch.edges:
        with place_of_errors(edge.place):
            _draw(workflow.drawing, edge)
    if isinstance(workflow, FSM):
        declare_machine(workflow, sketch.machine)
    else:
        declare(workflow.drawing, sketch.cycles)
    with place_of_errors(sketch.place):
        _set_handlers(workflow, sketch)
    made: Workflow = workflow
    return made


def _node(sketch: NodeSketch) -> AnyNode:
    """The node around a function; whose parameters may stand in another order than when it was stored."""
    function: Any = sketch.function
    own_names = _own_names(sketch)
    if own_names[: len(sketch.parameters)] == sketch.parameters:
        return Node(function, name=sketch.name, inputs=sketch.inputs, **sketch.options)
    if not set(sketch.parameters) <= set(own_names):
        stored, taken = ", ".join(sketch.parameters), ", ".join(own_names)
        raise wrong(sketch.place, f"the function takes {taken}, not {stored} as it did when it was stored")
    renamed = dict(zip(sketch.parameters, sketch.inputs, strict=True))
    inputs = [renamed.get(name, name) for name in own_names]
    return Node(function, name=sketch.name, inputs=inputs, **sketch.options)


def _own_names(sketch: NodeSketch) -> tuple[str, ...]:
    """What the function itself calls its inputs; those it has no names for are called as they were stored."""
    # Under names that no parameter can have, so that none of them is taken.
    marked = [f"{name}." for name in sketch.parameters]
    function: Any = sketch.function
    node: AnyNode = Node(function, name=sketch.name, inputs=marked)
    return tuple(parameter.own_name.removesuffix(".") for parameter in node.signature.inputs)


def _draw(graph: Graph, sketch: EdgeSketch) -> None:
    edge = sketch.edge
    source, target = graph.node(edge.source), graph.node(edge.target)
    output = None if takes_whole(source, edge.output) else edge.output
    (made,) = bind([Wish(source, output, target, edge.input)], {})
    if made in graph.edges:
        raise wrong(sketch.place, f"the edge {made} stands twice")
    graph.draw(made, optional=sketch.optional)


def _set_handlers(workflow: Any, sketch: Sketch) -> None:
    for name, handler in sketch.handlers.items():
        workflow.set_node_error_handler(name, handler)
    hooks = Hooks(changed_hooks(NONE, sketch.default_hooks, "hooks.default"))
    for name, functions in sketch.node_hooks.items():
        node = workflow.get_node(name)
        hooks.nodes[node.name] = changed_hooks(NONE, functions, f"hooks.nodes.{name}")
    workflow.hooks = hooks
