"""How far the epochs of a session are: what was sent where, which one may run, which times can still come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from fast_dag.iterate.sent import Kind, Sent


@dataclass(slots=True, eq=False)
class Input:
    """One input of a session: the epoch it stands at, and what was sent to it."""

    name: str
    kind: Kind
    epoch: int = 0
    is_closed: bool = False
    sent: dict[int, Sent] = field(default_factory=dict)
    """By epoch, until that has run."""


class Progress:
    """Which epochs are left, whoever runs them.

    An epoch is left where something was sent to it, or an input has stood at it and moved on.
    """

    def __init__(self) -> None:
        self.inputs: dict[str, Input] = {}
        self.has_begun = False
        """Whether an epoch has begun to run: then inputs that nobody asked for are closed."""
        self.is_over = False
        """Whether nothing can come any more, whatever the inputs say."""
        self._left: list[int] = []
        """A heap of the epochs that are left; they are run, and taken away, from its front."""
        self._known: set[int] = set()

    def leave(self, epoch: int) -> None:
        """Note that *epoch* is to run when all inputs have moved past it."""
        if epoch not in self._known:
            self._known.add(epoch)
            heappush(self._left, epoch)

    @property
    def due(self) -> int | None:
        """The epoch that is to run now, None if there is none."""
        if self.is_over:
            return None
        first = self._left[0] if self._left else None
        if first is None and not self.has_begun:
            first = 0  # a workflow to which nothing is sent runs as by itself
        if first is None or any(not each.is_closed and each.epoch <= first for each in self.inputs.values()):
            return None
        return first

    def sent(self, epoch: int) -> Mapping[str, Sent]:
        """What was sent in an *epoch*, by input."""
        return {name: each.sent[epoch] for name, each in self.inputs.items() if epoch in each.sent}

    def done(self, epoch: int) -> None:
        """Note that *epoch*, the one that was due, has run, or was lost."""
        if epoch in self._known:
            self._known.remove(epoch)
            heappop(self._left)
        for each in self.inputs.values():
            each.sent.pop(epoch, None)

    @property
    def frontier(self) -> int | None:
        """The first epoch in which something may still come, None if nothing can."""
        if self.is_over:
            return None
        open_at = (each.epoch for each in self.inputs.values() if not each.is_closed)
        alone = () if self.has_begun or self._left else (0,)
        return min([*open_at, *self._left[:1], *alone], default=None)
