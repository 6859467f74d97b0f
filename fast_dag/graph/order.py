"""Topological order and rings; iterative and linear but for the heap that settles ties."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

Successors = Mapping[str, Sequence[str]]


def topological_order(names: Sequence[str], successors: Successors) -> list[str]:
    """*names* so that each comes after its predecessors; of the ready ones the earliest in *names*.

    Names on a ring, and those behind one, are left out.
    """
    place = {name: index for index, name in enumerate(names)}
    waiting = dict.fromkeys(names, 0)
    for name in names:
        for target in successors[name]:
            waiting[target] += 1
    ready = [index for index, name in enumerate(names) if not waiting[name]]
    order = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for target in successors[name]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, place[target])
    return order


def reached(start: str, successors: Successors) -> frozenset[str]:
    """*start* and all that lies behind it."""
    seen, queue = {start}, deque([start])
    while queue:
        for target in successors[queue.popleft()]:
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return frozenset(seen)


def rings(names: Sequence[str], successors: Successors) -> list[list[str]]:
    """For each strongly connected component with a ring, the shortest one through its first name.

    The first name stands at the end again; a node with an edge to itself is ``[a, a]``.
    """
    if len(topological_order(names, successors)) == len(names):
        return []
    place = {name: index for index, name in enumerate(names)}
    found = []
    for component in components(names, successors):
        first = min(component, key=place.__getitem__)
        if len(component) > 1 or first in successors[first]:
            found.append(_shortest_ring(first, set(component), successors))
    return sorted(found, key=lambda ring: place[ring[0]])


def components(names: Sequence[str], successors: Successors) -> Iterator[list[str]]:
    """The strongly connected components (Tarjan 1972, with a stack of its own)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for root in names:
        if root in index:
            continue
        work = [(root, iter(successors[root]))]
        _visit(root, index, low, path, on_path)
        while work:
            name, targets = work[-1]
            target = next((each for each in targets if each not in index or each in on_path), None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    yield _cut(path, on_path, name)
            elif target in index:
                low[name] = min(low[name], index[target])
            else:
                _visit(target, index, low, path, on_path)
                work.append((target, iter(successors[target])))


def _visit(name: str, index: dict[str, int], low: dict[str, int], path: list[str], on_path: set[str]) -> None:
    index[name] = low[name] = len(index)
    path.append(name)
    on_path.add(name)


def _cut(path: list[str], on_path: set[str], root: str) -> list[str]:
    component = []
    while True:
        name = path.pop()
        on_path.discard(name)
        component.append(name)
        if name == root:
            return component


def _shortest_ring(first: str, within: set[str], successors: Successors) -> list[str]:
    came_from: dict[str, str] = {}
    queue = deque([first])
    while queue:
        name = queue.popleft()
        for target in successors[name]:
            if target == first:
                return _trail(name, came_from, first)
            if target in within and target not in came_from:
                came_from[target] = name
                queue.append(target)
    msg = f"{first!r} lies on no ring"
    raise AssertionError(msg)


def _trail(last: str, came_from: dict[str, str], first: str) -> list[str]:
    names = [last]
    while names[-1] != first:
        names.append(came_from[names[-1]])
    return [*reversed(names), first]
