"""Our batched descriptors beside scikit-image's, which take one picture at a time.

python -m benchmarks.speed.descriptors [--pictures 400] [--rounds 5]

Both give the same numbers (tests hold ours to scikit-image's); for local binary patterns its side
has the codes of the pixels only, ours their histograms too. Ratios of medians of processor time, in
turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from skimage.feature import hog, local_binary_pattern

from quantal.features import Hog, LocalPatterns


def seconds_of(action: Callable[[], object]) -> float:
    """Seconds of processor time of one call."""
    start = time.process_time()
    action()
    return time.process_time() - start


def each(describe: Callable[[Any], object], pictures: Any) -> None:
    """Describe one picture after another."""
    for picture in pictures:
        describe(picture)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    for side in (28, 128):
        pictures = np.random.default_rng(0).integers(0, 256, (args.pictures, side, side), np.uint8)
        ours, patterns = Hog(side, side, white=255), LocalPatterns(side, side, white=255)
        cells = {"pixels_per_cell": (ours.cell, ours.cell), "cells_per_block": (2, 2)}
        peers: dict[str, Callable[[Any], object]] = {
            "hog": partial(hog, orientations=9, block_norm="L2-Hys", **cells),
            "lbp": partial(local_binary_pattern, P=8, R=1, method="nri_uniform"),
        }
        for name, model in (("hog", ours), ("lbp", patterns)):
            pairs = [
                (
                    seconds_of(lambda: each(peers[name], pictures)),  # noqa: B023
                    seconds_of(lambda: model.transform(pictures)),  # noqa: B023
                )
                for _ in range(args.rounds)
            ]
            peer, own = np.median(pairs, axis=0)
            print(f"{side} x {side} {name}: scikit-image takes {peer / own:.1f} times as long")


if __name__ == "__main__":
    main()
