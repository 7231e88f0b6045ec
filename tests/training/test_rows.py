"""Rows of a memory map are read without keeping the file in memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from quantal.data.preparation import learn_preparation
from quantal.training.rows import RELEASE_ROWS, Rows


@pytest.fixture
def mapped(tmp_path):
    values = np.random.default_rng(0).normal(size=(3 * RELEASE_ROWS, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", values)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    return Rows(x, learn_preparation(x, "none"), torch.device("cpu"), hold=False), values


def test_many_scattered_rows_are_read_in_pieces_and_released(mapped, monkeypatch):
    rows, values = mapped
    released = []
    monkeypatch.setattr("quantal.training.rows.release_pages", released.append)
    wanted = torch.randperm(len(values))[: 2 * RELEASE_ROWS + 10]
    np.testing.assert_array_equal(rows.prepared(wanted).numpy(), values[wanted.numpy()])
    assert len(released) == 2


def test_small_batches_are_released_together(mapped, monkeypatch):
    rows, _ = mapped
    released = []
    monkeypatch.setattr("quantal.training.rows.release_pages", released.append)
    for start in range(0, RELEASE_ROWS, RELEASE_ROWS // 4):
        assert not released
        rows.prepared(torch.arange(start, start + RELEASE_ROWS // 4))
    assert len(released) == 1
