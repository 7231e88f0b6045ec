"""What is fitted on a GPU: every method that trains a network, and what leaves the GPU again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.catalog import build, load
from quantal.estimators.device_neighbors import kth_distance_on_device
from quantal.graph import kth_distance

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="needs a GPU: CUDA_VISIBLE_DEVICES=0 pytest -m gpu"
    ),
]

SHORT = {"n_epochs": 2, "random_state": 0, "device": "auto"}
CLUSTERERS = {
    "imsat": {**SHORT, "n_init": 1},
    "rim": {**SHORT, "n_init": 1},
    "iic": {**SHORT, "n_init": 1, "image_shape": (8, 8), "network": "small"},
    "dec": {
        "pretrain_iterations": 20, "finetune_iterations": 20, "max_iterations": 20,
        "random_state": 0, "device": "auto",
    },
}  # fmt: skip
HASHERS = ("imsat-hash", "rim-hash", "deep-hash")


@pytest.fixture(scope="module")
def digits():
    return load_digits().data.astype(np.float32)


@pytest.mark.parametrize("name", CLUSTERERS)
def test_a_clusterer_predicts_without_a_gpu_what_it_predicts_on_one(
    name, digits, tmp_path, monkeypatch
):
    model = build(name, n_clusters=10, **CLUSTERERS[name]).fit(digits)
    assert next(model.network_.parameters()).device.type == "cuda"
    labels = model.predict(digits)
    model.save(tmp_path / "model")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert np.mean(load(tmp_path / "model").predict(digits) == labels) > 0.99


@pytest.mark.parametrize("name", HASHERS)
def test_a_hasher_encodes_without_a_gpu_as_on_one(name, digits, tmp_path, monkeypatch):
    model = build(name, n_bits=16, **SHORT).fit(digits)
    codes = model.encode(digits)
    model.save(tmp_path / "model")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert np.unpackbits(load(tmp_path / "model").encode(digits) ^ codes).mean() < 0.01


def test_neighbours_are_as_far_as_on_the_processor(digits):
    found = kth_distance_on_device(torch.from_numpy(digits).cuda(), 10).cpu().numpy()
    np.testing.assert_allclose(found, kth_distance(digits, 10), rtol=1e-6)


def test_the_same_seed_gives_the_same_clusters(digits):
    first, second = (
        build("imsat", n_clusters=10, **CLUSTERERS["imsat"]).fit(digits) for _ in range(2)
    )
    np.testing.assert_array_equal(first.labels_, second.labels_)
