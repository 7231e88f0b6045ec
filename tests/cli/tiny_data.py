"""Data and settings with which a fit takes a fraction of a second."""

from __future__ import annotations

import numpy as np

QUICK = ("--set", "n_epochs=2", "--set", "n_init=1", "--set", "hidden_layer_sizes=[8]")


def blobs(n: int = 60, d: int = 4) -> np.ndarray:
    """Two separated groups, alternating."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, d)) + 6 * (np.arange(n) % 2)[:, None]).astype(np.float32)


def vectors(n: int = 300, d: int = 24) -> np.ndarray:
    """Rows around ten centres; row i belongs to centre i % 10."""
    rng = np.random.default_rng(0)
    centers = 3 * rng.normal(size=(10, d))
    return (centers[np.arange(n) % 10] + rng.normal(size=(n, d))).astype(np.float32)
