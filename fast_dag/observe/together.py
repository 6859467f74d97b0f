"""Several tools at one run that stand for one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.run.events import Event
from fast_dag.run.tools import Watcher

if TYPE_CHECKING:
    from fast_dag.run.requests import Landing
    from fast_dag.run.results import CycleResult
    from fast_dag.run.violation import Violation


class Together:
    """Hands on to some watchers what it is asked and told."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers
        every = [getattr(each, "refresh_every", None) for each in watchers]
        self.refresh_every = min((seconds for seconds in every if seconds), default=None)
        self.may_end = any(getattr(each, "may_end", False) for each in watchers)
        self.wants_values = any(getattr(each, "wants_values", False) for each in watchers)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        for each in self._watchers:
            each(event)

    def refresh(self) -> None:
        """Look now."""
        for refresh in self._having("refresh"):
            refresh()

    def after_iteration(self, cycle: str, index: int, seconds: float) -> Violation | None:
        """The first violation that one of them finds; all of them look."""
        found = [look(cycle, index, seconds) for look in self._having("after_iteration")]
        return next((each for each in found if each is not None), None)

    def admit(self, cycle: str, entry: Hashable) -> Landing | None:
        """What one of them wants to be waited for; the others are asked when that is over."""
        asked = (admit(cycle, entry) for admit in self._having("admit"))
        return next((each for each in asked if each is not None), None)

    def left(self, entry: Hashable) -> None:
        """A cycle that was let in has ended."""
        for left in self._having("left"):
            left(entry)

    def close(self, results: Mapping[str, CycleResult]) -> None:
        """End them all."""
        for each in self._watchers:
            each.close(results)

    @property
    def memory_growth(self) -> float | None:
        """What the first of them says that measures it."""
        return next((each.memory_growth for each in self._watchers if hasattr(each, "memory_growth")), None)

    def _having(self, name: str) -> list[Callable[..., Any]]:
        return [getattr(each, name) for each in self._watchers if getattr(each, name, None) is not None]
