"""Agglomerative clustering on a directed graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from ..errors import ParameterError, require_choice, require_range
from .cluster_links import Edges
from .engine import Engine
from .merge_run import MergeRun, Regrow, require_target
from .merge_tree import MergeTree
from .merging import ALPHA, EQ7, EXACT
from .ranking import ALL, LARGER, SMALLER, Rules

UPDATES = {"exact": EXACT, "alpha": ALPHA, "eq7": EQ7}
PARTNERS = {"all": ALL, "smaller": SMALLER, "larger": LARGER}
LINKAGES = ("degree", "cycle")


def agglomerate(
    weights: sparse.csr_array,
    labels: ArrayLike,
    n_clusters: int,
    *,
    linkage: str = "degree",
    update: str = "exact",
    alpha: float = 0.0,
    n_nearest: int = 1,
    local_weight: float = 0.0,
    local_above: int = 0,
    partners: str = "all",
    on_exhausted: str = "stop",
    rows: Any = None,
    regrow: Regrow | None = None,
) -> MergeTree:
    """Merge clusters, the two of highest affinity first, until so many are left.

    By ``linkage="degree"`` the affinity of two clusters is A(i,j) = U(i->j) / |j|^2 +
    U(j->i) / |i|^2, where U(i->j) sums over the rows x of i the weight of the edges from x into j
    times that of the edges from j to x. By "cycle" it is (1/|i| + 1/|j|) times the sum of
    W_xy W_yx over x in i and y in j.

    Memory is that of a few numbers an edge; 70,000 rows with 20 neighbours take seconds.

    Args:
        weights: W, (n, n) SciPy sparse array, weights >= 0, as in ``affinity_graph(X).weights``.
            Its diagonal is ignored.
        labels: (n,) whole numbers: the cluster of each row to start from, as `initial_clusters`
            gives them or an earlier tree's `MergeTree.cut`.
        n_clusters: clusters to stop at. Where there are no more than that, nothing is merged.
        linkage: "degree" or "cycle", see above.
        update: how affinities follow a merge: "exact" (Eq. 3), "alpha" (Eq. 9: cross terms are
            ``alpha`` times their diagonal partners) or "eq7" (Eq. 7: degrees grow with sizes).
            "exact" costs no more here than the others. "cycle" is always exact.
        alpha: that ratio, > -1; only with update="alpha". The paper's useful range is [0, 0.1].
        n_nearest: K_c, how many clusters near a cluster its score looks at.
        local_weight: lambda. The pair of cluster i and its nearest is chosen by the largest
            (1 + lambda) A_1 - lambda / (K_c - 1) * (A_2 + ... + A_Kc) over i. 0 or n_nearest=1:
            by A alone.
        local_above: the local structure counts only while there are more clusters than this; 100
            in the Torch code of JULE.
        partners: "all"; or only clusters of "smaller" or "larger" number, as in the triangular
            tables of JULE's Torch and Caffe codes, whose result depends on the numbering.
        on_exhausted: what to do when no two clusters are linked before ``n_clusters`` is reached:
            "stop" and leave more clusters; merge the two whose mean "centroid" of ``rows`` are
            nearest; or "grow_ks": ask ``regrow`` for a graph of twice as many neighbours and go on
            with it, and by centroids once it has n - 1 neighbours or 50 million edges.
        rows: (n, d) rows whose means are compared; needed unless ``on_exhausted`` is "stop".
        regrow: k -> W of k neighbours; needed for "grow_ks".

    Returns:
        The tree of merges, to be cut anywhere between the first clusters and the last.

    Raises:
        DataError: ``weights`` or ``labels`` have a wrong form.
        ParameterError: A parameter is out of its range, or ``rows`` or ``regrow`` is missing.

    Source: Zhang et al. 2012, Graph Degree Linkage; Yang, Parikh, Batra 2016 and its supplement.
    Differs: equal scores go to the cluster with the smallest number, and unlinked clusters are
        never merged in the order of a scan, as the authors' toolbox does.
    """
    require_target(n_clusters, on_exhausted, rows, regrow)
    rules = _rules(linkage, update, alpha, n_nearest, local_weight, local_above, partners)
    run = MergeRun(weights, labels, lambda w, first: Engine(_edges(w, linkage), first, rules))
    return run.to(int(n_clusters), on_exhausted, rows, regrow)


def _edges(weights: Any, linkage: str) -> Edges:
    """Return the edges of W, or of the products W_xy W_yx."""
    table = sparse.csr_array(weights)
    if linkage == "cycle":
        table = sparse.csr_array(table.multiply(table.T))
    used = np.flatnonzero(table.data)  # weights that underflowed are no edges
    source = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    return Edges(
        source[used],
        table.indices[used].astype(np.int64, copy=False),
        table.data[used].astype(np.float64, copy=False),
    )


def _rules(
    linkage: str,
    update: str,
    alpha: float,
    n_nearest: int,
    local_weight: float,
    local_above: int,
    partners: str,
) -> Rules:
    require_choice("linkage", linkage, LINKAGES)
    require_choice("update", update, UPDATES)
    require_range("alpha", alpha, low=-1, low_open=True)
    require_range("n_nearest", n_nearest, low=1, high=1000, integer=True)
    require_range("local_weight", local_weight, low=0)
    require_range("local_above", local_above, low=0, integer=True)
    require_choice("partners", partners, PARTNERS)
    if linkage == "cycle" and update != "exact":
        raise ParameterError(
            f"linkage='cycle' is additive under merges, so its update is 'exact', got {update!r}. "
            "Leave update out."
        )
    # Sums of cycles have no cross terms: with alpha = 0 they just add up.
    return Rules(
        ALPHA if linkage == "cycle" else UPDATES[update],
        float(alpha) if update == "alpha" else 0.0,
        1 if linkage == "cycle" else 2,
        int(n_nearest) if local_weight > 0 else 1,
        float(local_weight),
        int(local_above),
        PARTNERS[partners],
    )
