"""Plain boxes and lines: all that a renderer needs to know of a workflow."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Shape(enum.Enum):
    """The outline of a box."""

    BOX = enum.auto()
    ROUND = enum.auto()
    DIAMOND = enum.auto()
    HEXAGON = enum.auto()
    STADIUM = enum.auto()
    TRAPEZOID = enum.auto()
    SUBROUTINE = enum.auto()
    START = enum.auto()
    """No node: where a machine begins."""
    OVER = enum.auto()
    """No node: where the run of a machine ends."""
    UNKNOWN = enum.auto()
    """No node: a state that nobody has declared, or any state."""


class State(enum.StrEnum):
    """What a run made of a box."""

    NOT_RUN = "not_run"
    SUCCESS = "success"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node; `key` is a made-up identifier, all that users wrote stands in `lines`."""

    key: str
    lines: tuple[str, ...]
    """The name first."""
    shape: Shape = Shape.BOX
    state: State = State.NOT_RUN
    entry: bool = False
    exit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An arrow between the boxes with the keys *source* and *target*."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False
    dotted: bool = False
    """Between states: it brings a value and is no way to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A border around some boxes, given by their keys; no box stands in two."""

    key: str
    title: str
    boxes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is drawn; no text in it holds a control character or a line break."""

    title: str
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    frames: tuple[Frame, ...] = ()
    is_machine: bool = False
    """Whether the boxes are states."""
