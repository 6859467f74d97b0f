"""The metrics of a running cycle: scalars in the results of its nodes, found by name.

Names are looked up when the results look new: another type, other keys.  While they keep their shape, an
iteration costs one reading for each metric in use, however many iterations there have been.  An entry that
turns from a scalar into something else under the same keys is noticed one iteration later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.collecting import Collector, Target, entry_collector, number_collector
from fast_dag.cycles.expression_parts import RESERVED
from fast_dag.cycles.found import Found, Reader, Shape, alike, leaves_of, shape_of, walked, wholes_of
from fast_dag.cycles.layout import Absent, Layout, Series, Values
from fast_dag.cycles.scalars import EXACT, NO_SCALAR, scalar_or_none_such
from fast_dag.values import NO_DATA

SHOWN = 20
"""A message lists at most so many metrics."""

Follower = Callable[[Any], None]
Row = tuple[str | None, Reader | None, int, Follower, Follower | None]
"""Of one metric: its key, or its reader; the place of its value; what takes a sample; who is told of it."""
Look = tuple[
    frozenset[Any],
    tuple[Any, ...] | None,
    tuple[tuple[Reader, Shape], ...],
    Sequence[Row],
    Sequence[tuple[Reader, int]],
]
"""What results of a node looked like (as `Shape`), and what is read in them: metrics, and other things."""


class Metrics:
    """The metrics in use by one run of a cycle.

    Parameters:
        layout: says which are in use, and where their values go.
        values: the list they are put into.
        echoing: nodes that only repeat values, whose metrics have to be named in full.
        limit: how many samples of each are kept, None for all.
    """

    def __init__(
        self, layout: Layout, values: Values, *, echoing: Collection[str] = (), limit: int | None = None
    ) -> None:
        self._layout, self._values, self._echoing = layout, values, frozenset(echoing)
        kept = None if limit is None else max(limit, layout.window)
        self.series = {name: Series(kept) for name in layout.series}
        self._followers: dict[str, Follower] = {}
        for name, place in layout.series.items():
            values[place] = self.series[name]
        self.clear()

    def follow(self, name: str, follower: Follower) -> None:
        """Have *follower* called with each sample of the metric *name*."""
        others = self._followers.get(name)
        self._followers[name] = follower if others is None else _both(others, follower)

    def clear(self) -> None:
        """Forget all values, as at the beginning."""
        self._results: dict[str, Any] = {}
        self._looks: dict[str, Look] = {}
        self._is_settled = True
        self.width = 0
        """How many nodes have given results so far."""
        self.take: Collector = self.collect
        """As `collect`, at the least cost for results like the last ones."""
        for series in self.series.values():
            series.values.clear()
        for name, place in (*self._layout.values.items(), *self._layout.wholes.items()):
            self._values[place] = Absent(name, self)

    def collect(  # noqa: C901 - in one frame: this is paid in every iteration
        self, results: Mapping[str, Any], *, is_searched: bool = False
    ) -> None:
        """Take the samples of one iteration.

        Parameters:
            results: by node; one that is not in it was skipped.
            is_searched: whether they have just been searched.
        """
        looks, values = self._looks, self._values
        if not self._is_settled and not is_searched:
            return self._collect_anew(results, next(iter(results), ""))
        for node, result in results.items():
            try:
                kinds, keys, inside, rows, wholes = looks[node]
            except KeyError:
                return self._collect_anew(results, node)
            if (
                result.__class__ not in kinds
                or (keys is not None and tuple(result) != keys)
                or (inside and not all(alike(read(result), shape) for read, shape in inside))
            ) and not is_searched:
                return self._collect_anew(results, node)
            for key, read, place, take, tell in rows:
                value = result[key] if read is None else read(result)
                if value.__class__ is not float and value.__class__ not in EXACT:
                    value = self._plain(value)
                    if value is NO_SCALAR:
                        continue
                values[place] = value
                take(value)
                if tell is not None:
                    tell(value)
            for read_whole, place in wholes:
                values[place] = read_whole(result)
        return None

    def _collect_anew(self, results: Mapping[str, Any], first: str) -> None:
        """Go on at the node *first*, whose result looks new."""
        names = list(results)
        later = names[names.index(first) :] if names else []
        self._search(results)
        rest = {node: results[node] for node in later if results[node] is not NO_DATA}
        self.collect(rest, is_searched=True)

    def resume(self, results: Mapping[str, Any]) -> None:
        """Go on after *results*, the last of each node; the series have been filled."""
        if not results:
            return
        self._search(results)
        for name, place in self._layout.values.items():
            if self.series[name].values:
                self._values[place] = self.series[name].values[-1]
        for node, result in results.items():
            for read, place in self._looks[node][4]:
                self._values[place] = read(result)

    @property
    def searched(self) -> dict[str, Any]:
        """What each node gave when the results were last searched; `resume` takes that."""
        return dict(self._results)

    def known(self) -> dict[str, Any]:
        """Every metric there is at the last search, as of `metrics_of`."""
        return metrics_of(self._results, self._echoing)

    def hint(self, name: str) -> str:
        """The tail of a message about an unknown *name*: the nearest one, and which there are."""
        known = list(self.known())
        listed = ", ".join(known[:SHOWN]) or "none"
        return f"{suggestion(name, known)} (there are {listed}{', ...' if len(known) > SHOWN else ''})"

    def _plain(self, value: Any) -> Any:
        """A value of no plain type as a scalar; if it is none, the results are searched the next time."""
        found = scalar_or_none_such(value)
        if found is NO_SCALAR:
            self._is_settled, self.take = False, self.collect
        return found

    def _search(self, results: Mapping[str, Any]) -> None:
        """Find anew what is in use."""
        self._results.update((node, result) for node, result in results.items() if result is not NO_DATA)
        self._is_settled = True
        rows: dict[str, list[Row]] = {node: [] for node in results}
        wholes: dict[str, list[tuple[Reader, int]]] = {node: [] for node in results}
        leaves = leaves_of(self._results)
        for name, place in self._layout.values.items():
            found = self._find(name, leaves)
            if isinstance(found, Found):
                taker = self.series[name].taker
                rows.setdefault(found.node, []).append(
                    (
                        found.key,
                        None if found.key is not None else found.read,
                        place,
                        taker,
                        self._followers.get(name),
                    )
                )
            elif found.owners or self._values[place].__class__ is Absent:
                self._values[place] = found
        for name, place in self._layout.wholes.items():
            whole = self._find_whole(name)
            if isinstance(whole, Found):
                wholes.setdefault(whole.node, []).append((whole.read, place))
            elif whole.owners or self._values[place].__class__ is Absent:
                self._values[place] = whole
        self._looks.clear()
        for node, result in self._results.items():
            self._looks[node] = (*shape_of(result), rows.get(node, ()), wholes.get(node, ()))

        self.width = len(self._looks)
        self.take = self._for_one() or self.collect

    def _for_one(self) -> Collector | None:
        """`collect` for one node that gives a number or a flat dict, with one metric in use."""
        if len(self._looks) != 1 or not self._is_settled:
            return None
        ((node, (kinds, keys, inside, rows, wholes)),) = self._looks.items()
        if inside or wholes or len(rows) != 1:
            return None
        key, _, place, take, tell = rows[0]
        target = Target(self._values, place, take, tell)
        if kinds is EXACT:
            return number_collector(node, target, self.collect)
        if key is None or keys is None or kinds != {dict}:
            return None
        return entry_collector(node, keys, key, target, self.collect)

    def _find(self, name: str, leaves: list[Found]) -> Found | Absent:
        scalars = [each for each in leaves if scalar_or_none_such(each.value) is not NO_SCALAR]
        full = next((each for each in scalars if each.path == name), None) or walked(self._results, name)
        if full is not None and scalar_or_none_such(full.value) is not NO_SCALAR:
            return full
        owners = [each for each in scalars if self._is_meant(each, name)]
        if len(owners) == 1:
            return owners[0]
        # Something else lies there now, or nothing in a mapping that is not searched: the next time it may.
        is_path = any(name.startswith(f"{node}.") for node in self._results)
        if not owners and (is_path or full or any(self._is_meant(each, name) for each in leaves)):
            self._is_settled = False
        return Absent(name, self, [each.path for each in owners])

    def _find_whole(self, name: str) -> Found | Absent:
        full = walked(self._results, name)
        if full is not None:
            return full
        owners = [each for each in wholes_of(self._results) if self._is_meant(each, name)]
        return owners[0] if len(owners) == 1 else Absent(name, self, [each.path for each in owners])

    def _is_meant(self, found: Found, name: str) -> bool:
        return found.path.endswith(f".{name}") and found.node not in self._echoing


def _both(first: Follower, second: Follower) -> Follower:
    def tell(value: Any) -> None:
        first(value)
        second(value)

    return tell


def metrics_of(results: Mapping[str, Any], echoing: Collection[str] = ()) -> dict[str, Any]:
    """Every scalar in *results*, by its last word where that is the only one, else by its path.

    >>> metrics_of({"train": {"loss": 0.5, "size": 3}, "test": {"loss": 0.7}, "rate": 0.1})
    {'train.loss': 0.5, 'size': 3, 'test.loss': 0.7, 'rate': 0.1}

    Parameters:
        results: by node.
        echoing: nodes that only repeat values; their metrics stand under their paths.
    """
    found = [(each, scalar_or_none_such(each.value)) for each in leaves_of(results)]
    scalars = [(each, value) for each, value in found if value is not NO_SCALAR]
    owners: dict[str, int] = dict.fromkeys(RESERVED, 2)
    for each, _ in scalars:
        if each.node not in echoing:
            owners[each.word] = owners.get(each.word, 0) + 1
    return {
        each.word if each.node not in echoing and owners[each.word] == 1 else each.path: value
        for each, value in scalars
    }
