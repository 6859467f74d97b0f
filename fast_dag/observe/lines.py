"""The progress of a run as plain lines, for files and logs."""

from __future__ import annotations

from typing import TextIO

from fast_dag.observe.progress import Standing
from fast_dag.run.events import NodeEvent, NodeFailed, NodeFinished, NodeSkipped, RunFinished
from fast_dag.run.wrapping import text_of

LONGEST = 200
"""Characters of an error's text or a reason."""


class Lines:
    """Writes a line for each node that has finished, failed or been skipped, and each retry.

    Parameters:
        stream: where to.
        workflow: the name of what runs.
    """

    def __init__(self, stream: TextIO, workflow: str) -> None:
        self._stream = stream
        self._workflow = workflow

    def show(self, event: NodeEvent, standing: Standing) -> None:
        """Write what *event* tells, if it is worth a line."""
        text = _told(event)
        if text is not None:
            self._write(f"[{standing.finished}] {event.node} {text}")

    def draw(self, standing: Standing, time: float) -> None:  # noqa: ARG002 - what any display is given
        """Let others see what has been written; a flush for each line would cost more than the line."""
        self._flush()

    def finish(self, event: RunFinished, standing: Standing) -> None:
        """Write how the run ended."""
        self._write(f"{self._workflow} {outcome(event, standing)}")
        self._flush()

    def close(self) -> None:
        """There is nothing to be left as it was found."""

    def _flush(self) -> None:
        flush = getattr(self._stream, "flush", None)
        if flush is not None:
            flush()

    def _write(self, line: str) -> None:
        self._stream.write(shown(line, self._stream) + "\n")


def outcome(event: RunFinished, standing: Standing) -> str:
    """How a run ended, after how long, and what went wrong on the way."""
    finished = standing.finished
    noun = "node" if (len(finished) if finished.total is None else finished.total) == 1 else "nodes"
    details = ", ".join([f"{str(finished).strip()} {noun}", *standing.troubles])
    return f"{event.status.replace('_', ' ')} in {event.duration:.2f} s: {details}"


def shown(text: str, stream: TextIO) -> str:
    r"""*text* on one line, with nothing in it that a terminal would obey or *stream* cannot encode.

    >>> import sys
    >>> print(shown("a\x1b[2Jb\nc", sys.stdout))
    a\x1b[2Jb\nc
    """
    text = on_one_line(text)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text if text.isascii() else text.encode(encoding, "backslashreplace").decode(encoding)


def on_one_line(text: str) -> str:
    r"""*text* with an escape in the place of everything that is not printable.

    >>> print(on_one_line("a\nb"))
    a\nb
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shortened(text: str, longest: int) -> str:
    """*text*, cut if it has more characters than *longest*."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def error_in_words(error: BaseException) -> str:
    """The class of *error* and its text, cut where that is long."""
    return shortened(f"{type(error).__name__}: {text_of(error)}", LONGEST)


def _told(event: NodeEvent) -> str | None:
    if isinstance(event, NodeFinished):
        return f"finished in {event.duration:.2f} s" + (" (cached)" if event.cached else "")
    if isinstance(event, NodeFailed):
        return _told_of_failure(event)
    if isinstance(event, NodeSkipped):
        return f"skipped: {shortened(event.reason, LONGEST)}"
    return None


def _told_of_failure(event: NodeFailed) -> str:
    element = "" if event.index is None else f"element {event.index} "
    text = f"{element}failed after {event.duration:.2f} s: {error_in_words(event.error)}"
    if event.retry_in is None:
        return text
    return f"{text}; attempt {event.attempt + 1} in {event.retry_in:.2f} s"
