"""The streams of one run: which node gave each, and which nodes read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fast_dag.errors import ExecutionError
from fast_dag.plan.plan import ENTER, LEAVE, Layout, Link, Plan
from fast_dag.run.ledger import Ledger
from fast_dag.run.streams import Reader, Stream, is_stream
from fast_dag.run.tally import Tally
from fast_dag.run.tee import Tee, as_stream, shared


class Flows:
    """Streams by the slot they lie in.

    Parameters:
        plan: what the run follows.
        values: its values by slot.
        state: of each unit whether it is still open, which is 0.
        ledger: where all streams of all runs are kept until the outermost is over.
    """

    def __init__(self, plan: Plan, values: list[Any], state: Sequence[int], ledger: Ledger) -> None:
        self._plan, self._values, self._state, self._ledger = plan, values, state, ledger
        self.by_slot: dict[int, Stream] = {}
        self._lazy: set[int] = set()
        """The units that gave a stream, some of them to a branch."""
        self._wanted: dict[int, set[int]] = {}
        """For each unit that gave something to be read lazily the units that may go on reading it."""
        self._enters = {cycle.leave: cycle.enter for cycle in plan.cycles}

    def taken(self, step: int, value: Any, producer: str, branch: str = "") -> Any:
        """*value*, or the stream that its readers share; of a router what goes to its *branch*.

        Raises:
            StreamError: several nodes want to read it, and its node does not say that they share it.
        """
        plan = self._plan
        links = [link for link in plan.links[step] if link.branch == branch and not self._state[link.target]]
        settings = plan.nodes[step].settings
        readers = list(dict.fromkeys(self._readers(links, are_all=settings.stream == "tee")))
        stream = as_stream(value, settings, producer, readers, self._ledger)
        if stream is None:
            return value
        stream.unit = step
        self._lazy.add(step)
        self._add(links[0].slot, stream)
        return stream

    def enter(self, path: str) -> None:
        """Share what comes into this run, at *path*, from streams outside among the nodes that read it.

        Raises:
            StreamError: several nodes want to read one, and its node does not say that they share it.
        """
        found: dict[Reader, list[int]] = {}
        for slot, value in enumerate(self._values[: self._plan.first]):
            if isinstance(value, Reader):
                found.setdefault(value, []).append(slot)
        for reader, slots in found.items():
            layouts = self._plan.layouts
            names = [each.node for each in layouts if not _slots_of(each).isdisjoint(slots)]
            entered = self._entered_with(slots)
            if len(entered) == 1 and not names:
                continue  # its body reads what the outer run has made for this one
            names += entered
            stream = shared(reader, names, path, self._ledger)
            for slot in slots:
                self._values[slot] = stream
                self._add(slot, stream)

    def _entered_with(self, slots: Sequence[int]) -> list[str]:
        """The names of the enters of cycles that begin with what lies in one of *slots*."""
        ports = [(cycle.enter, port.lower) for cycle in self._plan.cycles for port in cycle.ports]
        entered = [enter for enter, lower in ports if lower.slot in slots and not lower.source]
        return [self._plan.names[enter] for enter in entered]

    def settled(self, step: int) -> None:
        """Note that *step* is over: unless what it gave goes on reading, nothing is kept for it."""
        if self._plan.kinds[step] == ENTER:
            return  # its cycle reads on until it is left
        links = self._plan.links[step]
        if step in self._lazy or is_stream(self._values[self._plan.first + step]):
            wanted = {link.target for link in links if not self._state[link.target]}
            self._wanted[step] = wanted
            if wanted or not links:
                return
        self._leave([step, self._enters[step]] if step in self._enters else [step])

    def _leave(self, work: list[int]) -> None:
        """Note that the units in *work* read nothing any more."""
        while work:
            reader = work.pop()
            for link in self._plan.arrivals[reader]:
                stream = self.by_slot.get(link.slot)
                if isinstance(stream, Tee):
                    stream.leave(self._plan.names[reader])
                others = self._wanted.get(link.source, set())
                if reader in others:
                    others.discard(reader)
                    if not others:
                        work.append(link.source)

    def read_by(self, step: int) -> list[str]:
        """The names of the nodes from whose streams *step* has asked for items."""
        name = self._plan.names[step]
        return [stream.producer for stream in self.by_slot.values() if stream.was_read_by(name)]

    def origin(self, error: Exception) -> Stream | None:
        """The stream whose source raised *error* first, in this run or another; None if it came from none."""
        original = error.original_error if isinstance(error, ExecutionError) else None
        for stream in self._ledger.streams:
            if stream.error is not None and (stream.error is error or stream.error is original):
                return stream
        return None

    def unread(self, *, also_inside: bool) -> list[Stream]:
        """Those that nobody will finish when the run is over, the last one first."""
        own = set(self.by_slot.values())
        return [
            stream
            for stream in reversed(self._ledger.streams)
            if (also_inside or stream in own) and not (stream.has_ended or stream.is_closed)
        ]

    def forget(self) -> None:
        """Let go of the streams that have ended, in a run inside others."""
        for stream in self.by_slot.values():
            if (stream.has_ended or stream.is_closed) and stream.error is None:
                self._ledger.streams.pop(stream, None)

    def needed_by_results(self, *, is_outermost: bool) -> set[Stream]:
        """The streams that something among the results of exit nodes may go on to read.

        Behind the outermost run there is no loop any more that could make items.
        """
        plan, values = self._plan, self._values
        lazy = {
            unit: values[plan.first + unit] for unit in plan.exits if is_stream(values[plan.first + unit])
        }
        work = [(unit, isinstance(value, AsyncIterator)) for unit, value in lazy.items()]
        kept: set[Stream] = set()
        seen = set()
        while work:
            unit, is_read_async = work.pop()
            if unit in seen or unit < 0:
                continue
            seen.add(unit)
            inside = plan.names[unit] + "."
            kept.update(each for each in self._ledger.streams if each.producer.startswith(inside))
            for slot, source in self._read_at(unit):
                stream = self.by_slot.get(slot)
                if stream is None and source in self._wanted:
                    work.append((source, is_read_async))
                elif stream is not None and (not is_outermost or stream.lasts(is_read_async=is_read_async)):
                    kept.add(stream)
                    work.append((source, not stream.is_sync))
        return kept

    def charge(self, tally: Tally) -> None:
        """Count the time that making items took as work of the nodes that made them."""
        durations, names = tally.durations, self._plan.names
        for stream in dict.fromkeys(self.by_slot.values()):
            if stream.unit >= 0:
                durations[stream.unit] += stream.seconds
            for name, reader in stream.readers.items():
                step = names.index(name)
                durations[step] = max(0.0, durations[step] - reader.seconds)

    def _readers(self, links: Sequence[Link], *, are_all: bool) -> list[str]:
        """The names under which what lies at the ends of *links* is read.

        Parameters:
            links: those from one unit.
            are_all: whether one stream is for who gets it back in the next iteration, and for those behind
                the cycle; else it is for one of them, the last one for those behind.
        """
        kinds, names = self._plan.kinds, self._plan.names
        nodes = [names[link.target] for link in links if kinds[link.target] != LEAVE]
        # The leave of a cycle itself only waits.
        ends = [link for link in links if kinds[link.target] == LEAVE]
        # What is fed back is asked for by who gave it.
        back = [names[end.source] for end in ends if self._is_fed_back(end.slot)]
        leaving = [link for end in ends for link in self._plan.links[end.target] if link.slot == end.slot]
        behind = [names[link.target] for link in leaving]
        if are_all:
            return [*nodes, *back, *behind]
        return [*nodes, *(back or behind)]

    def _is_fed_back(self, slot: int) -> bool:
        edges = (edge for cycle in self._plan.cycles for edge in cycle.feedback)
        return any(edge.value.slot == slot and not edge.is_signal for edge in edges)

    def _read_at(self, unit: int) -> list[tuple[int, int]]:
        """The slots *unit* reads, each with the unit that fills it; -1 for outside the run."""
        plan = self._plan
        outside = [
            (slot, -1) for slot in _slots_of(plan.layouts[unit]) if slot in self.by_slot and slot < plan.first
        ]
        return [*((link.slot, link.source) for link in plan.arrivals[unit]), *outside]

    def _add(self, slot: int, stream: Stream) -> None:
        stream.scope = self
        self.by_slot[slot] = stream
        self._ledger.streams[stream] = None


def _slots_of(layout: Layout) -> set[int]:
    return {argument.slot for argument in (*layout.arguments, *layout.sources)}
