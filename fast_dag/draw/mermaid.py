"""A picture as the text of a Mermaid flowchart.

What users wrote stands between double quotes only, with everything encoded that could end the quotes or
be taken for Markdown, HTML, an icon or an entity code.  Viewers refuse more than 500 lines unless they are
configured otherwise (``maxEdges``, ``maxTextSize``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, Frame, Line, Picture, Shape, State

OUTLINES = {
    Shape.BOX: ("[", "]"),
    Shape.ROUND: ("(", ")"),
    Shape.DIAMOND: ("{", "}"),
    Shape.HEXAGON: ("{{", "}}"),
    Shape.STADIUM: ("([", "])"),
    Shape.TRAPEZOID: ("[/", "\\]"),
    Shape.SUBROUTINE: ("[[", "]]"),
}

RISKY = re.compile(
    r"""
    ["#$%&*+;<>?@\\^`|~!-]
    | :(?![ ]) | (?<=[^\W\d])\.(?=\w)  # addresses, and statements about styles
    | \](?=[(:])                       # links
    | (?<![^\W_])_ | _(?![^\W_])       # emphasis, unlike the underscores within a word
    | =(?=[= ]*$)                      # the underline of a heading
    | ^\d(?=\d*[.)])                   # a numbered list
    | (?<![^ ])[ ] | [ ]$              # indented code, and blanks that would be lost
    | (?<=direction)[ ]                # a statement wherever it stands on a line, even between quotes
    """,
    re.VERBOSE,
)

LOOKALIKES = {":fa-": ":\u200bfa-", "ﬂ°": "ﬂ\u200b°", "¶ß": "¶\u200bß"}
"""What Mermaid takes for an icon or for its own marks around a code, even once it has decoded the text."""


def render(picture: Picture, options: VisualizationOptions) -> str:
    """The flowchart."""
    lines = [f"graph {options.direction}"]
    lines += [_box(box) for box in picture.boxes]
    lines += [_line(line) for line in picture.lines]
    for frame in picture.frames:
        lines += _frame(frame)
    lines += _classes(picture, options)
    return "\n    ".join(lines) + "\n"


def fenced(picture: Picture, options: VisualizationOptions) -> str:
    """The flowchart as a block of a Markdown file."""
    return f"```mermaid\n{render(picture, options)}```\n"


def escaped(text: str) -> str:
    """*text* with risky characters as entity codes of Mermaid.

    >>> escaped('say "end"')
    'say #34;end#34;'
    """
    for taken, meant in LOOKALIKES.items():
        text = text.replace(taken, meant)
    return RISKY.sub(lambda found: f"#{ord(found[0])};", text)


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


def _classes(picture: Picture, options: VisualizationOptions) -> Iterator[str]:
    """Each style that is used, and the boxes it is used for."""
    styles: list[tuple[str, str, Callable[[Box], bool]]] = [
        ("entry", "stroke-width:3px", lambda box: box.entry),
        ("exit", "stroke-width:3px,stroke-dasharray:9 3", lambda box: box.exit),
        ("success", _fill(options.success_color), lambda box: box.state is State.SUCCESS),
        ("error", _fill(options.error_color), lambda box: box.state is State.ERROR),
        ("skipped", _fill(options.skipped_color), lambda box: box.state is State.SKIPPED),
    ]
    for name, style, applies in styles:
        keys = ",".join(box.key for box in picture.boxes if applies(box))
        if keys:
            yield f"classDef {name} {style}"
            yield f"class {keys} {name}"


def _fill(color: str) -> str:
    return f"fill:{color},color:#000"
