"""Texts and styles in Mermaid, for diagrams of every kind.

What users wrote is encoded wherever it could end the quotes around it or be taken for Markdown, HTML, an icon
or an entity code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, State

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

Class = tuple[str, str, Callable[[Box], bool]]
"""A name, a style, and which boxes have it."""


def escaped(text: str) -> str:
    """*text* with risky characters as entity codes of Mermaid.

    >>> escaped('say "end"')
    'say #34;end#34;'
    """
    for taken, meant in LOOKALIKES.items():
        text = text.replace(taken, meant)
    return RISKY.sub(lambda found: f"#{ord(found[0])};", text)


def classes(boxes: Sequence[Box], options: VisualizationOptions, *more: Class) -> Iterator[str]:
    """Each style that is used, and the boxes it is used for."""
    styles: list[Class] = [
        ("entry", "stroke-width:3px", lambda box: box.entry),
        ("exit", "stroke-width:3px,stroke-dasharray:9 3", lambda box: box.exit),
        ("success", _fill(options.success_color), lambda box: box.state is State.SUCCESS),
        ("error", _fill(options.error_color), lambda box: box.state is State.ERROR),
        ("skipped", _fill(options.skipped_color), lambda box: box.state is State.SKIPPED),
        *more,
    ]
    for name, style, applies in styles:
        keys = ",".join(box.key for box in boxes if applies(box))
        if keys:
            yield f"classDef {name} {style}"
            yield f"class {keys} {name}"


def _fill(color: str) -> str:
    return f"fill:{color},color:#000"
