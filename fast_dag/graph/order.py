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
            found.append(shortest_ring(first, set(component), successors))
    return sorted(found, key=lambda ring: place[ring[0]])


def components(names: Sequence[str], successors: Successors) -> Iterator[list[str]]:
    """The strongly connected components."""
    place = {name: index for index, name in enumerate(names)}
    numbered = [[place[target] for target in successors[name]] for name in names]
    for component in numbered_components(numbered):
        yield [names[number] for number in component]


def numbered_components(successors: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The strongly connected components of 0, 1, ... (Tarjan 1972, with a stack of its own).

    Numbers only, where iterators would do: the garbage collector goes through whatever else there is.
    """
    unseen, done = 0, len(successors) + 1
    index = [unseen] * len(successors)
    low, looked_at = index.copy(), index.copy()
    path: list[int] = []
    work: list[int] = []
    seen = 0
    for root in range(len(successors)):
        following = root if low[root] == unseen else -1
        while work or following >= 0:
            if following >= 0:
                seen += 1
                index[following] = low[following] = seen
                path.append(following)
                work.append(following)
            number = work[-1]
            following = _next_unseen(number, successors[number], looked_at, low)
            if following < 0:
                work.pop()
                if work and low[number] < low[work[-1]]:
                    low[work[-1]] = low[number]
                if low[number] == index[number]:
                    component = _cut(path, number)
                    for each in component:
                        low[each] = done
                    yield component


def _next_unseen(number: int, targets: Sequence[int], looked_at: list[int], low: list[int]) -> int:
    """The next target nobody has been at, -1 if there is none; *number* reaches as low as those before it."""
    for place in range(looked_at[number], len(targets)):
        target = targets[place]
        if not low[target]:
            looked_at[number] = place + 1
            return target
        low[number] = min(low[number], low[target])
    return -1


def _cut(path: list[int], root: int) -> list[int]:
    component = [path.pop()]
    while component[-1] != root:
        component.append(path.pop())
    return component


def shortest_ring(first: str, within: set[str], successors: Successors) -> list[str]:
    """The shortest ring through *first* among the names *within*, of equal ones the first by *successors*."""
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
