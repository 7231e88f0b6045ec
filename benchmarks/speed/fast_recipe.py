"""The whole fit of the fast IMSAT recipe on MNIST against the peer's time for the published one.

    QUANTAL_DATA=FOLDER python -m benchmarks.speed.fast_recipe [--fits 3] [--steps 60] [--threads 2]

The peer is the plain float32 transcription of the official step. Its time is the median of blocks
of steps, taken before and after every fit, times the steps of the published recipe; its search for
neighbours, which the authors read from a file, is left out. Ours is the median of whole fits, the
search included.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import torch

from benchmarks.peers.imsat_reference import ReferenceNetwork, training_step
from quantal.experiments import find_recipe, load_recipe
from quantal.experiments.data import load_rows
from quantal.experiments.peers import build_method

PUBLISHED, FAST = "imsat/mnist-vat", "imsat/mnist-vat-fast"


def peer_seconds(x: torch.Tensor, batch: int, steps: int) -> float:
    """Seconds of one step of the peer, with its own gather and row order."""
    network = ReferenceNetwork(x.shape[1])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.002)
    radius = torch.full((batch,), 2.5)
    start = 0.0
    for number in range(-3, steps):
        if number == 0:
            start = time.perf_counter()
        training_step(network, optimizer, x[torch.randperm(len(x))[:batch]], radius)
    return (time.perf_counter() - start) / steps


def fit_seconds(recipe: Any, rows: Any, seed: int) -> float:
    """Seconds of one fit of the recipe."""
    start = time.perf_counter()
    build_method(
        recipe.method, n_clusters=recipe.n_clusters, random_state=seed, **recipe.params
    ).fit(rows)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60, help="of the peer, in each block")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    recipes: dict[str, Any] = {name: load_recipe(find_recipe(name)) for name in (PUBLISHED, FAST)}
    rows = load_rows(recipes[FAST]).rows
    x = torch.from_numpy(rows)
    published = recipes[PUBLISHED].params
    n_steps = published["n_epochs"] * (len(x) // published["batch_size"])
    peer, ours = [peer_seconds(x, published["batch_size"], args.steps)], []
    for seed in range(args.fits):
        ours.append(fit_seconds(recipes[FAST], rows, seed))
        peer.append(peer_seconds(x, published["batch_size"], args.steps))
    whole = statistics.median(peer) * n_steps
    print(f"{args.threads} threads; peer: {n_steps} steps, median of {len(peer)} blocks")
    print(f"the fast recipe takes 1/{whole / statistics.median(ours):.1f} of the peer's time")


if __name__ == "__main__":
    main()
