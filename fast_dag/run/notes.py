"""What happened, before anybody has stamped it: a note becomes an event when it is delivered."""

from __future__ import annotations

from typing import Any, NamedTuple


class Note(NamedTuple):
    """The *kind* of an event, the step it is about (-1 for the run), and its other fields.

    The *fields* become those of the event.  *run* is the one the step belongs to, None for the outermost.
    """

    kind: str
    step: int
    fields: dict[str, Any]
    run: Any = None
