"""Any number of rows that look like SIFT descriptors: real ones again and again, with noise.

They stand in for SIFT1M and SIFT1B, which are not to be had everywhere. Reads ``sift_photos.npz``
of the data folder (QUANTAL_DATA), uint8 descriptors of photographs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quantal.data import named, open_source

SOURCE = "sift_photos.npz"
NOISE = 4  # largest change of a component; a component's deviation is about 35
CHUNK = 100_000


def descriptors(key: str = "base") -> NDArray[np.uint8]:
    """Return the real ones, (n, 128): "base", or "queries" of other photographs."""
    rows: NDArray[np.uint8] = np.asarray(open_source(named.data_folder() / SOURCE, key=key).x)
    return rows


def row_chunks(n_rows: int, seed: int = 0, key: str = "base") -> Iterator[NDArray[np.uint8]]:
    """Yield ``n_rows`` rows in chunks: every real one in turn, plus noise of -4 to 4, clipped."""
    real, rng = descriptors(key), np.random.default_rng(seed)
    order = rng.permutation(len(real))
    for start in range(0, n_rows, CHUNK):
        numbers = np.arange(start, min(n_rows, start + CHUNK)) % len(real)
        noise = rng.integers(-NOISE, NOISE + 1, (len(numbers), real.shape[1]), np.int16)
        yield np.clip(real[order[numbers]] + noise, 0, 255).astype(np.uint8)


def write_bvecs(path: Path, n_rows: int) -> None:
    """Write such rows as published vectors are: a little-endian int32 with 128, then 128 bytes."""
    with path.open("wb") as stream:
        for rows in row_chunks(n_rows):
            heads = np.full((len(rows), 1), rows.shape[1], "<i4").view(np.uint8)
            stream.write(np.hstack([heads, rows]).tobytes())
