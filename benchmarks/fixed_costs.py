"""What is paid once: the import, the plan, the run of a single node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import fast_dag
from benchmarks.case import Case, Sides
from benchmarks.shapes import chain


def cases(size: int = 100_000) -> list[Case]:
    """Costs that do not depend on what the nodes do."""
    return [
        _import("import fast_dag", most_cost=40.0),
        _import("from fast_dag import DAG"),
        Case(name=f"build, validate and plan a chain of {size:,}", make=lambda: _planning(size), unit="s"),
        Case(name="run of one node", make=_single_run, unit="us"),
    ]


def _import(statement: str, most_cost: float | None = None) -> Case:
    return Case(
        name=f"{statement}, beyond bare Python",
        make=lambda: _interpreters(statement),
        beside="bare Python",
        excess=True,
        most_cost=most_cost,
    )


def _interpreters(statement: str) -> Sides:
    """Whole processes that find their bytecode in a cache, whatever the environment says about it."""
    cache = TemporaryDirectory()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(Path(fast_dag.__file__).parents[1]),
    }

    def python(program: str) -> None:
        environment["PYTHONPYCACHEPREFIX"] = cache.name
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)  # noqa: S603 - our own words

    return Sides(lambda: python(statement), lambda: python("pass"))


def _planning(size: int) -> Sides:
    def ours() -> None:
        dag = chain(size).dag
        assert not dag.validate()
        dag.plan()

    return Sides(ours)


def _single_run() -> Sides:
    dag = chain(1).dag
    return Sides(lambda: dag.run(x=0))
