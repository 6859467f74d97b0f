"""Which module needs which, directly or through others?  A closure that looks at each fact once."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import fast_dag
from fast_dag import DAG, Delta

ROOT = Path(fast_dag.__file__).parent

Pairs = set[tuple[str, str]]

flow = DAG("imports")


def name_of(path: Path) -> str:
    """Give the dotted name of the module in a file."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Find the modules of this package that a file imports when it is loaded."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("fast_dag"):
            yield str(statement.module)


@flow.node
def direct(root: Path = ROOT) -> Pairs:
    """Read what each module imports itself."""
    return {(name_of(path), other) for path in sorted(root.rglob("*.py")) for other in imported(path)}


@flow.node
def by_module(direct: Pairs) -> dict[str, list[str]]:
    """Look up what a module imports itself."""
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in sorted(direct):
        found[one].append(other)
    return found


@flow.node
def through(needs: Delta, by_module: dict[str, list[str]]) -> Iterable[tuple[str, str]]:
    """Go one import further from each new fact: who needs a module needs what that imports."""
    for one, other in needs.new:
        for third in by_module.get(other, ()):
            yield one, third


@flow.node
def heaviest(needs: Pairs, most: int = 3) -> list[tuple[str, int]]:
    """Find the modules that need the most others."""
    counts = Counter(one for one, _ in needs)
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most]


direct >> by_module >> through.input_ports["by_module"]
direct >> through.input_ports["needs"]

with flow.cycle("closure") as closure:
    closure.feedback(through, through, input="needs")
    closure.delta(through)

flow.connect("closure", heaviest, output="needs")


def main() -> None:
    """Print who needs most, and how the facts came together."""
    for module, count in flow.run():
        print(f"{module} needs {count} modules")
    result = flow.context.metadata["cycles"]["closure"]
    print(f"{sum(each.items for each in result.history)} facts in {result.total_iterations} rounds")


if __name__ == "__main__":
    main()
