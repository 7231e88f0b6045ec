from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import DataError
from quantal.hashing import RandomHyperplaneHashing
from quantal.report.shown_rows import shown_rows
from quantal.report.truth_figures import code_truth, confusion, require_truth


def test_pairs_stand_on_the_diagonal_in_the_order_of_the_classes():
    table = confusion(["b", "b", "a", "a", "a", "c"], [0, 0, 1, 1, 0, 2])
    assert table.classes == ["a", "b", "c"]
    assert table.clusters == ["1", "0", "2"]
    assert table.counts.tolist() == [[2, 0, 0], [1, 2, 0], [0, 0, 1]]
    assert table.n_paired == 3
    np.testing.assert_allclose(table.shares[1], [1 / 3, 2 / 3, 0])


def test_clusters_without_a_partner_come_last():
    table = confusion([0, 0, 0, 1, 1], [5, 5, 6, 7, 7])
    assert (table.clusters, table.n_paired) == (["5", "7", "6"], 2)
    wide = confusion([0, 1, 2, -1], [0, 0, 0, 0])
    assert (wide.n_paired, int(wide.counts.sum())) == (1, 3)


def test_a_wide_table_becomes_a_picture():
    assert confusion(np.arange(20), np.arange(20)).image == ""
    assert confusion(np.arange(200), np.arange(200)).image.startswith("data:image/png;base64,")


def test_truth_of_another_length_is_refused():
    with pytest.raises(DataError, match=r"one label for each of the 5 rows, got .* \(4,\)"):
        require_truth([1, 2, 3, 4], 5)


def test_codes_of_rows_without_a_class_are_left_out():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = RandomHyperplaneHashing(8, random_state=0).fit(X)
    truth = np.repeat([0, 1, -1], 20)
    rows = shown_rows(model, X)
    figures = code_truth(truth, model, rows, True, np.random.default_rng(0))
    assert figures.note.startswith("4 random rows search 36 others")
    assert "fitted on these rows" in figures.note
    assert figures.confusion is None
    with pytest.raises(DataError, match="names a class for 1 rows; at least 2"):
        code_truth(np.r_[1, np.full(59, -1)], model, rows, True, np.random.default_rng(0))
