"""The progress of a run on a terminal, in place; the one file that knows rich."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fast_dag.observe.lines import outcome, shortened, shown
from fast_dag.observe.progress import Standing
from fast_dag.run.events import NodeEvent, RunFinished

LONGEST = 30
"""Characters of a name."""
BAR_WIDTH = 30
INDENT = 11
"""Columns in front of a list of names."""
MORE = len("+1000 more")
"""Columns kept for telling how many names there was no room for."""


class LiveDisplay:
    """A bar, the running nodes, those waiting for another attempt, and what has gone wrong.

    Parameters:
        stream: a terminal.
        workflow: the name of what runs.
    """

    def __init__(self, stream: TextIO, workflow: str) -> None:
        self._stream = stream
        self._workflow = self._name(workflow)
        # Not rich's own guess: its environment variables may call a file a terminal, or a terminal a file.
        self._console = Console(
            file=stream, force_terminal=True, force_interactive=True, force_jupyter=False, highlight=False
        )
        # What nodes print goes above the bar, as long as it was on its way to a terminal anyway.
        is_standard = stream in (sys.stdout, sys.stderr)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=is_standard and sys.stdout.isatty(),
            redirect_stderr=is_standard and sys.stderr.isatty(),
        )

    def show(self, event: NodeEvent, standing: Standing) -> None:
        """Leave it to `draw`."""

    def draw(self, standing: Standing, time: float) -> None:
        """Draw it anew, as at *time*."""
        rows = [self._bar(standing, time)]
        if standing.running:
            running = (self._name(node) for node in standing.running)
            rows.append(self._list("running", running, len(standing.running)))
        if standing.waiting:
            rows.append(self._list("waiting", self._waiting(standing), len(standing.waiting)))
        if standing.troubles:
            rows.append(_line("so far", ", ".join(standing.troubles)))
        self._put(rows)

    def finish(self, event: RunFinished, standing: Standing) -> None:
        """Draw it a last time, and leave it there."""
        self._put([self._bar(standing, event.duration), Text(f"  {outcome(event, standing)}", no_wrap=True)])
        self._live.stop()

    def close(self) -> None:
        """Show the cursor and give back what was redirected, on a terminal that may be gone."""
        with suppress(OSError, ValueError):
            self._live.stop()

    def _put(self, rows: list[RenderableType]) -> None:
        self._live.start()
        # All of it is drawn already: whoever prints has it shown again, while a run goes on.
        self._live.update(Group(*rows), refresh=True)

    def _bar(self, standing: Standing, time: float) -> RenderableType:
        finished = standing.finished
        color = "yellow" if standing.failed else "green"
        bar = ProgressBar(
            finished.total, len(finished), width=BAR_WIDTH, complete_style=color, finished_style=color
        )
        row = Table.grid(padding=(0, 1))
        row.add_row(Text(self._workflow), bar, Text(str(finished)), Text(str(timedelta(seconds=int(time)))))
        return row

    def _list(self, title: str, names: Iterable[str], count: int) -> Text:
        return _line(title, fitting(names, count, self._console.width - INDENT))

    def _waiting(self, standing: Standing) -> Iterable[str]:
        for node, (attempt, due) in standing.waiting.items():
            yield f"{self._name(node)} (attempt {attempt} at {timedelta(seconds=round(due))})"

    def _name(self, name: str) -> str:
        return shortened(shown(name, self._stream), LONGEST)


def fitting(names: Iterable[str], count: int, width: int) -> str:
    """As many of *count* names as go on *width* columns, at least one, and how many more there are.

    >>> fitting(["load", "parse", "train"], 3, 40)
    'load, parse, train'
    >>> fitting(["load", "parse", "train"], 3, 18)
    'load, +2 more'
    """
    taken: list[str] = []
    for name in names:
        width -= cell_len(name) + len(", ")
        is_last = len(taken) == count - 1
        if taken and width < (0 if is_last else MORE):
            break
        taken.append(name)
    rest = count - len(taken)
    return ", ".join(taken) + (f", +{rest} more" if rest else "")


def _line(title: str, text: str) -> Text:
    return Text.assemble("  ", (f"{title:<{INDENT - 2}}", "dim"), text, no_wrap=True, overflow="crop")
