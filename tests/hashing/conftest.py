"""What the tests of several hashers share."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.codes import pack_bits
from quantal.data import named
from quantal.metrics import exact_neighbors, neighbor_histograms, recall_at


@dataclass(frozen=True)
class RetrievalTask:
    """Gallery, queries and the true neighbours of the queries in the gallery."""

    gallery: np.ndarray
    queries: np.ndarray
    neighbors: np.ndarray

    def recall(self, hasher, n=100):
        """Recall 10@n of a fitted hasher, expected over the orders of ties."""
        codes, asked = hasher.encode(self.gallery), hasher.encode(self.queries)
        return recall_at(neighbor_histograms(codes, asked, self.neighbors), n)

    def recall_of_bits(self, bits, asked, n=100):
        """The same for bits that another implementation gave."""
        codes = pack_bits(bits.astype(np.uint8)), pack_bits(asked.astype(np.uint8))
        return recall_at(neighbor_histograms(*codes, self.neighbors), n)


@pytest.fixture(scope="session")
def digits():
    """Handwritten digits, (1797, 64)."""
    return load_digits().data


@pytest.fixture(scope="session")
def digits_task(digits):
    """1,597 digits to find, 200 that ask."""
    gallery, queries = digits[200:], digits[:200]
    return RetrievalTask(gallery, queries, exact_neighbors(gallery, queries, 10))


@pytest.fixture(scope="session")
def mnist_task():
    """The 10,000 test images of MNIST: 9,000 to find, 1,000 that ask."""
    folder = os.environ.get("QUANTAL_DATA")
    if not folder:
        pytest.skip("QUANTAL_DATA does not name a data folder")
    if named.locate(named.find("mnist"), folder) is None:
        pytest.skip(f"mnist is not in {folder}")
    images = named.load("mnist", folder).x[60000:].reshape(10000, -1)
    order = np.random.default_rng(0).permutation(10000)
    gallery, queries = images[order[:9000]], images[order[9000:]]
    return RetrievalTask(gallery, queries, exact_neighbors(gallery, queries, 10))
