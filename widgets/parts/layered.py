"""Layered layout of a directed graph: left to right, few crossings, short edges.

The usual steps of Sugiyama's method, without dummy nodes where a long edge passes a layer: boxes cover the lines behind
them. A node's layer is the longest path to it, the order within a layer follows the mean place of the neighbours
(barycentre), and so do the heights, as far as there is room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

_SWEEPS = 6

Places: TypeAlias = dict[str, tuple[int, float]]
Neighbours: TypeAlias = Mapping[str, Sequence[str]]


def layered(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> Places:
    """Give each node its layer and its row, both from 0; no two nodes of a layer are less than a row apart.

    Args:
        keys: the nodes; those without constraints stay in this order.
        edges: the edges, each from a node to one that comes after it. An edge that would close a cycle is left out.
    """
    before, after = _neighbours(keys, edges)
    layer_of = _longest_paths(keys, before, after)
    layers: list[list[str]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for key in keys:
        layers[layer_of[key]].append(key)
    _order(layers, before, after)
    return {key: (layer_of[key], row) for key, row in _rows(layers, before, after).items()}


def _neighbours(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> tuple[Neighbours, Neighbours]:
    known = set(keys)
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        if source in known and target in known and source != target:
            before[target].append(source)
            after[source].append(target)
    return before, after


def _longest_paths(keys: Sequence[str], before: Neighbours, after: Neighbours) -> dict[str, int]:
    layer = dict.fromkeys(keys, 0)
    waits_for = {key: len(before.get(key, ())) for key in keys}
    free = [key for key in keys if not waits_for[key]]
    done = set[str]()
    rest = iter(keys)
    while len(done) < len(keys):
        # Only a cycle leaves nodes that are never free; the first of them goes before what it waits for.
        key = free.pop() if free else next(rest)
        if key in done:
            continue
        done.add(key)
        for next_key in after.get(key, ()):
            if next_key not in done:
                layer[next_key] = max(layer[next_key], layer[key] + 1)
                waits_for[next_key] -= 1
                if not waits_for[next_key]:
                    free.append(next_key)
    return layer


def _order(layers: list[list[str]], before: Neighbours, after: Neighbours) -> None:
    """Sort each layer by the mean place of the neighbours, sweeping right and back."""
    place = {key: float(row) for layer in layers for row, key in enumerate(layer)}
    for sweep in range(_SWEEPS):
        neighbours, turn = (after, -1) if sweep % 2 else (before, 1)
        for layer in layers[::turn]:
            layer.sort(key=lambda key: _mean(key, neighbours, place))
            place.update({key: float(row) for row, key in enumerate(layer)})


def _rows(layers: list[list[str]], before: Neighbours, after: Neighbours) -> dict[str, float]:
    row = {key: float(place) for layer in layers for place, key in enumerate(layer)}
    for sweep in range(_SWEEPS):
        neighbours, turn = (after, -1) if sweep % 2 else (before, 1)
        for layer in layers[::turn]:
            wanted = [_mean(key, neighbours, row) for key in layer]
            row.update(zip(layer, _apart(wanted), strict=True))
    least = min(row.values(), default=0.0)
    return {key: place - least for key, place in row.items()}


def _apart(wanted: Sequence[float]) -> list[float]:
    """The places closest to the wanted ones that are at least 1 apart, in the same order.

    Neighbours that want to be closer become one block, centred on the mean of their wanted places.
    """
    blocks: list[tuple[float, int]] = []  # the wanted place of the first in each, and how many there are
    for place in wanted:
        start, size = place, 1
        while blocks and blocks[-1][0] + blocks[-1][1] > start:
            other, others = blocks.pop()
            start = (other * others + (start - others) * size) / (others + size)
            size += others
        blocks.append((start, size))
    return [start + step for start, size in blocks for step in range(size)]


def _mean(key: str, neighbours: Neighbours, place: Mapping[str, float]) -> float:
    near = neighbours.get(key)
    return sum([place[one] for one in near]) / len(near) if near else place[key]
