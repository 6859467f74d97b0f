"""Node settings: how often a node is tried, how long it may take, what it waits in between."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fast_dag.errors import check_int, check_seconds, unknown_options


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """The settings of one node.

    >>> settings = NodeSettings(retry=3, retry_delay=0.5)
    >>> [settings.wait(attempt, OSError()) for attempt in (1, 2, 3)]
    [0.5, 1.0, None]

    Raises:
        ValueError: a setting is out of range.
    """

    retry: int = 1
    """Attempts in total."""
    retry_delay: float = 0.0
    """Seconds before the second attempt."""
    retry_backoff: float = 2.0
    """Each further wait is this many times the one before."""
    retry_jitter: float = 0.0
    """Up to this fraction of the wait is added at random."""
    retry_max_delay: float | None = None
    """Upper bound of a wait in seconds, jitter included."""
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    """Only these exceptions are tried again; a timeout counts as `fast_dag.TimeoutError`."""
    timeout: float | None = None
    """Seconds per attempt."""

    def __post_init__(self) -> None:
        check_int("retry", self.retry, 1)
        check_seconds("retry_delay", self.retry_delay, positive=False)
        check_seconds("retry_jitter", self.retry_jitter, positive=False)
        check_seconds("retry_backoff", self.retry_backoff, positive=False)
        if self.retry_backoff < 1:
            msg = f"retry_backoff must be >= 1, got {self.retry_backoff!r}"
            raise ValueError(msg)
        if self.retry_max_delay is not None:
            check_seconds("retry_max_delay", self.retry_max_delay, positive=False)
        if self.timeout is not None:
            check_seconds("timeout", self.timeout, positive=True)
        object.__setattr__(self, "retry_on", _classes(self.retry_on))

    def wait(self, attempt: int, error: BaseException, chance: float = 0.0) -> float | None:
        """Seconds to wait after the failed *attempt* (from 1), or None if it was the last one.

        The wait before attempt k+1 is ``retry_delay * retry_backoff**(k-1)``, lengthened by the
        share *chance* (0 to 1) of `retry_jitter` and bounded by `retry_max_delay`.
        """
        if attempt >= self.retry or not isinstance(error, self.retry_on):
            return None
        if not self.retry_delay:
            return 0.0
        try:
            delay = self.retry_delay * self.retry_backoff ** (attempt - 1) * (1 + self.retry_jitter * chance)
        except OverflowError:
            delay = float("inf")
        return delay if self.retry_max_delay is None else min(delay, self.retry_max_delay)


def changed(settings: NodeSettings, where: str, changes: dict[str, Any]) -> NodeSettings:
    """*settings* with *changes*; UnknownOptionError if *where* takes no such setting."""
    unknown = [name for name in changes if name not in NAMES]
    if unknown:
        raise unknown_options(unknown, KEYWORDS, where)
    return dataclasses.replace(settings, **changes) if changes else settings


def _classes(classes: Any) -> tuple[type[BaseException], ...]:
    found = tuple(classes) if isinstance(classes, Iterable) and not isinstance(classes, type) else (classes,)
    if not all(isinstance(one, type) and issubclass(one, BaseException) for one in found):
        msg = f"retry_on must name exception classes, got {classes!r}"
        raise ValueError(msg)
    return found


DEFAULTS = NodeSettings()
NAMES = frozenset(field.name for field in dataclasses.fields(NodeSettings))
KEYWORDS = (*sorted(NAMES), "name", "inputs", "outputs", "description", "metadata")
"""What a node takes by keyword."""
