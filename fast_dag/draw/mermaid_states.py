"""A picture of a machine as the text of a Mermaid state diagram.

State diagrams know one kind of arrow: those that depend on a choice have a label, the others none.  A value
that comes from elsewhere than from the state before is a note beside the state that takes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from fast_dag.draw.mermaid_text import Class, classes, escaped
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, Line, Picture, Shape

ENDS = (Shape.START, Shape.OVER)
"""What Mermaid draws by itself."""
END_MARK = "[*]"
ALSO_RISKY = str.maketrans({":": "#58;", "[": "#91;"})
"""What ends a label, and the marks of forks, joins and choices, which are seen even between quotes."""

STYLES: tuple[Class, ...] = (
    ("nested", "font-style:italic", lambda box: box.shape is Shape.SUBROUTINE),
    ("unknown", "stroke-dasharray:2 4", lambda box: box.shape is Shape.UNKNOWN),
)


def render(picture: Picture, options: VisualizationOptions) -> str:
    """The state diagram."""
    states = [box for box in picture.boxes if box.shape not in ENDS]
    keys = {box.key: END_MARK if box.shape in ENDS else box.key for box in picture.boxes}
    names = {box.key: box.lines[0] for box in states}
    lines = ["stateDiagram-v2", f"direction {options.direction}"]
    lines += [_state(box) for box in states]
    lines += [_move(line, keys) for line in picture.lines if not line.dotted]
    lines += [_note(line, names) for line in picture.lines if line.dotted]
    lines += classes(states, options, *STYLES)
    return "\n    ".join(lines) + "\n"


def label(text: str) -> str:
    """*text* as it may stand in a state diagram, between quotes or after a colon.

    >>> label("rows: [1, 2]")
    'rows#58; #91;1, 2]'
    """
    return escaped(text).translate(ALSO_RISKY)


def _state(box: Box) -> str:
    return f'state "{"<br/>".join(map(label, box.lines))}" as {box.key}'


def _move(line: Line, keys: Mapping[str, str]) -> str:
    text = f" : {label(line.label)}" if line.label else ""
    return f"{keys[line.source]} --> {keys[line.target]}{text}"


def _note(line: Line, names: Mapping[str, str]) -> str:
    text = f"{line.label} from {names[line.source]}" if line.label else f"from {names[line.source]}"
    return f"note right of {line.target} : {label(text)}"
