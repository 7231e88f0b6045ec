"""Many small hash maps from a number to a pair of weights, in two flat arrays.

Agglomeration keeps two maps a cluster, which grow, merge and vanish hundreds of thousands of times.
A map is a block of 2^k slots in arrays that all maps share; blocks that were given back are
handed out again. Keys are probed one slot after another, and a removed key leaves a mark that the
next insertion or enlargement reuses.

Compiled code cannot lengthen the arrays: it asks `has_space` first, and returns to `longer`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

EMPTY = -1  # no key was ever in this slot
REMOVED = -2  # a key was here: probing goes on behind it
ABSENT = -1  # what `find` returns, and the size of a map without a block
FIRST_BITS = 3  # the smallest block has 8 slots
START, BITS, COUNT, USED = 0, 1, 2, 3
TOP = 48  # sizes of blocks are below 2^48
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads consecutive keys


class LinkTable(NamedTuple):
    """Maps numbered from 0, each from whole numbers >= 0 to two float64 weights.

    Attributes:
        keys: (slots,) int64, a key or `EMPTY` or `REMOVED`.
        weights: (slots, 2) float64, the weights of the key.
        maps: (maps, 4) int64: of each map the first slot (`START`), the logarithm of the number of
            slots (`BITS`, `ABSENT` without a block), the keys in it (`COUNT`), and the slots that
            hold a key or a mark (`USED`).
        blocks: (`TOP` + 1,) int64, first unused block of each size, whose first key holds the
            next one; and in the end the slots handed out so far.
    """

    keys: NDArray[np.int64]
    weights: NDArray[np.float64]
    maps: NDArray[np.int64]
    blocks: NDArray[np.int64]


def new_table(n_maps: int, n_slots: int) -> LinkTable:
    """Return empty maps and space for so many slots."""
    maps = np.zeros((n_maps, 4), np.int64)
    maps[:, BITS] = ABSENT
    blocks = np.full(TOP + 1, ABSENT, np.int64)
    blocks[TOP] = 0
    return LinkTable(np.empty(n_slots, np.int64), np.empty((n_slots, 2)), maps, blocks)


def longer(table: LinkTable, extra: int) -> LinkTable:
    """Return the same maps with space for so many more slots, and half as many again."""
    top = int(table.blocks[TOP])
    n_slots = (top + extra) * 3 // 2
    keys, weights = np.empty(n_slots, np.int64), np.empty((n_slots, 2))
    keys[:top], weights[:top] = table.keys[:top], table.weights[:top]
    return LinkTable(keys, weights, table.maps, table.blocks)


@compiled
def has_space(table: Any, extra: int) -> Any:
    """Tell whether so many slots can be handed out."""
    return table.blocks[TOP] + extra <= len(table.keys)


@compiled
def n_slots(table: Any, m: int) -> Any:
    """Return the number of slots of a map."""
    bits = table.maps[m, BITS]
    return 0 if bits == ABSENT else 1 << bits


@compiled
def space_for(table: Any, m: int, extra: int) -> Any:
    """Return how many slots `make_room` may hand out at most."""
    return (1 << FIRST_BITS) + 4 * (table.maps[m, USED] + extra)


@compiled
def find(table: Any, m: int, key: int) -> Any:
    """Return the slot of a key, or `ABSENT`."""
    bits = table.maps[m, BITS]
    if bits == ABSENT:
        return ABSENT
    start, mask = table.maps[m, START], (1 << bits) - 1
    place = np.int64((np.uint64(key) * _GOLDEN) >> np.uint64(64 - bits))
    while True:
        held = table.keys[start + place]
        if held == key:
            return start + place
        if held == EMPTY:
            return ABSENT
        place = (place + 1) & mask


@compiled
def entry(table: Any, m: int, key: int) -> Any:
    """Return the slot of a key, which is new with weights 0 if it was absent.

    `make_room` was called before.
    """
    bits = table.maps[m, BITS]
    start, mask = table.maps[m, START], (1 << bits) - 1
    place = np.int64((np.uint64(key) * _GOLDEN) >> np.uint64(64 - bits))
    gap = ABSENT
    while True:
        slot = start + place
        held = table.keys[slot]
        if held == key:
            return slot
        if held == EMPTY:
            break
        if held == REMOVED and gap == ABSENT:
            gap = slot
        place = (place + 1) & mask
    if gap != ABSENT:
        slot = gap
    else:
        table.maps[m, USED] += 1
    table.maps[m, COUNT] += 1
    table.keys[slot] = key
    table.weights[slot, 0] = 0.0
    table.weights[slot, 1] = 0.0
    return slot


@compiled
def remove(table: Any, m: int, key: int) -> None:
    """Forget a key; one that is not there is no mistake."""
    slot = find(table, m, key)
    if slot != ABSENT:
        table.keys[slot] = REMOVED
        table.maps[m, COUNT] -= 1


@compiled
def release(table: Any, m: int) -> None:
    """Empty a map and give its block back."""
    bits = table.maps[m, BITS]
    if bits != ABSENT:
        _give_back(table, table.maps[m, START], bits)
    table.maps[m, BITS] = ABSENT
    table.maps[m, COUNT] = 0
    table.maps[m, USED] = 0


@compiled
def _give_back(table: Any, start: int, bits: int) -> None:
    table.keys[start] = table.blocks[bits]
    table.blocks[bits] = start


@compiled
def make_room(table: Any, m: int, extra: int) -> None:
    """Make a map take ``extra`` more keys and stay sparse; there is `space_for` that."""
    bits = table.maps[m, BITS]
    if bits != ABSENT and 4 * (table.maps[m, USED] + extra) <= 3 * (1 << bits):
        return
    wanted = table.maps[m, COUNT] + extra  # marks of removed keys vanish in a new block
    new_bits = FIRST_BITS
    while 3 * (1 << new_bits) < 5 * wanted:  # some slack: at most 3/5 full
        new_bits += 1
    _move(table, m, new_bits)


@compiled
def _move(table: Any, m: int, bits: int) -> None:
    """Put a map into another block, of 2^bits slots."""
    old_start, old_bits, old_slots = table.maps[m, START], table.maps[m, BITS], n_slots(table, m)
    start = table.blocks[bits]
    if start != ABSENT:
        table.blocks[bits] = table.keys[start]
    else:
        start = table.blocks[TOP]
        table.blocks[TOP] += 1 << bits
    for slot in range(start, start + (1 << bits)):
        table.keys[slot] = EMPTY
    table.maps[m, START], table.maps[m, BITS] = start, bits
    table.maps[m, COUNT] = 0
    table.maps[m, USED] = 0
    for old in range(old_start, old_start + old_slots):
        if table.keys[old] >= 0:
            slot = entry(table, m, table.keys[old])
            table.weights[slot, 0] = table.weights[old, 0]
            table.weights[slot, 1] = table.weights[old, 1]
    if old_bits != ABSENT:
        _give_back(table, old_start, old_bits)
