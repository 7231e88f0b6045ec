"""Recall and reconstruction of hashers that follow distances on the 10,000 test images of MNIST.

    QUANTAL_DATA=FOLDER python -m benchmarks.hashing.mnist_test_images [--bits 64 32] [--seeds 5]

9,000 images are hashed and searched, 1,000 ask; both come from one random split. True neighbours
are Euclidean. Recall K@N is the share of the K true neighbours among the N codes nearest by Hamming
distance, expected over the orders of ties. The error is 0.5 ||x - m(h)||^2 for pixels in [0, 1],
mean over the hashed images, with the least-squares decoder of their codes.
"""

from __future__ import annotations

import argparse
import os
import warnings

import numpy as np
from numpy.typing import NDArray

from quantal.catalog import HASHERS
from quantal.codes import fit_decoder
from quantal.data import named
from quantal.metrics import exact_neighbors, neighbor_histograms, recall_at

METHODS = (
    "random-hyperplane",
    "spectral-hashing",
    "spherical-hashing",
    "kmeans-hashing",
    "itq",
    "binary-autoencoder",
    "sgh",
)
COLUMNS = ("R10@10", "R10@100", "R1@100", "error")


def split() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return 9,000 images to search and 1,000 that ask, pixels in [0, 1]."""
    images = named.load("mnist", os.environ.get("QUANTAL_DATA")).x[60000:].reshape(10000, -1)
    order = np.random.default_rng(0).permutation(10000)
    pixels = images[order].astype(np.float32) / 255
    return pixels[:9000], pixels[9000:]


def scores(hasher: object, x: NDArray[np.float32], q: NDArray[np.float32], ids: object) -> list:
    """Return the figures of one fitted hasher, in the order of ``COLUMNS``."""
    codes, asked = hasher.encode(x), hasher.encode(q)
    ten = neighbor_histograms(codes, asked, ids)
    one = neighbor_histograms(codes, asked, ids[:, :1])
    bits = hasher.transform(x)
    rebuilt = fit_decoder(x, bits).decode(bits)
    error = 0.5 * float(((x - rebuilt) ** 2).sum(axis=1).mean())
    return [recall_at(ten, 10), recall_at(ten, 100), recall_at(one, 100), error]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, nargs="+", default=[64, 32])
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    x, q = split()
    ids = exact_neighbors(x, q, 10)
    print(f"mean (standard deviation) over {args.seeds} seeds of the method")
    for n_bits in args.bits:
        for name in METHODS:
            runs = [
                scores(HASHERS[name](n_bits=n_bits, random_state=seed).fit(x), x, q, ids)
                for seed in range(args.seeds)
            ]
            mean, std = np.mean(runs, axis=0), np.std(runs, axis=0)
            cells = (f"{c} {m:6.3f} ({s:.3f})" for c, m, s in zip(COLUMNS, mean, std, strict=True))
            print(f"{n_bits:4d} bits  {name:18s}", "  ".join(cells))


if __name__ == "__main__":
    main()
