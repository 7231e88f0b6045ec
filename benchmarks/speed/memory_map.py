"""Resident memory of fit and predict on a memory-mapped file larger than the ceiling.

    python -m benchmarks.speed.memory_map [--rows 2000000] [--columns 256]

Writes a float32 .npy file of a Gaussian mixture to a temporary folder (2 GB at the default size),
then fits IMSAT for one epoch and predicts every row in a process of its own, and prints the peak
resident size of that process beside the size of the file.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CHUNK = 20_000  # rows written at once

CHILD = """
import resource, sys, time
import numpy as np
from quantal.clustering import IMSAT
X = np.load(sys.argv[1], mmap_mode="r")
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
start = time.time()
model = IMSAT(n_clusters=10, n_epochs=1, random_state=0).fit(X)
print(f"fit      {time.time() - start:6.0f} s, peak resident {peak():.2f} GiB", flush=True)
start = time.time()
labels = model.predict(X)
print(f"predict  {time.time() - start:6.0f} s, peak resident {peak():.2f} GiB")
assert (labels == model.labels_).all()
"""


def write_mixture(path: Path, n_rows: int, n_columns: int) -> None:
    """Write a mixture of ten Gaussians, chunk by chunk.

    Not through a memory map: a process starts with the peak of the one that started it, so pages
    that were resident here would count there.
    """
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, n_columns)).astype(np.float32)
    header = {"descr": "<f4", "fortran_order": False, "shape": (n_rows, n_columns)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, n_rows, CHUNK):
            size = min(CHUNK, n_rows - start)
            noise = rng.standard_normal((size, n_columns), dtype=np.float32)
            (noise + centres[rng.integers(10, size=size)]).tofile(file)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=256)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        write_mixture(path, args.rows, args.columns)
        print(f"file     {path.stat().st_size / 2**30:.2f} GiB, {args.rows} x {args.columns}")
        subprocess.run([sys.executable, "-c", CHILD, str(path)], check=True)


if __name__ == "__main__":
    main()
