from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.estimators import device_neighbors
from quantal.estimators.device_neighbors import kth_distance_on_device
from quantal.graph import kth_distance


@pytest.mark.parametrize("k", [1, 10, 39])
@pytest.mark.parametrize("at_once", [1 << 28, 1000])
def test_distances_are_those_of_the_exact_search(k, at_once, monkeypatch):
    monkeypatch.setattr(device_neighbors, "PRODUCT_VALUES", at_once)
    rows = load_digits().data[:400].astype(np.float32) + 1000  # far from 0: a plain product fails
    found = kth_distance_on_device(torch.from_numpy(rows), k)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), kth_distance(rows, k), rtol=1e-6)


def test_duplicates_have_distance_0_and_a_row_is_not_its_own_neighbour():
    rows = torch.tensor([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])
    assert kth_distance_on_device(rows, 1).tolist() == [0.0, 0.0, 5.0]
    assert kth_distance_on_device(rows, 2).tolist() == [5.0, 5.0, 5.0]


def test_progress_rises_to_1(monkeypatch):
    monkeypatch.setattr(device_neighbors, "GATHERED_VALUES", 1000)
    heard: list[float] = []
    kth_distance_on_device(torch.randn(50, 3), 2, heard.append)
    assert heard == sorted(heard) and heard[-1] == 1 and len(heard) > 1
