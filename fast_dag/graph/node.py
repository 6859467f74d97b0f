"""A node: a function, its ports, its settings; callable and picklable."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar, overload

from fast_dag.errors import InvalidNodeError
from fast_dag.graph.names import check_name, first_line, name_of
from fast_dag.graph.operators import Connectable, Drawing, End, Ends
from fast_dag.graph.settings import DEFAULTS, NAMES, NodeSettings, changed, check_mapping, check_names
from fast_dag.graph.signature import (
    CONTEXT,
    DELTA,
    Signature,
    is_async_function,
    origin_name,
    read_signature,
    unwrapped,
)
from fast_dag.values import NodeType

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

ROUTERS = (NodeType.CONDITIONAL, NodeType.SELECT)
JOINS = (NodeType.ANY, NodeType.ALL)
CONDITION_BRANCHES = ("true", "false")


class Node(Connectable, Generic[P, R_co]):
    """A function as a node of a workflow.

    Calling the node calls the plain function: no hooks, retries, cache or injection.  A node that is
    bound to a module-level name equal to its function's qualified name pickles by that name.

    Parameters:
        func: the function; sync or async, a method, a partial, a callable object.
        name: default the function's name.
        inputs: new names for the function's parameters, position by position.
        outputs: names of positions of a tuple, keys of a mapping or fields of a result; for a select
            node its branches.  Without them the one output is the whole value.
        description: default the first line of the docstring.
        node_type: what the node is for.
        metadata: anything the user wants to keep with the node.
        settings: see `NodeSettings`.

    Raises:
        InvalidNodeError: not callable, no usable name, or not inspectable.
        ValueError: a bad setting, more *inputs* than parameters, or names that are no list of names.
        UnknownOptionError: a keyword that is no setting.
    """

    def __init__(
        self,
        func: Callable[P, R_co],
        *,
        name: str | None = None,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        description: str | None = None,
        node_type: str = NodeType.STANDARD,
        metadata: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        if getattr(func, "__fast_dag_cycle_aware__", False):
            func, name, description = _of_object(func, name, description)
        if not callable(func):
            msg = f"{func!r} is not callable, so it cannot be a node"
            raise InvalidNodeError(msg)
        function = _shown_function(func, decided=name is not None and inputs is not None)
        # First, so that attributes of a callable object never hide the node's own.
        functools.update_wrapper(self, function)
        self.__wrapped__ = func
        self._name = check_name(name_of(function) if name is None else name)
        self._func = func
        self._node_type = NodeType(node_type)
        self._settings = changed(DEFAULTS, f"node {self._name!r}", settings)
        names = None if inputs is None else check_names("inputs", inputs, self._name)
        self._signature = read_signature(function, names, self._name)
        self._outputs = () if outputs is None else check_names("outputs", outputs, self._name)
        if self._node_type is NodeType.CONDITIONAL and set(self._outputs) - set(CONDITION_BRANCHES):
            msg = f"condition {self._name!r} has the outputs true and false, not {list(self._outputs)!r}"
            raise ValueError(msg)
        self._description = description if description is not None else first_line(function)
        self._metadata = check_mapping("metadata", metadata, self._name)
        self._is_async = is_async_function(func)
        self.graph: Drawing | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the plain function."""
        return self._func(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Node[P, R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Callable[..., R_co]: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return str(getattr(self, "__qualname__", self._name))

    def __repr__(self) -> str:
        return f"<Node {self._name!r} ({self._node_type})>"

    @property
    def name(self) -> str:
        """The name it has in its workflow."""
        return self._name

    @property
    def func(self) -> Callable[P, R_co]:
        """The function as it was given."""
        return self._func

    @property
    def node_type(self) -> NodeType:
        """What the node is for."""
        return self._node_type

    @property
    def settings(self) -> NodeSettings:
        """Retries and timeout."""
        return self._settings

    @property
    def signature(self) -> Signature:
        """What the function takes and gives."""
        return self._signature

    @property
    def description(self) -> str | None:
        """First line of the docstring unless given."""
        return self._description

    @property
    def metadata(self) -> dict[str, Any]:
        """What the user keeps with the node."""
        return self._metadata

    @property
    def is_async(self) -> bool:
        """Whether a call gives a coroutine."""
        return self._is_async

    @property
    def has_context(self) -> bool:
        """Whether the run's context is passed in."""
        return any(parameter.injects == CONTEXT for parameter in self.signature.parameters)

    @property
    def cycle_aware(self) -> Any:
        """The object whose method it calls, if that asks for the cycle around it; else None."""
        func: Any = self._func
        while isinstance(func, functools.partial):
            func = func.func
        owner = getattr(func, "__self__", None)
        return owner if getattr(owner, "__fast_dag_cycle_aware__", False) else None

    @property
    def needs_run(self) -> bool:
        """Whether there is more to it than a call of its function with its inputs."""
        return self.inside is not None or self.checker is not None or self.uses_cycle

    @property
    def checker(self) -> Any:
        """The object it calls, if that decides about the cycle that feeds it; else None."""
        func: Any = self._func
        return func if getattr(func, "__fast_dag_checker__", False) and func.attach else None

    @property
    def may_end_cycle(self) -> bool:
        """Whether it is asked after each iteration if the cycle around it is to go on."""
        aware = self.cycle_aware
        return aware is not None and not hasattr(aware.should_continue_cycle, "__fast_dag_default__")

    @functools.cached_property
    def uses_cycle(self) -> bool:
        """Whether it looks at the cycle around it, or keeps something there."""
        injects = [parameter.injects for parameter in self.signature.parameters]
        return any(each not in ("", CONTEXT, DELTA) for each in injects) or self.cycle_aware is not None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of the parameters."""
        return tuple(parameter.name for parameter in self.signature.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs; ``("result",)`` if none are declared, a condition's branches."""
        if self._node_type is NodeType.CONDITIONAL:
            return CONDITION_BRANCHES
        return self._outputs or ("result",)

    @property
    def declared_outputs(self) -> tuple[str, ...]:
        """The names given as *outputs*, maybe none."""
        return self._outputs

    @property
    def input_ports(self) -> Mapping[str, End]:
        """The inputs as ends for `>>`; a KeyError lists what there is."""
        return Ends(self, self.inputs, "input", is_open=self.signature.takes_any_name)

    @property
    def output_ports(self) -> Mapping[str, End]:
        """The outputs as ends for `>>`; a KeyError lists what there is."""
        return Ends(self, self.outputs, "output")

    @property
    def on_true(self) -> End:
        """The branch a condition takes when it holds."""
        return self._branch("true")

    @property
    def on_false(self) -> End:
        """The branch a condition takes when it does not hold."""
        return self._branch("false")

    @property
    def branches(self) -> Mapping[str, End]:
        """The branches of a condition or select node; a select's may have any label."""
        if not self.is_router:
            msg = f"{self._name!r} is no condition or select node, so it has no branches"
            raise InvalidNodeError(msg)
        known = [*self.outputs, "default"] if self._outputs else self.outputs
        open_ended = self._node_type is NodeType.SELECT and not self._outputs
        return Ends(self, known if not open_ended else (), "branch", is_open=open_ended)

    @property
    def is_router(self) -> bool:
        """Whether its value chooses a branch."""
        return self._node_type in ROUTERS

    @property
    def collects(self) -> str:
        """How an any or all node with one parameter takes its sources: dict, list, value, or '' for no."""
        if self._node_type not in JOINS or len(self.signature.inputs) != 1:
            return ""
        inputs = self.signature.inputs
        origin = origin_name(inputs[0].annotation)
        if origin.lower() in ("dict", "mapping", "mutablemapping") or (
            inputs[0].name in ("data", "inputs") and origin.lower() not in ("list", "sequence")
        ):
            return "dict"
        return "list" if origin.lower() in ("list", "sequence") else "value"

    @property
    def inside(self) -> Any:
        """What runs a workflow in place of calling the function, None for a plain node."""
        return None

    @property
    def course(self) -> str:
        """How long it goes round, in words; '' if it does not."""
        return ""

    @property
    def side_outputs(self) -> tuple[str, ...]:
        """Outputs that are no part of its value, but stand beside it."""
        return ()

    @property
    def whole_output(self) -> str:
        """The declared output that is its whole value, '' if none is."""
        return ""

    @property
    def other_names(self) -> Mapping[str, str]:
        """Other names that inputs may be given by, each with the input's own."""
        return getattr(self._func, "input_aliases", {})

    @property
    def refused_inputs(self) -> tuple[str, ...]:
        """What may be connected, and is told of when the definition is checked."""
        return ()

    @property
    def ends(self) -> tuple[End, ...]:
        """The node as one end of an edge."""
        return (End(self, None),)

    @property
    def options(self) -> dict[str, Any]:
        """The keywords that make this node of its function again, but for name and type."""
        settings = {name: getattr(self._settings, name) for name in NAMES}
        described = {"outputs": self._outputs, "description": self._description, "metadata": self._metadata}
        return {"inputs": self.inputs, **described, **settings}

    def updated(self, **settings: Any) -> None:
        """Change the given settings in place."""
        self._settings = changed(self._settings, f"node {self._name!r}", settings)

    def copy(self) -> Node[P, R_co]:
        """The same node, belonging to no workflow."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, graph=None, _metadata=dict(self._metadata))
        return twin

    def _branch(self, label: str) -> End:
        if self._node_type is not NodeType.CONDITIONAL:
            msg = f"{self._name!r} is no condition node: only those have on_true and on_false"
            raise InvalidNodeError(msg)
        return End(self, label)


def _of_object(owner: Any, name: str | None, description: str | None) -> tuple[Any, str, str | None]:
    """Function, name and description of a node that is an object, or its class, which knows its cycle."""
    owner = owner() if isinstance(owner, type) else owner
    if description is None:
        # Not that of a base class, which tells nothing of the node.
        doc = vars(type(owner)).get("__doc__") or ""
        description = next(iter(doc.strip().splitlines()), None)
    return owner.node_function(), owner.name if name is None else name, description


def _shown_function(func: Callable[..., Any], *, decided: bool) -> Callable[..., Any]:
    try:
        return unwrapped(func)
    except InvalidNodeError:
        if decided:
            return func
        raise
