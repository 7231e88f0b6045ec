"""Search by example where rows lie far from 0."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.app.explorer.nearest import _Space


class Rows:
    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def take(self, which):
        return self.values[which]

    def blocks(self, _):
        return [slice(0, 500), slice(500, len(self))]


@pytest.mark.parametrize("offset", [0, 1_000, 100_000])
def test_the_nearest_rows_are_found_wherever_the_rows_lie(offset):
    rows = (np.random.default_rng(0).normal(size=(2000, 16)) + offset).astype(np.float32)
    space = _Space(Rows(rows), lambda taken: taken)
    for query in rows[:20]:
        found, distances = space.nearest(query, 30)
        exact = np.linalg.norm(rows.astype(np.float64) - query, axis=1)
        np.testing.assert_allclose(distances, np.sort(exact)[:30], rtol=1e-9)
        np.testing.assert_allclose(exact[found], distances)
