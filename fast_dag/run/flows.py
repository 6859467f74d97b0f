"""The streams of one run: which node gave each, and which nodes read it."""

from __future__ import annotations

from typing import Any

from fast_dag.plan.plan import Plan
from fast_dag.run.ledger import Ledger
from fast_dag.run.streams import LAZY, Stream
from fast_dag.run.tally import Tally
from fast_dag.run.tee import Tee, as_stream


class Flows:
    """Streams by the slot they lie in.

    Parameters:
        plan: what the run follows.
        values: its values by slot.
        ledger: where all streams of all runs are kept until they have ended.
    """

    def __init__(self, plan: Plan, values: list[Any], ledger: Ledger) -> None:
        self._plan, self._values, self._ledger = plan, values, ledger
        self.by_slot: dict[int, Stream] = {}

    def taken(self, step: int, value: Any, producer: str) -> Any:
        """*value*, or the stream that its readers share.

        Raises:
            StreamError: several nodes want to read it, and its node does not say that they share it.
        """
        plan = self._plan
        readers = list(dict.fromkeys(plan.names[link.target] for link in plan.links[step]))
        stream = as_stream(value, plan.nodes[step].settings, producer, readers, self._ledger)
        if stream is None:
            return value
        self.by_slot[plan.first + step] = stream
        self._ledger.streams.append(stream)
        return stream

    def settled(self, step: int) -> None:
        """Let no stream keep items for *step*, unless what it gave goes on reading."""
        value = self._values[self._plan.first + step]
        if isinstance(value, Stream) or type(value) in LAZY:
            return
        for link in self._plan.arrivals[step]:
            stream = self.by_slot.get(link.slot)
            if isinstance(stream, Tee):
                stream.leave(self._plan.names[step])

    def read_by(self, step: int) -> list[str]:
        """The names of the nodes from whose streams *step* has asked for items."""
        name = self._plan.names[step]
        return [stream.producer for stream in self.by_slot.values() if stream.was_read_by(name)]

    def origin(self, error: Exception) -> int | None:
        """The unit whose stream raised *error*, None if it came from none."""
        raised = [slot for slot, stream in self.by_slot.items() if stream.error is error]
        return min(raised) - self._plan.first if raised else None

    def unread(self) -> list[Stream]:
        """Those that nobody will finish, now that the run is over; what it returns may need others."""
        kept = self._needed_by_results()
        return [stream for stream in self._ledger.streams if not stream.has_ended and stream not in kept]

    def charge(self, tally: Tally) -> None:
        """Count the time that making items took as work of the nodes that made them."""
        durations, names = tally.durations, self._plan.names
        for slot, stream in self.by_slot.items():
            durations[slot - self._plan.first] += stream.seconds
            for name, reader in stream.readers.items():
                step = names.index(name)
                durations[step] = max(0.0, durations[step] - reader.seconds)

    def _needed_by_results(self) -> set[Stream]:
        """The streams that a stream among the results of exit nodes may go on to read."""
        plan = self._plan
        work = [unit for unit in plan.exits if type(self._values[plan.first + unit]) in LAZY]
        if not work:
            return set()
        own = set(self.by_slot.values())
        kept = {stream for stream in self._ledger.streams if stream not in own}
        while work:
            for link in plan.arrivals[work.pop()]:
                stream = self.by_slot.get(link.slot)
                if stream is not None and stream not in kept:
                    kept.add(stream)
                    work.append(link.source)
        return kept
