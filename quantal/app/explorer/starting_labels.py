"""The labels that a person starts from: the model's, with a score for how typical each row is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ParameterError
from ...estimators import data_fingerprint
from ...threads import on_one_thread
from .model_rows import ModelRows

SEED = 0
MOST_GROUPS = 50
ROWS_PER_GROUP = 80
SAMPLE = 20_000


@dataclass(frozen=True, eq=False)
class Start:
    """Labels before any edit.

    Attributes:
        labels: (n,) int32, from 0.
        scores: (n,) float32 in [0, 1]; 1 is most typical.
        n_clusters: how many clusters the model has, those without rows included.
        measure: what the score is: "probability", "closeness" or "agreement".
    """

    labels: NDArray[np.int32]
    scores: NDArray[np.float32]
    n_clusters: int
    measure: str


def starting_labels(rows: ModelRows) -> Start:
    """Label every row with its model.

    The score is the probability of the label where the model gives probabilities; else
    1 / (1 + d^2 / m), d the distance to the cluster's mean and m the mean of d^2. Hash models give
    no labels: rows are grouped by k-means on their bits, and the score is the share of bits that
    are those of most of the group.

    Args:
        rows: the model and its rows.

    Raises:
        ParameterError: The method labels only the rows of its fit, and these are others.
    """
    if rows.makes_codes:
        return _groups_of_codes(rows)
    n_clusters = int(rows.model.n_clusters)
    if hasattr(rows.model, "predict_log_proba"):
        labels, scores = np.empty(len(rows), np.int32), np.empty(len(rows), np.float32)
        for block in rows.blocks(8 * n_clusters):
            p = np.exp(rows.model.predict_log_proba(rows.take(block)))
            labels[block], scores[block] = p.argmax(axis=1), p.max(axis=1)
        return Start(labels, scores.clip(0, 1), n_clusters, "probability")
    labels = _labels(rows)
    return Start(labels, _closeness(rows, labels, n_clusters), n_clusters, "closeness")


def _labels(rows: ModelRows) -> NDArray[np.int32]:
    if hasattr(rows.model, "predict"):
        parts = [rows.model.predict(rows.take(block)) for block in rows.blocks(64)]
        return np.concatenate(parts).astype(np.int32)
    found, fitted = data_fingerprint(rows.flat()), rows.model.data_
    if (found["shape"], found["sha256_of_rows"]) != (fitted["shape"], fitted["sha256_of_rows"]):
        raise ParameterError(
            f"{type(rows.model).__name__} labels only the rows that it was fitted on, and these "
            "are others. Explore the data of the fit, or a model that labels new rows: imsat, "
            "rim, landmark-spectral."
        )
    return np.asarray(rows.model.labels_, np.int32)


def _closeness(rows: ModelRows, labels: NDArray[np.int32], n_clusters: int) -> NDArray[np.float32]:
    """Return 1 / (1 + d^2 / m) of every row, in two passes over the rows."""
    counts = np.bincount(labels, minlength=n_clusters).clip(1)
    sums: Any = 0.0
    for block, member in _memberships(rows, labels, n_clusters):
        sums = sums + np.asarray(member @ rows.embedding(block))
    means = (sums / counts[:, None]).astype(np.float32)
    squared = np.empty(len(rows), np.float32)
    for block in rows.blocks(4 * means.shape[1]):
        difference = rows.embedding(block) - means[labels[block]]
        squared[block] = np.einsum("ij,ij->i", difference, difference)
    typical = np.bincount(labels, squared, minlength=n_clusters) / counts
    unit = typical[labels]
    closeness = np.ones(len(rows), np.float32)
    np.divide(unit, unit + squared, out=closeness, where=unit > 0, casting="same_kind")
    return closeness


def _memberships(
    rows: ModelRows, labels: NDArray[np.int32], n_clusters: int
) -> Iterator[tuple[slice, Any]]:
    """Yield blocks of rows, and for each the (n_clusters, b) matrix of who is where."""
    from scipy.sparse import csr_array

    for block in rows.blocks(64):
        here = labels[block]
        ones = np.ones(len(here), np.float32)
        places = (here, np.arange(len(here)))
        yield block, csr_array((ones, places), shape=(n_clusters, len(here)))


def _groups_of_codes(rows: ModelRows) -> Start:
    from sklearn.cluster import KMeans

    n = len(rows)
    chosen = np.random.default_rng(SEED).permutation(n)[:SAMPLE]
    sample = rows.signs(np.sort(chosen))
    distinct = len(np.unique(sample, axis=0))
    n_groups = max(1, min(MOST_GROUPS, n // ROWS_PER_GROUP, distinct))
    with on_one_thread():  # one thread: the same sums everywhere
        model = KMeans(n_groups, n_init=1, random_state=SEED).fit(sample)
        labels, scores = np.empty(n, np.int32), np.empty(n, np.float32)
        centers = model.cluster_centers_.astype(np.float32)
        majority = np.where(centers < 0, -1, 1).astype(np.float32)
        for block in rows.blocks(4 * centers.shape[1]):
            signs = rows.signs(block)
            nearest = ((centers**2).sum(axis=1) - 2 * signs @ centers.T).argmin(axis=1)
            labels[block] = nearest
            scores[block] = (signs == majority[nearest]).mean(axis=1)
    order = np.argsort(-np.bincount(labels, minlength=n_groups), kind="stable")
    number = np.empty(n_groups, np.int32)
    number[order] = np.arange(n_groups)  # the largest is 0, as of the clusterers
    return Start(number[labels], scores, n_groups, "agreement")
