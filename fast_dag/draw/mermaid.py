"""A picture as the text of a Mermaid diagram: a flowchart, or of a machine a state diagram.

What users wrote stands between double quotes only.  Viewers refuse more than 500 lines unless they are
configured otherwise (``maxEdges``, ``maxTextSize``).
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_dag.draw import mermaid_states
from fast_dag.draw.mermaid_text import classes, escaped
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, Frame, Line, Picture, Shape

OUTLINES = {
    Shape.BOX: ("[", "]"),
    Shape.ROUND: ("(", ")"),
    Shape.DIAMOND: ("{", "}"),
    Shape.HEXAGON: ("{{", "}}"),
    Shape.STADIUM: ("([", "])"),
    Shape.TRAPEZOID: ("[/", "\\]"),
    Shape.SUBROUTINE: ("[[", "]]"),
    Shape.START: ("((", "))"),
    Shape.OVER: ("(((", ")))"),
    Shape.UNKNOWN: ("(", ")"),
}


def render(picture: Picture, options: VisualizationOptions) -> str:
    """The diagram."""
    if picture.is_machine:
        return mermaid_states.render(picture, options)
    lines = [f"graph {options.direction}"]
    lines += [_box(box) for box in picture.boxes]
    lines += [_line(line) for line in picture.lines]
    for frame in picture.frames:
        lines += _frame(frame)
    lines += classes(picture.boxes, options)
    return "\n    ".join(lines) + "\n"


def fenced(picture: Picture, options: VisualizationOptions) -> str:
    """The diagram as a block of a Markdown file."""
    return f"```mermaid\n{render(picture, options)}```\n"


def _box(box: Box) -> str:
    before, after = OUTLINES[box.shape]
    label = "<br/>".join(escaped(line) for line in box.lines)
    return f'{box.key}{before}"{label}"{after}'


def _line(line: Line) -> str:
    arrow = "-.->" if line.dashed else "-->"
    label = f'|"{escaped(line.label)}"|' if line.label else ""
    return f"{line.source} {arrow}{label} {line.target}"


def _frame(frame: Frame) -> Iterator[str]:
    yield f'subgraph {frame.key}["{escaped(frame.title)}"]'
    yield from (f"    {key}" for key in frame.boxes)
    yield "end"
