from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors

from quantal.errors import DataError, ParameterError
from quantal.metrics import neighbor_purity


def test_two_groups_are_pure_up_to_their_size():
    x = np.concatenate([np.arange(5.0), 100 + np.arange(5.0)])[:, None]
    found = neighbor_purity(x, np.repeat([0, 1], 5), [1, 4, 5])
    np.testing.assert_allclose(found, [1, 1, 4 / 5])


def test_digits_agree_with_a_plain_count():
    digits = load_digits()
    x, y = digits.data[:300], digits.target[:300]
    near = NearestNeighbors(n_neighbors=8).fit(x).kneighbors(return_distance=False)
    expected = (y[near] == y[:, None]).mean()
    assert neighbor_purity(x, y, [8])[0] == pytest.approx(expected, abs=2e-3)  # ties


def test_classes_may_be_strings():
    assert neighbor_purity([[0.0], [1.0], [9.0]], ["a", "a", "b"], [1])[0] == pytest.approx(2 / 3)


def test_an_unknown_class_is_refused():
    with pytest.raises(DataError, match=r"truth is unknown for 1 rows; leave them out"):
        neighbor_purity([[0.0], [1.0]], ["a", None], [1])


def test_lengths_must_agree():
    with pytest.raises(DataError, match=r"X has 2 rows and truth 1 labels"):
        neighbor_purity([[0.0], [1.0]], [0], [1])


def test_more_neighbours_than_there_are_rows_are_refused():
    with pytest.raises(ParameterError, match=r"counts must be an integer in \[1, 2\], got 3"):
        neighbor_purity([[0.0], [1.0], [2.0]], [0, 0, 1], [3])
