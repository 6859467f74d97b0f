"""What a run follows: units numbered in execution order, and where their arguments lie.

A *unit* is a number; everything known of it stands in parallel tuples.  All values of a run lie in
one list.  Its first slots hold the context, run inputs, defaults and what routers pass on; from
`Plan.first` on come the results of the units in their order, so that a loop may simply append them.
A slot without a value holds `NO_DATA`.

A cycle is the range of units between an *enter* and a *leave* unit; ranges nest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fast_dag.graph.deltas import DeltaPort
from fast_dag.graph.node import Node
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.graph.cycle_config import CycleConfig

TASK: Final = 0
ROUTER: Final = 1
ANY: Final = 2
ENTER: Final = 3
LEAVE: Final = 4
STATE: Final = 5

MANY: Final = 3
"""Row kind of a function with more than two positional arguments; below that the kind is their number."""
GENERAL: Final = 4
"""Row kind of a function whose arguments are gathered by its layout."""

GONE: Final = object()
"""What a slot holds when its value has been read by all who want it, and was let go of."""

Row = tuple[Callable[..., Any], int, Any, Any]
"""A function, its row kind, and two arguments of that kind: slots, a tuple of slots, or a layout."""


class Argument(NamedTuple):
    """Where one argument comes from: the value in *slot*, or of that its part *output*."""

    name: str
    slot: int
    keyword: str = ""
    """The name to pass it by, '' if it is positional."""
    default: Any = NO_DATA
    """Taken if there is no value."""
    output: str = ""
    """The part of the value that is wanted, '' for the whole."""
    position: int = -1
    """Where the part stands in a tuple, -1 if it has no place of its own."""
    source: str = ""
    optional: bool = False
    injected: bool = False
    injects: str = ""
    """What the run fills it with itself."""


class Layout(NamedTuple):
    """The arguments of one unit; *collect* tells how a joining parameter takes its sources."""

    node: str
    arguments: tuple[Argument, ...] = ()
    collect: str = ""
    sources: tuple[Argument, ...] = ()
    extras: int = -1
    """The slot with the run inputs for a function that takes any name, -1 if it does not."""


class Given(NamedTuple):
    """A value that comes into a part of a graph from a node outside."""

    slot: int
    unit: int
    argument: Argument
    """Its source, and which part of the source's value is wanted."""
    branch: str = ""
    """The branch of the source it hangs behind, '' behind an ordinary output."""


class Link(NamedTuple):
    """An edge between units: dead if its *slot* has no value when *source* has settled."""

    source: int
    target: int
    slot: int
    required: bool
    """Whether the target cannot do without it."""
    branch: str = ""
    """The branch it hangs behind, '' behind an ordinary output."""
    part: Argument | None = None
    """For an optional edge the part of the value it is about."""
    origin: int = -1
    """The unit that gives the value, where that lies in a cycle that *source* leaves."""


class Port(NamedTuple):
    """An input that a cycle feeds back: the first of *fed* with a value fills *slot*, else *lower* does."""

    slot: int
    fed: tuple[int, ...]
    lower: Argument
    delta: DeltaPort | None = None
    """How what is fed back is merged, if only what is new goes round."""
    facts: int = -1
    """The slot for what was gathered, -1 if nobody takes it."""
    once: bool = False
    """Whether that is there in the first round only."""


class Feedback(NamedTuple):
    """What one feedback edge carries: *value* of a unit of the body, into a slot; of a signal only that."""

    source: int
    value: Argument
    into: int
    is_signal: bool = False
    required: bool = True
    """Whether the part that is wanted must be there."""


class Until(NamedTuple):
    """A rule that ends a cycle, asked with the last two values that are fed back, and the round."""

    name: str
    start: Callable[[], Callable[[Any, Any, int], Any]]
    """Gives what is called anew each time the cycle is entered."""
    calls_user: bool = True
    """Whether that is a function of the user's, which may take its time."""
    is_async: bool = False


class Emitted(NamedTuple):
    """What an edge out of a cycle brings where that is said: a list, or the last value that there was."""

    value: Argument
    """Of each round."""
    into: int
    """The slot it lies in for the nodes behind."""
    kind: str
    """What it is: each value, each with its round (tagged), or the last one."""
    is_branch: bool
    """Whether it hangs behind a branch of a router, and is dead if that was never taken."""


class Rounds(NamedTuple):
    """What a bounded iteration has besides a cycle."""

    output: Argument
    """What a round gives."""
    signal: Argument | None
    """What asks to stop after a round."""
    before: int
    """A slot for the value before the last one."""
    stop_on_empty: bool
    history: bool
    is_stream: bool
    releases: bool
    max_buffer: int | None


class Cycle(NamedTuple):
    """A range of units that is gone through again until its settings or the values end it.

    *leave* has an edge from every unit of the body, and one from *enter*, so that a cycle in which
    nothing gave a value still ends, and one that is not entered is skipped.
    """

    name: str
    enter: int
    leave: int
    config: CycleConfig
    feedback: tuple[Feedback, ...] = ()
    ports: tuple[Port, ...] = ()
    has_router_exit: bool = False
    """Whether a branch inside leads outside."""
    checkers: tuple[int, ...] = ()
    """Units at the end of the body whose results say whether it ends."""
    start: Callable[[], Any] | None = None
    """Gives its conditions anew each time it is entered, None if it has none."""
    follow: Callable[[], Any] | None = None
    """As *start* where a tool watches: with the series of every metric."""
    rows: tuple[Row, ...] = ()
    """Its body as calls that a plain loop can make; empty if there is more to it."""
    course: Callable[[], Any] | None = None
    """Gives what its template adds anew each time it is entered, None without a template."""
    supplied: tuple[tuple[str, int], ...] = ()
    """The inputs that its template has values for, by ``node.parameter``, and their slots."""
    scalars: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Finds the metrics among the results of an iteration; its conditions, if it has any, know better."""
    until: Until | None = None
    loop_values: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """The inputs that are fed back, by name, each with the places of its feedback edges."""
    emits: tuple[Emitted, ...] = ()
    bounded: Rounds | None = None
    """What it is besides, if it is a bounded iteration."""
    aim: tuple[str | None, str] = (None, "maximize")
    """The metric it is about, None without one, and what a better value is."""

    @property
    def has_delta(self) -> bool:
        """Whether there are delta variables."""
        return any(port.delta is not None for port in self.ports)


class Readers:
    """Who reads which slots; worked out when a run first wants to free them."""

    def __init__(self, arrivals: tuple[tuple[Link, ...], ...], first: int) -> None:
        self._arrivals, self._first = arrivals, first

    @cached_property
    def slots(self) -> tuple[tuple[int, ...], ...]:
        """For each unit the slots that its edges read; behind a router its own result is read as well."""
        first = self._first
        return tuple(
            tuple({slot for link in links for slot in (link.slot, first + link.source)})
            for links in self._arrivals
        )

    @cached_property
    def counts(self) -> Mapping[int, int]:
        """How many units read each slot that any reads."""
        return Counter(slot for slots in self.slots for slot in slots)

    @cached_property
    def last(self) -> Mapping[int, tuple[int, ...]]:
        """For each unit that reads any, the slots that no later one reads."""
        unit_of = {slot: unit for unit, slots in enumerate(self.slots) for slot in slots}
        found: dict[int, tuple[int, ...]] = {}
        for slot, unit in unit_of.items():
            found[unit] = (*found.get(unit, ()), slot)
        return found


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan:
    """A checked graph, ready to run as often as wanted."""

    name: str
    nodes: tuple[Node[..., Any], ...]
    names: tuple[str, ...]
    kinds: tuple[int, ...]
    functions: tuple[Callable[..., Any], ...]
    is_async: tuple[bool, ...]
    timeouts: tuple[float | None, ...]
    """Seconds for each attempt of a unit."""
    layouts: tuple[Layout, ...]
    direct: tuple[tuple[int, ...] | None, ...]
    """The slots of the arguments, for units that take just those values by position."""
    links: tuple[tuple[Link, ...], ...]
    """Outgoing, in the order of connecting."""
    arrivals: tuple[tuple[Link, ...], ...]
    """Incoming, in the order of connecting."""
    readers: Readers
    targets: tuple[tuple[int, ...], ...]
    """Targets of `links`, for units whose successors only have to count."""
    simple: tuple[bool, ...]
    """Whether `targets` says all there is to know of a unit that gave a value."""
    plain: tuple[bool, ...]
    """Whether a unit is one call of a function: no settings, no branch to choose, no state of a cycle."""
    waiting: tuple[int, ...]
    """How many edges must have settled before a unit may start; 1 for an any node."""
    first: int
    base: tuple[Any, ...]
    """What lies in the slots before *first* when a run starts."""
    inputs: Mapping[str, tuple[int, ...]]
    """The slots that each run input fills."""
    needs: tuple[tuple[tuple[int, ...], str, str], ...]
    """Node and parameter of each input that a run must be given; one of the slots must be filled."""
    given: tuple[Given, ...]
    """In a plan of a part of a graph: what edges from outside bring."""
    catch_alls: tuple[tuple[int, int], ...]
    """Slot and unit of the functions that take any name."""
    branches: Mapping[int, Mapping[str, int]]
    """For each router the slot behind each connected branch."""
    exits: tuple[int, ...]
    rows: tuple[Row, ...]
    """The longest beginning of the plan that a plain loop can run."""
    has_timeouts: bool
    """Whether some node has a timeout of its own."""
    sees_context: bool
    """Whether some node is given the context."""
    cycles: tuple[Cycle, ...] = ()

    @property
    def node_count(self) -> int:
        """How many units are nodes, and not where a cycle is entered or left."""
        return len(self.names) - 2 * len(self.cycles)
