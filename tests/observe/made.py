"""Events made by hand, and a terminal that remembers what it was sent."""

import io
import re

from fast_dag import events

TOKEN = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)|(.)", re.DOTALL)


def made(kind, **fields):
    return kind(**{"run_id": "id", "workflow": "etl", "time": 0.0, **fields})


def run_started(**fields):
    return made(events.RunStarted, **{"mode": "sequential", "input_names": (), **fields})


def run_finished(**fields):
    return made(events.RunFinished, **{"status": "completed", "duration": 1.234, "error": None, **fields})


def about(kind, node, **fields):
    return made(kind, **{"node": node, "attempt": 1, "worker": "main", **fields})


def started(node, **fields):
    return about(events.NodeStarted, node, **fields)


def finished(node, **fields):
    return about(events.NodeFinished, node, **{"duration": 0.123, **fields})


def failed(node, **fields):
    failure = {"duration": 0.123, "error": ValueError("broken"), "retry_in": None, **fields}
    return about(events.NodeFailed, node, **failure)


def skipped(node, reason="'load' failed"):
    return about(events.NodeSkipped, node, reason=reason, attempt=0)


class Terminal(io.StringIO):
    """Says that it is a terminal; `screen` is what it shows."""

    def isatty(self):
        return True

    @property
    def screen(self):
        """The lines, after all cursor movements; raises for a control that no display should send."""
        lines, row, column = [""], 0, 0
        for argument, letter, back, feed, text, other in TOKEN.findall(self.getvalue()):
            assert not other, f"control character {other!r}"
            if letter:
                row -= int(argument) if letter == "A" else 0
                lines[row] = "" if letter == "K" else lines[row]
                assert letter in "AKmhl", f"control {letter!r}"
            elif back:
                column = 0
            elif feed:
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            else:
                lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
                column += len(text)
        return "\n".join(line.rstrip() for line in lines).rstrip()

    @property
    def is_cursor_visible(self):
        return self.getvalue().rfind("\x1b[?25h") >= self.getvalue().rfind("\x1b[?25l")
