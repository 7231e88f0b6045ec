"""Groups of rows side by side: neither threads nor chunks change a bit."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from quantal.hashing import KMeansHashing, RandomHyperplaneHashing, SphericalHashing
from quantal.hashing.row_groups import bit_groups, each_block

ROWS = np.random.default_rng(0).normal(size=(1000, 5)) + 3


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr("quantal.hashing.row_groups.GROUP_FLOATS", 2 * 256 * 5)  # 512 rows


def test_groups_follow_each_other_and_blocks_are_whole():
    shapes = []

    def signs(blocks):
        shapes.append(blocks.shape)
        return blocks > 0

    found = list(bit_groups(ROWS, signs, np.full(5, 3.0)))
    assert [start for start, _ in found] == [0, 512]
    assert shapes == [(2, 256, 5)] * 2
    np.testing.assert_array_equal(np.concatenate([bits for _, bits in found]), ROWS > 3)


def test_rows_of_few_columns_do_not_make_a_group_of_many_rows(monkeypatch):
    monkeypatch.setattr("quantal.hashing.row_groups.GROUP_FLOATS", 1 << 18)
    longest = []

    def signs(blocks):
        longest.append(blocks.shape[0])
        return blocks > 0

    list(bit_groups(np.zeros((5000, 1), np.float32), signs, None))
    assert longest == [16, 4]


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("rows", [ROWS, sp.csr_array(ROWS)], ids=["dense", "sparse"])
def test_threads_and_containers_change_nothing(rows, n_threads):
    directions = np.random.default_rng(1).normal(size=(5, 40)).astype(np.float32)
    with threadpool_limits(n_threads):
        found = bit_groups(rows, each_block(lambda b: b @ directions > 0), ROWS.mean(axis=0))
        bits = np.concatenate([part for _, part in found])
    expected = (ROWS - ROWS.mean(axis=0)) @ directions > 0
    np.testing.assert_array_equal(bits, expected)


@pytest.mark.parametrize("method", [KMeansHashing, RandomHyperplaneHashing, SphericalHashing])
def test_a_mapped_file_gives_the_same_codes_with_any_number_of_threads(method, tmp_path):
    np.save(tmp_path / "x.npy", ROWS)
    hasher = method(4, random_state=0).fit(ROWS)
    codes = []
    for n_threads in (1, 4):
        with threadpool_limits(n_threads):
            codes.append(hasher.encode(np.load(tmp_path / "x.npy", mmap_mode="r")))
    np.testing.assert_array_equal(codes[0], codes[1])
    np.testing.assert_array_equal(codes[0][[700]], hasher.encode(ROWS[[700]]))


def test_an_error_in_a_group_is_raised():
    def wrong(blocks):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(bit_groups(ROWS, wrong, None))
