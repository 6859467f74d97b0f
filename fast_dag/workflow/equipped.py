"""What stands around the nodes of a workflow: handlers, hooks, caches, observers."""

from __future__ import annotations

import importlib
import operator
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from fast_dag.checks import suggestion
from fast_dag.errors import UnknownOptionError, ValidationError
from fast_dag.graph.check import Problem
from fast_dag.graph.keywords import known_keywords
from fast_dag.plan.plan import Plan
from fast_dag.run.hooks import NONE, Hooks, changed_hooks
from fast_dag.values import NO_DATA, NodeType
from fast_dag.workflow.definition import AnyNode, Definition
from fast_dag.workflow.inputs import merged
from fast_dag.workflow.watched import check_observer

if TYPE_CHECKING:
    from fast_dag.observe.progress import ProgressCallback, SerialCallback
    from fast_dag.run.events import Observer
    from fast_dag.stores.base import CacheBackend
    from fast_dag.stores.cache import NodeCache
    from fast_dag.stores.history import CacheExplanation

NodeErrorHandler = Callable[[AnyNode, dict[str, Any], Exception], Any]


class Equipped(Definition):
    """A definition, and who is asked or told when it runs.

    Parameters:
        name, description, metadata, autowire: as for a `Definition`.
        cache_namespace: workflows that give the same one share the cached results of nodes of one name.

    Raises:
        ValueError: the name or the namespace is no text, or empty.
    """

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        autowire: bool = False,
        cache_namespace: str | None = None,
    ) -> None:
        super().__init__(name, description=description, metadata=metadata, autowire=autowire)
        if cache_namespace is not None and not (isinstance(cache_namespace, str) and cache_namespace):
            msg = f"cache_namespace must be a non-empty string, got {cache_namespace!r}"
            raise ValueError(msg)
        self.cache_namespace = cache_namespace
        self.node_error_handlers: dict[str, NodeErrorHandler] = {}
        self.hooks = Hooks()
        self.observers: list[Observer] = []
        self._progress: SerialCallback | None = None
        self._own_namespace = f"{random.getrandbits(128):032x}"
        self._caches: dict[str, tuple[tuple[object, ...], NodeCache]] = {}
        self._checked: Plan | None = None

    # Failures

    def set_node_error_handler(self, name: str | AnyNode, handler: NodeErrorHandler | None) -> Self:
        """Have ``handler(node, inputs, error)`` asked when the node has failed for good; None removes it.

        Its return value, None included, becomes the node's result.  Raising declines.
        """
        node = self.drawing.node(name)
        if handler is None:
            self.node_error_handlers.pop(node.name, None)
        elif callable(handler):
            self.node_error_handlers[node.name] = handler
        else:
            msg = f"the error handler of {node.name!r} must be callable, got {handler!r}"
            raise ValidationError(msg, self.name)
        return self

    # Hooks

    def set_node_hooks(self, name: str | AnyNode, **hooks: Callable[..., Any] | None) -> Self:
        """Have functions called around each execution of a node.

        Parameters:
            name: the node.
            hooks: ``pre_execute(node, inputs, context)`` may return new inputs, a dict of those that
                change; ``post_execute(node, inputs, result, context)`` may return a new result
                (`Replace(None)` for None); ``on_error(node, inputs, error, context)`` is called after
                every failed attempt; ``cleanup(node, context)`` comes last, whatever happened.  Each may
                leave out the context, and may be async.  One not mentioned stays, None removes it.

        Raises:
            UnknownNodeError: there is no such node.
            UnknownOptionError: there is no hook of such a name.
            ValidationError: a hook that cannot be called so.
        """
        node = self.drawing.node(name)
        own = self.hooks.nodes.get(node.name, NONE)
        self.hooks.nodes[node.name] = changed_hooks(own, hooks, f"set_node_hooks({node.name!r})")
        if not self.hooks.nodes[node.name]:
            del self.hooks.nodes[node.name]
        return self

    def set_default_hooks(self, **hooks: Callable[..., Any] | None) -> Self:
        """Have functions called around each execution of every node, outside the node's own; see there."""
        self.hooks.default = changed_hooks(self.hooks.default, hooks, "set_default_hooks")
        return self

    set_global_hooks = set_default_hooks

    # Caches

    def cache_of(self, node: AnyNode) -> NodeCache:
        """The cache of a node that has one.

        Raises:
            ValueError: a backend that is not known.
            ValidationError: it outlives the process, and the workflow has no cache_namespace.
        """
        try:
            backend = _load("fast_dag.stores.registry").get_cache(node.settings.cache_backend)
        except ValueError as error:
            msg = f"node {node.name!r} of {self.name!r}: {error}"
            raise ValueError(msg) from None
        basis = node, node.settings, backend, self.cache_namespace
        kept = self._caches.get(node.name)
        # By identity: a backend of the user's may compare as it likes.
        if kept is None or not all(map(operator.is_, kept[0], basis)):
            kept = self._caches[node.name] = basis, self._made_cache(node, backend)
        return kept[1]

    @known_keywords
    def invalidate_cache(self, name: str | AnyNode | None = None) -> int:
        """Drop what is stored for a node, or for all nodes of this workflow; how many entries that were.

        In a cache_namespace that is what others stored there for nodes of these names as well.
        """
        nodes = self.drawing.nodes.values() if name is None else [self.drawing.node(name)]
        return sum(self.cache_of(node).invalidate() for node in nodes if node.settings.cached)

    def explain_cache(
        self, name: str | AnyNode, inputs: Mapping[str, Any] | None = None, **node_inputs: Any
    ) -> CacheExplanation:
        """Whether a call of a node with these inputs would be answered from its cache, and why.

        Nothing is computed or counted, and no hook is called.

        Parameters:
            name: the node.
            inputs, node_inputs: the node's inputs by name, of a map node with one element for the input it
                maps over; those with a default may be left out.

        Raises:
            UnknownNodeError: there is no such node.
            ValidationError: it has no cache, or inputs are missing.
            UnknownOptionError: an input that it does not take, or one given twice.
            CacheError: an input without a stable key.
        """
        node = self.drawing.node(name)
        if not node.settings.cached:
            msg = f"node {node.name!r} has no cache: make it one with @dag.cached_node"
            raise ValidationError(msg, self.name)
        return self.cache_of(node).explain(_completed(node, merged(inputs, node_inputs)))

    # Observers

    def add_observer(self, observer: Observer) -> Self:
        """Have *observer* called with every event of later runs; ValidationError if it cannot be."""
        check_observer(observer, self.name)
        self.observers.append(observer)
        return self

    def remove_observer(self, observer: Observer) -> Self:
        """Stop calling *observer*; ValidationError if it was not added."""
        if observer not in self.observers:
            msg = f"{observer!r} is not among the observers of {self.name!r}"
            raise ValidationError(msg, self.name)
        self.observers.remove(observer)
        return self

    @property
    def progress_callback(self) -> SerialCallback:
        """Called as ``callback(node_name, status, progress)`` when a node starts or ends; None removes it.

        Nodes may call it too; calls never overlap.  Until it is set it does nothing.
        """
        if self._progress is None:
            self._progress = _load("fast_dag.observe.progress").SerialCallback()
        return self._progress

    @progress_callback.setter
    def progress_callback(self, callback: ProgressCallback | None) -> None:
        self._progress = _load("fast_dag.observe.progress").SerialCallback(callback)

    def progress_observer(self, wanted: Any, total: int | None) -> Observer | None:
        """What shows the progress of a run of *total* nodes, None if nobody *wanted* that.

        *total* is None if nobody can know it.  *wanted* is the option of the run: a callback, True for a
        display on standard error, a text stream for one there.
        """
        if wanted is None or wanted is False:
            callback: Any = self._progress if self._progress and self._progress.callback else None
        elif wanted is True or hasattr(wanted, "write"):
            shown: Observer = _load("fast_dag.observe.bar").ProgressObserver(
                None if wanted is True else wanted
            )
            return shown
        else:
            callback = wanted
        if callback is None:
            return None
        told: Observer = _load("fast_dag.observe.progress").CallbackProgress(callback, total)
        return told

    def remove_node(self, name: str | AnyNode) -> Self:
        """Drop a node, its edges, and what stood around it."""
        node = self.drawing.node(name)
        super().remove_node(node)
        self.node_error_handlers.pop(node.name, None)
        self.hooks.nodes.pop(node.name, None)
        self._caches.pop(node.name, None)
        return self

    def clear_nodes(self) -> Self:
        """Drop every node and edge, and what stood around them."""
        super().clear_nodes()
        for kept in (self.node_error_handlers, self.hooks.nodes, self._caches):
            kept.clear()
        return self

    def problems_here(self, **options: bool) -> list[Problem]:
        """The problems of its own graph, and of the caches of its nodes."""
        return [*super().problems_here(**options), *self._cache_problems()]

    def plan(self, *, check_types: bool = False, part: Collection[str] | None = None) -> Plan:
        """What a run follows; the caches of its nodes are checked as well."""
        plan = super().plan(check_types=check_types, part=part)
        if plan is not self._checked:
            for node in plan.nodes:
                if node.settings.cached:
                    self.cache_of(node)
            self._checked = plan if part is None else self._checked
        return plan

    def _cache_problems(self) -> Iterator[Problem]:
        for name, node in self.drawing.nodes.items():
            if node.settings.cached:
                try:
                    self.cache_of(node)
                except ValidationError as error:
                    yield Problem(str(error), kind="cache", nodes=[name])
                except ValueError as error:  # somebody may register that backend before it runs
                    yield Problem(str(error), kind="cache", nodes=[name], severity="warning")

    def _made_cache(self, node: AnyNode, backend: CacheBackend) -> NodeCache:
        if getattr(backend, "persistent", False) and self.cache_namespace is None:
            msg = (
                f"node {node.name!r} is cached beyond this process, so {self.name!r} needs a name of its own "
                "there: DAG(..., cache_namespace='...')"
            )
            raise ValidationError(msg, self.name)
        is_shared = self.cache_namespace is not None
        namespace = self.cache_namespace if is_shared else self._own_namespace
        made: NodeCache = _load("fast_dag.stores.cache").NodeCache(node, backend, namespace, shared=is_shared)
        return made

    def _empty_copy(self, name: str) -> Self:
        return type(self)(
            name,
            description=self.description,
            metadata=self.metadata,
            autowire=self.autowire,
            cache_namespace=self.cache_namespace,
        )

    def _copy(self, name: str, names: Sequence[str]) -> Self:
        copy = super()._copy(name, names)
        kept = set(names)
        copy.node_error_handlers = {node: fn for node, fn in self.node_error_handlers.items() if node in kept}
        own = {node: hooks for node, hooks in self.hooks.nodes.items() if node in kept}
        copy.hooks = Hooks(self.hooks.default, own)
        copy.observers = list(self.observers)
        if self._progress is not None:
            copy.progress_callback = self._progress.callback
        return copy


def _completed(node: AnyNode, given: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a call of *node* with what is *given*, defaults included."""
    unknown = [name for name in given if name not in node.inputs and not node.signature.takes_any_name]
    # The parameters of an any node whose sources lost the race are given None.
    is_any = node.node_type is NodeType.ANY
    defaults = {each.name: None if each.required else each.default for each in node.signature.inputs}
    needed = [each.name for each in node.signature.inputs if each.required and not is_any]
    missing = [name for name in needed if name not in given]
    if unknown:
        texts = [f"{node.name!r} takes no input {name!r}{suggestion(name, node.inputs)}" for name in unknown]
        raise UnknownOptionError(texts)
    if missing:
        msg = f"give the inputs of {node.name!r} that have no default: {', '.join(missing)}"
        raise ValidationError(msg)
    # What a workflow inside has a default for is not handed to it.
    return {name: value for name, value in defaults.items() if value is not NO_DATA} | given


def _load(module: str) -> Any:
    """A module that only some workflows need."""
    return importlib.import_module(module)
