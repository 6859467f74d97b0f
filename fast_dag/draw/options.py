"""What is shown in a drawing, and in which colours; checked before anything is drawn."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from fast_dag.checks import check_int, suggestion, unknown_options
from fast_dag.errors import ValidationError

DIRECTIONS = ("TB", "BT", "LR", "RL")
COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}|[A-Za-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualizationOptions:
    """How a drawing looks.

    Parameters:
        direction: where the lines lead: TB (top to bottom; TD means the same), BT, LR or RL.
        show_results: colour each node by what the run made of it, and show its value, error or
            the reason why it was skipped.
        show_inputs: name the inputs, in the boxes and on the lines where they are not obvious.
        show_outputs: name the declared outputs, likewise.
        show_types: add the annotations to the inputs and outputs that are shown.
        show_description: add the description of each node.
        success_color, error_color, skipped_color: of the nodes of a run; ``#rgb``, ``#rrggbb`` or a
            name in plain letters.
        max_text: longest text, in characters, of a value, error, annotation or description.

    Raises:
        ValueError: a direction, colour or length that is none, or a switch that is no bool.
    """

    direction: str = "TB"
    show_results: bool = False
    show_inputs: bool = True
    show_outputs: bool = True
    show_types: bool = False
    show_description: bool = False
    success_color: str = "#c8e6c9"
    error_color: str = "#ffcdd2"
    skipped_color: str = "#e0e0e0"
    max_text: int = 60

    def __post_init__(self) -> None:
        if self.direction == "TD":
            object.__setattr__(self, "direction", "TB")
        _check_direction(self.direction)
        check_int("max_text", self.max_text, 1)
        for name in FIELDS:
            if name.startswith("show_"):
                _check_switch(name, getattr(self, name))
            elif name.endswith("_color"):
                _check_color(name, getattr(self, name))


FIELDS = tuple(field.name for field in fields(VisualizationOptions))


def options_with(
    options: object, keywords: Mapping[str, Any], method: str, parameters: Collection[str]
) -> VisualizationOptions:
    """The given *options*, or the default ones, with some fields replaced by *keywords*.

    *method* takes them, beside its *parameters*.

    Raises:
        UnknownOptionError: a keyword that is no field.
        ValidationError: *options* are no VisualizationOptions.
        ValueError: a field with a bad value.
    """
    unknown = [name for name in keywords if name not in FIELDS]
    if unknown:
        raise unknown_options(unknown, [*FIELDS, *parameters], method)
    if options is None:
        return VisualizationOptions(**keywords)
    if not isinstance(options, VisualizationOptions):
        msg = f"options must be VisualizationOptions, got {options!r}"
        raise ValidationError(msg)
    return replace(options, **keywords)


def _check_direction(direction: Any) -> None:
    if direction not in DIRECTIONS:
        near = suggestion(direction, DIRECTIONS)
        msg = f"no direction {direction!r}: known are {', '.join(DIRECTIONS)}{near}"
        raise ValueError(msg)


def _check_switch(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        msg = f"{name} must be True or False, got {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - a bad value of an option is a ValueError throughout


def _check_color(name: str, value: Any) -> None:
    # It goes into the drawing as it is.
    if not isinstance(value, str) or not COLOR.fullmatch(value):
        msg = f"{name} must be '#rgb', '#rrggbb' or a name in plain letters, got {value!r}"
        raise ValueError(msg)
