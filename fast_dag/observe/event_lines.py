"""A trace as lines of JSON, one event each; the first line has the graph of the run as well."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fast_dag.observe.event_data import data_of
from fast_dag.plan.shape import Shape
from fast_dag.run.events import Event


def text_of(events: Iterable[Event], shapes: Mapping[str, Shape]) -> str:
    """The text of a file."""
    return "".join(json.dumps(each, allow_nan=False) + "\n" for each in data_of(events, shapes))


def lines_of(data: bytes) -> Iterator[Any]:
    """The events of a file, as data."""
    for line in data.decode().splitlines():
        if line.strip():
            yield json.loads(line, parse_constant=no_constant)


def no_constant(name: str) -> Any:
    """Raise ValueError: nothing of ours writes such a number."""
    msg = f"{name} is no number of JSON"
    raise ValueError(msg)
