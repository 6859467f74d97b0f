"""Node settings: retries and timeout, cache, map, stream."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fast_dag.checks import check_int, check_seconds, suggestion, unknown_options

ITEM_ERRORS = ("fail", "skip", "none", "return")
STREAMS = (None, "once", "tee", "list", False)


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
    cached: bool = False
    """Whether results are kept and handed out again for equal inputs."""
    cache_backend: Any = "memory"
    """Where they are kept: the name of a backend, or one."""
    cache_ttl: float | None = None
    """Seconds for which a stored result is good, None for ever."""
    cache_key: Any = None
    """What tells calls apart: names of inputs, or ``callable(inputs) -> value``; None for all inputs."""
    cache_version: Any = None
    """Part of the key in place of the function's code: a string, or a callable that gives one."""
    cache_copy: bool = False
    """Whether values are copied deeply on storing and on hits."""
    map: str | None = None
    """The input whose elements the node is run for, one by one; None for the whole value at once."""
    depth: int = 1
    """How many levels of elements *map* goes down."""
    max_concurrency: int | None = None
    """How many elements may be at work at once, None for as many as there are workers."""
    item_errors: str = "fail"
    """What becomes of an element that failed: fail, skip, none or return."""
    stream: Any = None
    """What an iterator is taken for: None, once, tee, list or False."""
    stream_buffer: int | None = None
    """How many items a tee keeps for its slowest consumer, None for any number."""

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
        self._check_cache()
        self._check_items()

    def _check_cache(self) -> None:
        check_bool("cached", self.cached)
        check_bool("cache_copy", self.cache_copy)
        if self.cache_ttl is not None:
            check_seconds("cache_ttl", self.cache_ttl, positive=True)
        if not (self.cache_key is None or callable(self.cache_key)):
            object.__setattr__(self, "cache_key", _names(self.cache_key))
        if not (
            self.cache_version is None or isinstance(self.cache_version, str) or callable(self.cache_version)
        ):
            msg = f"cache_version must be a string or a callable, got {self.cache_version!r}"
            raise ValueError(msg)

    def _check_items(self) -> None:
        if self.map is not None and not (isinstance(self.map, str) and self.map):
            msg = f"map must be the name of an input, got {self.map!r}"
            raise ValueError(msg)
        check_int("depth", self.depth, 1)
        for name in ("max_concurrency", "stream_buffer"):
            if getattr(self, name) is not None:
                check_int(name, getattr(self, name), 1)
        check_choice("item_errors", self.item_errors, ITEM_ERRORS)
        # 0 equals False, and is none of the choices.
        check_choice("stream", "0" if self.stream == 0 and self.stream is not False else self.stream, STREAMS)

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
    """*settings* with *changes*; what these switch off goes back to its defaults.

    >>> changed(NodeSettings(cached=True, cache_ttl=60), "node 'f'", {"cached": False}) == DEFAULTS
    True

    Raises:
        UnknownOptionError: *where* takes no such setting.
        ValueError: a setting is out of range, or one that is given would do nothing.
    """
    if not changes:
        return settings
    unknown = [name for name in changes if name not in NAMES]
    if unknown:
        raise unknown_options(unknown, KEYWORDS, where)
    made = _made(settings, where, changes)
    for needed, is_on, names in PARTS:
        idle = () if is_on(made) else [name for name in names if not _is_default(made, name)]
        for name in idle:
            if name in changes:
                msg = f"{where}: {name}={changes[name]!r} does nothing without {needed}"
                raise ValueError(msg)
        if idle:
            made = dataclasses.replace(made, **{name: getattr(DEFAULTS, name) for name in idle})
    return made


def check_bool(name: str, value: Any) -> None:
    """Raise ValueError unless *value* is True or False."""
    if value is not True and value is not False:
        msg = f"{name} must be True or False, got {value!r}"
        raise ValueError(msg)


def check_names(option: str, names: Any, owner: str) -> tuple[str, ...]:
    """*names* as a tuple; ValueError unless they are a list of different non-empty strings."""
    is_listed = isinstance(names, Iterable) and not isinstance(names, str | bytes | Mapping | set | frozenset)
    found = tuple(names) if is_listed else ()
    if not is_listed or not all(isinstance(name, str) and name for name in found):
        remedy = f": write {option}=[{names!r}]" if isinstance(names, str) and names else ""
        msg = f"{option} of {owner!r} must be a list of names, got {names!r}{remedy}"
        raise ValueError(msg)
    if len(set(found)) < len(found):
        msg = f"signature mismatch: {option}={list(found)!r} of {owner!r} has a name twice"
        raise ValueError(msg)
    return found


def check_mapping(option: str, value: Any, owner: str) -> dict[str, Any]:
    """A copy of *value*, empty for None; ValueError unless it is a mapping."""
    if value is not None and not isinstance(value, Mapping):
        msg = f"{option} of {owner!r} must map names to values, got {value!r}"
        raise ValueError(msg)
    return dict(value or {})


def check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Raise ValueError unless *value* is one of the *choices*."""
    if value not in choices:
        known = ", ".join(map(repr, choices))
        msg = (
            f"{name} must be one of {known}, got {value!r}{suggestion(value, [str(one) for one in choices])}"
        )
        raise ValueError(msg)


def _made(settings: NodeSettings, where: str, changes: dict[str, Any]) -> NodeSettings:
    try:
        made = dataclasses.replace(settings, **changes)
    except ValueError as error:
        msg = f"{where}: {error}"  # which node it is about is known here only
        raise ValueError(msg) from None
    if made.map is not None and made.stream in ("once", "tee"):
        msg = (
            f"{where}: stream={made.stream!r} does nothing for a map, whose value is a list; "
            "stream='list' collects what each of its calls gives"
        )
        raise ValueError(msg)
    return made


def _is_default(settings: NodeSettings, name: str) -> bool:
    value, default = getattr(settings, name), getattr(DEFAULTS, name)
    # A backend of the user's may compare as it likes.
    return value is default or (type(value) is type(default) and value == default)


def _names(names: Any) -> tuple[str, ...]:
    found = tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else ()
    if not found or not all(isinstance(name, str) for name in found):
        msg = f"cache_key must be a list of input names or a callable, got {names!r}"
        raise ValueError(msg)
    return found


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
PARTS: tuple[tuple[str, Callable[[NodeSettings], bool], tuple[str, ...]], ...] = (
    (
        "cached=True",
        lambda made: made.cached,
        ("cache_backend", "cache_ttl", "cache_key", "cache_version", "cache_copy"),
    ),
    ("map=", lambda made: made.map is not None, ("depth", "max_concurrency", "item_errors")),
    ("stream='tee'", lambda made: made.stream == "tee", ("stream_buffer",)),
)
"""What has to be set for others to have an effect: in words, whether it is, and those others."""
