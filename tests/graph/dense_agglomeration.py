"""Agglomeration by dense matrices and full scans, as its definition reads: slow and plain."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import sparse

from quantal.graph import affinity_graph, initial_clusters


def flows(W, labels):
    """U[i, j] = U(i->j): sum over x of cluster i of i_x(j) o_x(j); 0 on the diagonal."""
    H = np.eye(labels.max() + 1)[labels]
    U = H.T @ ((W @ H) * (W.T @ H))
    np.fill_diagonal(U, 0)
    return U


def cycles(W, labels):
    """Sums of W_xy W_yx over x in i and y in j."""
    H = np.eye(labels.max() + 1)[labels]
    T = H.T @ (W * W.T) @ H
    np.fill_diagonal(T, 0)
    return T


def affinities(U, sizes, power):
    """A[i, j], symmetric."""
    directed = U / sizes[None, :] ** power
    return directed + directed.T


def scores(A, names, k, weight, local_above, partners):
    """The score of each living cluster and its best partner; -1 without one."""
    alive = np.flatnonzero(names >= 0)
    k = k if len(alive) > local_above and weight > 0 else 1
    found = {}
    for i in alive:
        others = [j for j in alive if j != i and A[i, j] > 0]
        if partners == "smaller":
            others = [j for j in others if names[j] < names[i]]
        if partners == "larger":
            others = [j for j in others if names[j] > names[i]]
        others.sort(key=lambda j: (-A[i, j], names[j]))
        if others:
            near = [A[i, j] for j in others[:k]] + [0.0] * max(0, k - len(others))
            score = near[0]
            if k > 1:
                score = (1 + weight) * near[0] - weight / (k - 1) * sum(near[1:])
            found[i] = (score, others[0])
    return found


def merged_flows(U, sizes, i, j, update, alpha):
    """Accelerated U after j was merged into i."""
    U = U.copy()
    own, other = 1.0, 1.0
    if update == "alpha":
        own = other = 1 + alpha
    if update == "eq7":
        both = sizes[i] + sizes[j]
        own, other = both / sizes[i], both / sizes[j]
    U[i, :] += U[j, :]
    U[:, i] = own * U[:, i] + other * U[:, j]
    U[j, :] = U[:, j] = 0
    U[i, i] = 0
    return U


def dense_agglomerate(
    W, labels, target, *, update="exact", alpha=0.0, k=1, weight=0.0, local_above=0,
    partners="all", linkage="degree", on_merge=None,
):  # fmt: skip
    """Return labels, pairs of names and scores; stops where no affinity is above 0."""
    W = W.toarray() if sparse.issparse(W) else W
    labels = np.unique(labels, return_inverse=True)[1]
    n_first = labels.max() + 1
    names = np.arange(n_first)
    start = cycles if linkage == "cycle" else flows
    power = 1 if linkage == "cycle" else 2
    U, pairs, chosen = start(W, labels), [], []
    while (names >= 0).sum() > target:
        sizes = np.maximum(np.bincount(labels, minlength=n_first), 1).astype(float)
        found = scores(affinities(U, sizes, power), names, k, weight, local_above, partners)
        if not found:
            break
        i = min(found, key=lambda c: (-found[c][0], names[c]))
        j = found[i][1]
        pairs.append(sorted((int(names[i]), int(names[j]))))
        chosen.append(found[i][0])
        i, j = sorted((i, j))
        if update != "exact" and linkage == "degree":
            U = merged_flows(U, sizes, i, j, update, alpha)
        labels = np.where(labels == j, i, labels)
        names[j] = -1
        if update == "exact" or linkage == "cycle":
            U = np.zeros((n_first, n_first))
            part = start(W, labels)
            U[: len(part), : len(part)] = part
        if on_merge is not None:
            on_merge(U, labels)
    return np.unique(labels, return_inverse=True)[1], np.array(pairs).reshape(-1, 2), chosen


@cache
def random_case(seed, n=None, dims=None, n_neighbors=None):
    """A graph of random points, and its first clusters."""
    rng = np.random.default_rng(seed)
    n = n or int(rng.integers(60, 120))
    X = rng.normal(size=(n, dims or int(rng.integers(2, 12))))
    X[: n // 3] += 2.0
    k = n_neighbors or int(rng.integers(4, 15))
    graph = affinity_graph(X, k, unit_rows=bool(seed % 2), n_threads=1)
    return X, graph, initial_clusters(graph.neighbors)
