from __future__ import annotations

import numpy as np
import pytest

from quantal.graph.link_table import (
    ABSENT,
    COUNT,
    TOP,
    entry,
    find,
    has_space,
    longer,
    make_room,
    new_table,
    release,
    remove,
    space_for,
)


def put(table, m, key, weight):
    """Enter a key, in a longer table where needed."""
    if not has_space(table, space_for(table, m, 1)):
        table = longer(table, space_for(table, m, 1))
    make_room(table, m, 1)
    slot = entry(table, m, key)
    table.weights[slot] += weight
    return table


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_random_changes_leave_what_dictionaries_hold(seed):
    rng = np.random.default_rng(seed)
    table, maps = new_table(6, 16), [{} for _ in range(6)]
    for m, key, action in zip(
        rng.integers(0, 6, 10_000).tolist(),
        rng.integers(0, 300, 10_000).tolist(),
        rng.random(10_000).tolist(),
        strict=True,
    ):
        if action < 0.002:
            release(table, m)
            maps[m].clear()
        elif action < 0.4:
            remove(table, m, key)
            maps[m].pop(key, None)
        else:
            table = put(table, m, key, action)
            maps[m][key] = maps[m].get(key, 0.0) + action
    for m, held in enumerate(maps):
        assert table.maps[m, COUNT] == len(held)
        for key in range(300):
            slot = find(table, m, key)
            assert (slot != ABSENT) == (key in held)
            if key in held:
                np.testing.assert_allclose(table.weights[slot], held[key])


def test_blocks_that_were_given_back_are_handed_out_again():
    table = new_table(2, 1 << 10)
    for round_ in range(50):
        for key in range(40):
            table = put(table, round_ % 2, key, 1.0)
        release(table, round_ % 2)
    assert table.blocks[TOP] <= 2 * (8 + 16 + 32 + 64 + 128)


def test_removing_from_an_empty_map_does_nothing():
    table = new_table(1, 0)
    remove(table, 0, 5)
    assert find(table, 0, 5) == ABSENT
