"""The delta variables of one cycle on its way: what it is given, what goes round, what leaves it."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import astuple
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from fast_dag.plan.plan import Argument, Cycle, Port
from fast_dag.run.delta import MERGES, Growth, growth_of
from fast_dag.run.facts import Facts
from fast_dag.run.iteration_info import RoundStats
from fast_dag.run.streams import Reader
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.lap import Lap

Retained = MutableMapping[tuple[str, str, str], Growth]
"""The facts that outlive an epoch, by cycle, node and input."""

READY: Final = frozenset({set, frozenset, list, tuple, dict, deque, type({}.keys()), MappingProxyType, Facts})
"""Types of candidates that can be gone through at once, without calling anything."""


class Deltas:
    """The delta variables of one cycle.

    Candidates are brought first, then worked out, which may take a call, and then taken in.
    """

    def __init__(self, cycle: Cycle) -> None:
        self._ports = [port for port in cycle.ports if port.delta is not None]
        self._edges = [
            [index for index, feedback in enumerate(cycle.feedback) if feedback.into in port.fed]
            for port in self._ports
        ]
        """For each variable the feedback edges that bring it candidates."""
        self._is_alone = sum(map(len, self._edges)) == len(cycle.feedback)
        """Whether nothing else prolongs the cycle."""
        self._growths: list[Growth] = []
        self._brought: list[list[Any]] = []
        self._round = 0
        self.history: list[RoundStats] = []
        """What each round took and found."""
        self.is_called = False
        """Whether the seeds take a call; then the core goes round the cycle."""
        self._noted = 0.0

    def begin(self, kept: Retained | None) -> None:
        """Forget earlier rounds, and all facts but those that are *kept* for the next epoch."""
        self._growths = [_growth(port, kept) for port in self._ports]
        self._brought, self._round, self.history, self._noted = [], 0, [], 0.0

    def seed(self, lower: Callable[[Argument], Any]) -> None:
        """Bring what there is before the first round; *lower* finds it."""
        self._bring([[lower(port.lower)] for port in self._ports], 0)
        self.is_called = self.is_waiting

    def bring(self, carried: Sequence[Any], round: int) -> None:
        """Bring what the feedback edges carry at the end of a *round*."""
        self._bring([[carried[index] for index in edges] for edges in self._edges], round)

    @property
    def is_waiting(self) -> bool:
        """Whether working out what is new takes a call: of a merge of the user's, or of an iterator."""
        return any(
            growth.port.merge not in ("set", *MERGES) or any(type(each) not in READY for each in candidates)
            for growth, candidates in zip(self._growths, self._brought, strict=False)
            if candidates
        )

    def worked_out(self) -> list[Any] | Coroutine[Any, Any, list[Any]]:
        """What is new for each variable; to be awaited where a candidate is async.  Changes nothing."""
        is_async = any(_is_async(each) for candidates in self._brought for each in candidates)
        return self._awaited() if is_async else self._prepared(self._brought)

    def take(self, fresh: Sequence[Any] | None = None) -> None:
        """Take in what was worked out, by default here and now; nothing if that was done before."""
        brought, self._brought = self._brought, []
        if brought:
            worked_out = self._prepared(brought) if fresh is None else fresh
            for growth, new in zip(self._growths, worked_out, strict=True):
                growth.take(new)

    def note(self, fired: int, elapsed: float) -> None:
        """Keep what a round, whose candidates are taken in, took and found.

        Parameters:
            fired: how many nodes ran.
            elapsed: seconds since the first round began.
        """
        found = sum(growth.found for growth in self._growths)
        self.history.append(RoundStats(self._round, fired, found, elapsed - self._noted))
        self._noted = elapsed

    @property
    def is_exhausted(self) -> bool:
        """Whether there is no reason to begin: no seed is new, and nothing else goes round."""
        return self._is_alone and not any(growth.found for growth in self._growths)

    def carried(self, brought: Callable[[Lap], list[Any]], lap: Lap) -> list[Any]:
        """What a lap *brought*, where the edges of each variable together carry its delta, if it is new."""
        found = [NO_DATA for _ in lap.cycle.feedback] if self._is_alone else brought(lap)
        for growth, edges in zip(self._growths, self._edges, strict=True):
            for index in edges:
                found[index] = NO_DATA
            if growth.found:
                found[edges[0]] = growth.delta
        return found

    def besides(self, carried: Sequence[Any]) -> list[Any]:
        """*carried* without the deltas, which are kept with their facts."""
        edges = {index for edges in self._edges for index in edges}
        return [NO_DATA if index in edges else value for index, value in enumerate(carried)]

    def fill(self, values: list[Any]) -> None:
        """Lay the deltas where the body finds them."""
        for port, growth in zip(self._ports, self._growths, strict=True):
            values[port.slot] = growth.delta

    def leave(self, values: list[Any], *, is_kept: bool) -> None:
        """Lay what was gathered where nodes behind the cycle find it, and retain nothing of what failed."""
        for port, growth in zip(self._ports, self._growths, strict=True):
            if not is_kept and growth.port.retain:
                growth.undo()
            if port.facts >= 0:
                values[port.facts] = growth.gathered() if is_kept else NO_DATA

    def saved(self) -> dict[str, Any]:
        """All it keeps, as plain data around the facts."""
        return {
            "facts": [growth.saved() for growth in self._growths],
            "history": [list(astuple(each)) for each in self.history],
        }

    def resume(self, data: Mapping[str, Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        self.history = [RoundStats(*each) for each in data["history"]]
        self._noted = sum(each.seconds for each in self.history)
        for growth, saved in zip(self._growths, data["facts"], strict=True):
            growth.resume(*saved)

    def _bring(self, candidates: Sequence[Sequence[Any]], round: int) -> None:
        self._round = round
        self._brought = [[each for each in several if each is not NO_DATA] for several in candidates]

    def _prepared(self, brought: Sequence[Sequence[Any]]) -> list[Any]:
        return [
            growth.prepared(candidates, self._round)
            for growth, candidates in zip(self._growths, brought, strict=True)
        ]

    async def _awaited(self) -> list[Any]:
        brought = [
            [[fact async for fact in each] if _is_async(each) else each for each in candidates]
            for candidates in self._brought
        ]
        return self._prepared(brought)


def _growth(port: Port, kept: Retained | None) -> Growth:
    """The facts of *port*: none yet, or those that are *kept*."""
    delta: Any = port.delta
    if kept is None or not delta.retain:
        return growth_of(delta)
    return kept.setdefault(delta.key, growth_of(delta))


def _is_async(candidates: Any) -> bool:
    if isinstance(candidates, Reader):
        # It can be read both ways, but one item at a time from another thread if its source is async.
        return not candidates.stream.is_sync
    return isinstance(candidates, AsyncIterator) and not isinstance(candidates, Iterator)
