"""The code in README, docs and docstrings does what it says."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import fast_dag

ROOT = Path(__file__).parents[2]
# A block of code, and what it prints if the next block shows that.
BLOCK = re.compile(
    r"^```python\n(.*?)^```$(?:\n+^```(?:text|mermaid|dot|yaml)\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)
PAGES = {
    f"{path.relative_to(ROOT)}:{number}": block
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for number, block in enumerate(BLOCK.findall(path.read_text()), start=1)
}
MODULES = [info.name for info in pkgutil.walk_packages(fast_dag.__path__, "fast_dag.")]


@pytest.mark.parametrize(("code", "printed"), PAGES.values(), ids=PAGES)
def test_a_code_block_runs_as_shown(code, printed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "<page>", "exec"), {"__name__": "page"})  # noqa: S102 - our own pages
    assert capsys.readouterr().out.rstrip() == printed.rstrip()


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings_hold(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_there_is_something_to_check():
    assert "README.md:1" in PAGES
    assert any(printed for _, printed in PAGES.values())
    assert "fast_dag.workflow.dag" in MODULES
