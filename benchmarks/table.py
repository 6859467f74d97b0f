"""The rows as lines to read, and as a file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fast_dag
from benchmarks.case import Row

VERDICTS = {True: "ok", False: "MISSED", None: ""}


def about() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "fast_dag": fast_dag.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cpus": os.cpu_count(),
    }


def head() -> str:
    """The lines above the rows."""
    known = about()
    title = f"fast_dag {known['fast_dag']} on {known['python']}, {known['cpus']} CPUs; medians"
    return f"{title}\n\n{'':58}{'cost':>10}{'':12}{'ratio to':<26}target"


def line(row: Row) -> str:
    """One row."""
    against = "" if row.ratio is None else f"{row.ratio:6.2f} x {row.beside}"
    text = f"{row.name:58}{row.cost:10.2f} {row.unit:11}{against:26}{row.target:9} {VERDICTS[row.is_met]}"
    return text.rstrip()


def write_json(path: Path, rows: Sequence[Row]) -> None:
    """Store the figures."""
    found = {**about(), "rows": [row.to_dict() for row in rows]}
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
