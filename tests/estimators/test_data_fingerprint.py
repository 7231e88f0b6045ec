"""What tells the rows of a fit from others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from quantal.estimators import data_fingerprint, input_rows

X = np.random.default_rng(0).normal(size=(1000, 5)).astype(np.float32)


@pytest.mark.parametrize("row", [0, 1, 499, 998, 999])
def test_one_number_of_few_rows_changes_it(row):
    other = X.copy()
    other[row, 2] += 1
    assert data_fingerprint(other) != data_fingerprint(X)


def test_layout_and_sparse_form_do_not_change_it():
    sparse = np.where(X > 1, X, 0)
    assert data_fingerprint(np.asfortranarray(X)) == data_fingerprint(X)
    assert data_fingerprint(csr_array(sparse)) == data_fingerprint(sparse)


def test_a_memory_map_has_that_of_its_array(tmp_path):
    np.save(tmp_path / "x.npy", X)
    assert data_fingerprint(np.load(tmp_path / "x.npy", mmap_mode="r")) == data_fingerprint(X)


@pytest.mark.parametrize("other", [X[:-1], X.astype(np.float64), X[::-1], X.reshape(500, 10)])
def test_other_rows_shapes_and_types_change_it(other):
    assert data_fingerprint(other) != data_fingerprint(X)


def test_of_much_data_it_covers_blocks_from_the_first_row_to_the_last(monkeypatch):
    monkeypatch.setattr(input_rows, "FINGERPRINT_BYTES", 64 * 5 * X[0].nbytes)
    before, seen = data_fingerprint(X), []
    for row in range(len(X)):
        other = X.copy()
        other[row] += 1
        seen.append(data_fingerprint(other) != before)
    assert sum(seen) == 64 * 5
    assert all(seen[:5]) and all(seen[-5:])
    gaps = np.diff(np.flatnonzero(seen))
    assert gaps.max() <= len(X) // 64 + 1


def test_rows_wider_than_a_block_are_taken_one_by_one(monkeypatch):
    monkeypatch.setattr(input_rows, "FINGERPRINT_BYTES", 8)
    assert data_fingerprint(X[:64]) != data_fingerprint(X[:64] + 1)
    assert data_fingerprint(X) != data_fingerprint(np.concatenate([X[:-1], X[:1]]))


def test_the_bytes_of_an_image_are_those_of_all_its_axes(monkeypatch):
    monkeypatch.setattr(input_rows, "FINGERPRINT_BYTES", 64 * 2 * 5 * 4)
    images = X.reshape(100, 5, 5, 2)
    sizes = [len(block) for block in input_rows._sampled_blocks(images)]
    assert sizes == [1] * 64
