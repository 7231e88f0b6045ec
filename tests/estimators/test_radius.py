"""Neighbour distances: exact in all rows, or in a seeded sample with its rank lowered."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.clustering import IMSAT
from quantal.data.preparation import learn_preparation
from quantal.errors import ParameterError
from quantal.estimators.radius import neighbor_distances
from quantal.training.rows import Rows


@pytest.fixture(scope="module")
def rows():
    x = load_digits().data.astype(np.float32)
    return Rows(x, learn_preparation(x, "none"), torch.device("cpu"))


def test_all_rows_are_compared_by_default(rows):
    found, n_compared = neighbor_distances(rows, 10, 0)
    assert n_compared == len(rows)
    x = rows.span(0, len(rows)).numpy().astype(float)
    assert found[5] == pytest.approx(np.sort(np.linalg.norm(x - x[5], axis=1))[10], rel=1e-5)


def test_a_sample_estimates_the_distances_of_all_rows(rows):
    exact, _ = neighbor_distances(rows, 10, 0)
    sampled, n_compared = neighbor_distances(rows, 10, 0, 600)
    assert n_compared == 600
    assert np.median(sampled) == pytest.approx(np.median(exact), rel=0.1)
    assert np.corrcoef(sampled, exact)[0, 1] > 0.8


def test_a_sample_is_the_seeds(rows):
    first, again, other = (neighbor_distances(rows, 10, seed, 300)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_sample_as_large_as_the_data_is_exact(rows):
    assert np.array_equal(
        neighbor_distances(rows, 10, 0, 10**6)[0], neighbor_distances(rows, 10, 0)[0]
    )


def test_imsat_says_in_how_many_rows_it_looked():
    x = load_digits().data[:300]
    model = IMSAT(10, n_epochs=1, n_init=1, neighbor_sample=50, random_state=0)
    with pytest.warns(match="hold fewer|not assigned"):
        model.fit(x)
    assert model.n_compared_ == 50


def test_a_sample_of_one_row_is_refused():
    with pytest.raises(ParameterError, match="neighbor_sample"):
        IMSAT(neighbor_sample=1).fit(load_digits().data[:50])
