"""Starting a network at the clusters of k-means, as one of several starting points."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor
from torch.nn import functional

from ..networks import MLP
from ..threads import on_one_thread
from ..training import Plan, Run
from ..training.randomness import derived_generator
from ..training.rows import Rows

SAMPLE_ROWS = 20_000  # k-means on so many rows finds the same clusters as on more
STEPS = 200  # enough to fit its labels roughly; the objective then takes over
BATCH_ROWS = 250
PURPOSE = 6
INITS = ("auto", "random", "kmeans")


def starts_at_kmeans(init: str, restart: int, n_restarts: int) -> bool:
    """Tell whether a restart begins at k-means; for "auto" the last of several does."""
    if init == "auto":
        return n_restarts > 1 and restart == n_restarts - 1
    return init == "kmeans"


def kmeans_labels(rows: Rows, n_clusters: int, seed: int) -> tuple[Tensor, NDArray[np.int64]]:
    """Cluster a seeded sample of the prepared rows by k-means.

    Args:
        rows: the data.
        n_clusters: number of clusters.
        seed: source of the sample and of the starts.

    Returns:
        numbers: rows of the sample, shape (m,), int64.
        labels: their clusters, shape (m,), numbered by size, largest first.
    """
    generator = np.random.default_rng(seed)
    n = len(rows)
    chosen = np.arange(n)
    if n > SAMPLE_ROWS:
        chosen = np.sort(generator.choice(n, SAMPLE_ROWS, replace=False))
    numbers = torch.from_numpy(chosen)
    kmeans = KMeans(n_clusters, n_init=3, random_state=int(generator.integers(2**31 - 1)))
    with on_one_thread():  # the order of sums, hence the last bit, depends on the threads
        labels = kmeans.fit_predict(rows.prepared(numbers).cpu().numpy())
    sizes = np.bincount(labels, minlength=n_clusters)
    rank = np.empty(n_clusters, np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(n_clusters)
    return numbers, rank[labels]


def start_at_kmeans(
    network: MLP, rows: Rows, prior: NDArray[np.float64], learning_rate: float, seed: int
) -> None:
    """Train ``network`` to give k-means' clusters, the larger to the larger share of the prior.

    Args:
        network: trained in place.
        rows: the data.
        prior: expected shares, shape (n_clusters,).
        learning_rate: Adam's step size.
        seed: source of every draw.
    """
    numbers, labels = kmeans_labels(rows, len(prior), seed)
    by_share = np.argsort(-prior, kind="stable")
    targets = torch.from_numpy(by_share[labels]).to(rows.device)
    bound_to = network.bind

    def step(places: Tensor) -> dict[str, Tensor]:
        logits = bound_to()(rows.prepared(numbers[places]), "train")
        return {"total": functional.cross_entropy(logits, targets[places])}

    size = min(BATCH_ROWS, len(numbers))
    n_epochs = -(-STEPS // max(1, len(numbers) // size))
    plan = Plan(len(numbers), n_epochs, size, learning_rate, seed=seed)
    Run(network, step, plan, derived_generator(seed, PURPOSE)).train()
