from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from quantal.hashing import spread_rows as module
from quantal.hashing.spread_rows import block_starts, spread_rows


def test_few_rows_are_all_of_them():
    x = np.zeros((1000, 3))
    assert block_starts(1000, 3) == [0, 256, 512, 768]
    assert spread_rows(x) is x


def test_blocks_of_many_rows_are_spread_evenly():
    starts = block_starts(10_000_000, 128)
    assert len(starts) == (1 << 18) // 256
    assert starts[0] == 0
    assert {start % 256 for start in starts} == {0}
    gaps = np.diff([*starts, 10_000_000])
    assert gaps.min() > 9000
    assert gaps.max() < 11_000


def test_wide_rows_count_by_their_values():
    assert len(block_starts(10_000_000, 4096)) == (1 << 26) // 4096 // 256


def test_rows_of_the_blocks_are_copied_in_order(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "MOST_ROWS", 512)
    rows = np.arange(3000.0)[:, None].repeat(2, axis=1)
    np.save(tmp_path / "x.npy", rows)
    expected = np.concatenate([rows[:256], rows[1536:1792]])
    for x in (rows, np.load(tmp_path / "x.npy", mmap_mode="r")):
        np.testing.assert_array_equal(spread_rows(x), expected)
    np.testing.assert_array_equal(spread_rows(csr_array(rows)).toarray(), expected)
