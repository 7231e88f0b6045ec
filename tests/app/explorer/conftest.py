"""Rows, texts and a model that all tests of the pages look at."""

from __future__ import annotations

import numpy as np
import pytest
from pages import HOSTILE, TEXTS, visit
from sklearn.datasets import load_digits

from quantal.clustering import RIM
from quantal.data import Dataset
from quantal.features import open_features


@pytest.fixture(scope="module")
def digits():
    x = load_digits().images[:400].astype(np.uint8) * 15
    return Dataset(x, "digits", "images", ids=[f"{i}/{HOSTILE}.png" for i in range(400)])


@pytest.fixture(scope="module")
def clusterer(digits):
    return RIM(n_clusters=6, n_epochs=15, n_init=1, random_state=0).fit(digits)


@pytest.fixture(scope="module")
def texts():
    return open_features(TEXTS)


@pytest.fixture
def client(clusterer, digits, tmp_path):
    return visit(clusterer, digits, tmp_path / "edits.sqlite")
