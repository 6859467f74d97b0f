"""Events as plain data and back: what a file holds is checked field by field, and nothing in it is called."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from fast_dag.errors import DocumentError
from fast_dag.plan.shape import ROLES, Shape, Shapes
from fast_dag.run.brief import brief
from fast_dag.run.events import EVENTS, Event, made
from fast_dag.run.traced import FIELDS, Traced
from fast_dag.run.violation import Violation
from fast_dag.run.wrapping import text_of

LONGEST: Final = 1000
"""Letters of an error's text that are kept."""
LATEST: Final = 1e15
"""Seconds that are too many for any run."""
NOT_FINITE: Final = "$float"
GRAPH: Final = "graph"
"""Where the first event of a file has what had to wait for what."""


class LoadedError(Exception):
    """An error of a run that a file tells of: the name of its class, and its text.

    Two of them are equal if both are.
    """

    def __init__(self, class_name: str, text: str) -> None:
        super().__init__(text)
        self.class_name, self.text = class_name, text

    def __repr__(self) -> str:
        return f"LoadedError({self.class_name!r}, {self.text!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LoadedError):
            return NotImplemented
        return (self.class_name, self.text) == (other.class_name, other.text)

    def __hash__(self) -> int:
        return hash((self.class_name, self.text))


def class_and_text(error: BaseException) -> tuple[str, str]:
    """What is kept of an error."""
    if isinstance(error, LoadedError):
        return error.class_name, error.text
    text = text_of(error)
    return type(error).__name__, text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def data_of(events: Iterable[Event], shapes: Mapping[str, Shape]) -> list[dict[str, Any]]:
    """Events as plain data, the first one with the *shapes* of the run."""
    found = [_plain_event(event) for event in events]
    if found:
        found[0][GRAPH] = {path: _plain_shape(shape) for path, shape in shapes.items()}
    return found


def traced_from(read: Callable[[bytes], Iterable[Any]], data: bytes, where: str) -> Traced:
    """What a run has left, from the *data* of a file, which *read* takes apart.

    Raises:
        DocumentError: it holds no trace; the text says in which event it is wrong.
    """
    traced = Traced("", "")
    try:
        for item in read(data):
            _take(traced, item)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        place = f", event {len(traced.entries) + 1}"
        what = "nested too deeply" if isinstance(error, RecursionError) else text_of(error)
        msg = f"{where} holds no trace{place}: {what[:LONGEST]}"
        raise DocumentError(msg) from error
    if not traced.entries:
        msg = f"{where} holds no trace: there is no event in it"
        raise DocumentError(msg)
    return traced


def _take(traced: Traced, item: Any) -> None:
    """Add one event of a file to what is known."""
    table = _checked(item, dict, "an event")
    graph = table.pop(GRAPH, None)
    event = _event(table)
    if not traced.entries:
        traced.run_id, traced.workflow = event.run_id, event.workflow
        shapes = _checked({} if graph is None else graph, dict, GRAPH)
        traced.shapes = Shapes({_text(path): _shape(each) for path, each in shapes.items()})
    traced.entries.append(event)


def _plain_event(event: Event) -> dict[str, Any]:
    fields = {"run_id": event.run_id, "workflow": event.workflow}
    kept = {name: _plain(getattr(event, name)) for name, _ in FIELDS[event.kind]}
    return {"kind": event.kind, **fields, **kept}


def _plain(value: Any) -> Any:
    """*value* as JSON can hold it."""
    if value.__class__ is float:
        return value if math.isfinite(value) else {NOT_FINITE: str(value)}
    if value is None or value.__class__ in (bool, int, str):
        return value
    return _plain_parts(value)


def _plain_parts(value: Any) -> Any:
    """A value with parts as JSON can hold it; of anything else a short text."""
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, BaseException):
        return dict(zip(("class", "text"), class_and_text(value), strict=True))
    if isinstance(value, Violation):
        return {name: _plain(getattr(value, name)) for name in VIOLATION}
    return brief(value)


def _plain_shape(shape: Shape) -> dict[str, Any]:
    return {name: _plain(value) for name, value in shape._asdict().items()}


def _event(table: dict[str, Any]) -> Event:
    """The event that *table* describes."""
    kind = table.pop("kind", None)
    if not isinstance(kind, str) or kind not in EVENTS:
        msg = f"there is no kind of event {brief(kind)}"
        raise ValueError(msg)
    names = ["run_id", "workflow", *(name for name, _ in FIELDS[kind])]
    wrong = set(names) ^ set(table)
    if wrong:
        first = min(wrong)
        msg = f"{kind} {'lacks' if first in names else 'has an unknown field'} {brief(first)}"
        raise ValueError(msg)
    fields = {name: _field(kind, name, table[name]) for name in names}
    if kind == "state_changed":
        fields.update(old=None, new=None)
    return made(EVENTS[kind], fields)


def _field(kind: str, name: str, value: Any) -> Any:
    reading = READINGS.get(f"{kind}.{name}") or READINGS[name]
    try:
        return reading(value)
    except (TypeError, ValueError) as error:
        msg = f"{name} of {kind} is wrong: {error}"
        raise ValueError(msg) from error


def _checked(value: Any, kind: type | tuple[type, ...], what: str = "") -> Any:
    is_bool = isinstance(value, bool) and kind is not bool
    if is_bool or not isinstance(value, kind):
        wanted = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        msg = f"{what + ' must be a ' if what else 'expected '}{wanted}, got {brief(value)}"
        raise TypeError(msg)
    return value


def _text(value: Any) -> str:
    return _checked(value, str)  # type: ignore[no-any-return]


def _whole(value: Any) -> int:
    return _checked(value, int)  # type: ignore[no-any-return]


def _time(value: Any) -> float:
    found = float(_checked(value, (int, float)))
    if not abs(found) < LATEST:
        msg = f"expected a number of seconds, got {found}"
        raise ValueError(msg)
    return found


def _number(value: Any) -> float:
    if isinstance(value, dict) and set(value) == {NOT_FINITE} and value[NOT_FINITE] in ("nan", "inf", "-inf"):
        return float(value[NOT_FINITE])
    return _checked(value, (int, float))  # type: ignore[no-any-return]


def _flag(value: Any) -> bool:
    return _checked(value, bool)  # type: ignore[no-any-return]


def _or_none(reading: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else reading(value)


def _tuple_of(reading: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: tuple(reading(each) for each in _checked(value, list))


def _place(value: Any) -> int | tuple[int, ...]:
    return _tuple_of(_whole)(value) if isinstance(value, list) else _whole(value)


def _error(value: Any) -> LoadedError:
    table = _checked(value, dict)
    return LoadedError(_text(table.get("class")), _text(table.get("text"))[:LONGEST])


def _scalar(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool) else _number(value)


def _metrics(value: Any) -> dict[str, Any]:
    return {name: _scalar(each) for name, each in _checked(value, dict).items()}


def _violation(value: Any) -> Violation:
    table = _checked(value, dict)
    if set(table) != set(VIOLATION):
        msg = f"a violation has {', '.join(VIOLATION)}"
        raise ValueError(msg)
    return Violation(**{name: reading(table[name]) for name, reading in VIOLATION.items()})


def _shape(value: Any) -> Shape:
    table = _checked(value, dict, "a graph")
    names, roles = _tuple_of(_text)(table.get("names")), _tuple_of(_text)(table.get("roles"))
    count = len(names)

    def unit(number: Any) -> int:
        if not 0 <= _whole(number) < count:
            msg = f"there is no node number {brief(number)}"
            raise ValueError(msg)
        return number  # type: ignore[no-any-return]

    sources = _tuple_of(_tuple_of(unit))(table.get("sources"))
    cycles = tuple(_cycle(each, unit) for each in _checked(table.get("cycles"), list))
    if len(roles) != count or len(sources) != count or not {"", *ROLES.values()}.issuperset(roles):
        msg = "a graph has a name, a role and a list of sources for each of its nodes"
        raise ValueError(msg)
    return Shape(names, roles, sources, cycles)


def _cycle(value: Any, unit: Callable[[Any], int]) -> tuple[str, int, int]:
    if len(_checked(value, list)) != 3:  # noqa: PLR2004 - as the text says
        msg = f"a cycle has a name, an enter and a leave, got {brief(value)}"
        raise ValueError(msg)
    return _text(value[0]), unit(value[1]), unit(value[2])


VIOLATION: Final[Mapping[str, Callable[[Any], Any]]] = {
    "kind": _text,
    "limit": _number,
    "value": _number,
    "iteration": _or_none(_whole),
    "action": _text,
    "message": _text,
    "timestamp": _number,
}
TEXTS: Final = (
    *("run_id", "workflow", "mode", "status", "node", "worker", "reason"),
    *("code", "message", "cycle", "detail", "condition", "source", "target"),
)
READINGS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(["time", "duration"], _time),
    **dict.fromkeys(["attempt", "index", "iterations"], _whole),
    **dict.fromkeys(["cached", "result"], _flag),
    **dict.fromkeys(["retry_in", "timeout"], _or_none(_time)),
    "item_finished.index": _place,
    "item_failed.index": _place,
    "node_failed.index": _or_none(_place),
    "iteration": _tuple_of(_whole),
    "input_names": _tuple_of(_text),
    "error": _error,
    "run_finished.error": _or_none(_error),
    "verdict": _or_none(_text),
    "violation.cycle": _or_none(_text),
    "violation": _violation,
    "metrics": _metrics,
    "key": _scalar,
}
"""How each field is read; by kind of event where that makes a difference."""
