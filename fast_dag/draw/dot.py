"""A picture as text in the DOT language of Graphviz.

What users wrote stands between double quotes only, never in an HTML label.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, Frame, Line, Picture, Shape, State

OUTLINES = {
    Shape.BOX: "box",
    Shape.ROUND: "oval",
    Shape.DIAMOND: "diamond",
    Shape.HEXAGON: "hexagon",
    Shape.STADIUM: "ellipse",
    Shape.TRAPEZOID: "trapezium",
    Shape.SUBROUTINE: "box3d",
    Shape.START: "point",
    Shape.OVER: "doublecircle",
    Shape.UNKNOWN: "oval",
}

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "&": "&amp;"})


def render(picture: Picture, options: VisualizationOptions) -> str:
    """The drawing as a ``digraph``."""
    lines = [f'digraph "{escaped(picture.title)}" {{', f"rankdir={options.direction};"]
    lines += ["node [shape=box, style=filled, fillcolor=white];"]
    colors = _colors(options)
    lines += [_box(box, colors) for box in picture.boxes]
    lines += [_line(line) for line in picture.lines]
    lines += [_frame(frame) for frame in picture.frames]
    return "\n    ".join(lines) + "\n}\n"


def escaped(text: str) -> str:
    r"""*text* for use between double quotes.

    >>> print(escaped('say "\\N"'))
    say \"\\N\"
    """
    return text.translate(ESCAPES)


def _box(box: Box, colors: dict[State, str]) -> str:
    return f"{box.key} [{', '.join(_attributes(box, colors))}];"


def _attributes(box: Box, colors: dict[State, str]) -> Iterator[str]:
    label = "\\n".join(escaped(line) for line in box.lines)
    yield f'label="{label}"'
    if box.shape is not Shape.BOX:
        yield f"shape={OUTLINES[box.shape]}"
    if box.shape is Shape.UNKNOWN:
        yield "style=dashed"
    if box.entry:
        yield "penwidth=2"
    if box.exit:
        yield "peripheries=2"
    if box.state in colors:
        yield f'fillcolor="{colors[box.state]}"'


def _line(line: Line) -> str:
    attributes = []
    if line.label:
        attributes.append(f'label="{escaped(line.label)}"')
    if line.dashed or line.dotted:
        attributes.append("style=dotted" if line.dotted else "style=dashed")
    return f"{line.source} -> {line.target}" + (f" [{', '.join(attributes)}];" if attributes else ";")


def _frame(frame: Frame) -> str:
    return f'subgraph cluster_{frame.key} {{ label="{escaped(frame.title)}"; {"; ".join(frame.boxes)}; }}'


def _colors(options: VisualizationOptions) -> dict[State, str]:
    return {
        State.SUCCESS: _long(options.success_color),
        State.ERROR: _long(options.error_color),
        State.SKIPPED: _long(options.skipped_color),
    }


def _long(color: str) -> str:
    """``#rgb`` as ``#rrggbb``, the form that every version of Graphviz reads."""
    is_short = color.startswith("#") and len(color) == len("#rgb")
    return "#" + "".join(2 * digit for digit in color[1:]) if is_short else color
