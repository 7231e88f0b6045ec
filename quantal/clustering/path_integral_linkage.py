"""Path integral linkage: merge the clusters whose union holds most paths more than they do."""

from __future__ import annotations

from .walk_linkage import WalkLinkage


class PathIntegralLinkage(WalkLinkage):
    """Agglomeration by the increment of path integrals on a directed graph (PIC).

    P walks from a row to itself and its neighbours by their weights. A cluster's path integral sums
    z^length over all paths within it, divided by its squared size. Merged are the two clusters
    whose union raises the integrals of both most. To the first order in z that is graph degree
    linkage with P for W, which is what runs here; exact solves agree with it (see ``order``).
    Labels exist for the fitted rows only.

    Args:
        n_clusters: number of clusters.
        n_neighbors: neighbours of each row in the graph (K).
        kernel_width: the mean squared distance of neighbours times this is sigma^2 in the weight
            exp(-d^2 / sigma^2) of an edge (a).
        sigma_doubling: double sigma^2 until every row's nearest neighbour weighs at least 1e-5.
        centered: subtract the columns' means first; changes nothing without ``unit_rows``.
        unit_rows: bring rows to length 1 before neighbours are looked for.
        order: "leading": the first order in z, in time that grows with the edges. "exact": dense
            solves for each pair of clusters, for at most 3,000 rows.
        z: weight of a step of the walk, in (0, 1); used by "exact" only, "leading" is its limit.
        on_exhausted: what to do when no two clusters are linked before n_clusters are left:
            "grow_ks": double the neighbours; "centroid": merge the nearest means.
        outliers: "keep": a few outliers that nothing points back at may be a cluster, and true ones
            are merged in their stead; "join": they do not count and join the nearest mean, see
            `quantal.graph.cut_joining_outliers`. ``tree_`` holds them as they were merged.
        random_state: accepted as everywhere; nothing is drawn.

    Attributes:
        labels_: Cluster of each row, shape (n,), int64; clusters are numbered by size.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64.
        tree_: The `quantal.graph.MergeTree`; `labels_at` cuts it at any number of clusters.
        first_labels_: Cluster of each row before the first merge, shape (n,), int64.
        merges_: The two clusters of each merge, shape (m, 2), int64.
        merge_scores_: What chose them, shape (m,), float64: the increment, divided by z^2 for
            "leading".
        merge_sizes_: Rows of each merged cluster, shape (m,), int64.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Zhang, Zhao, Wang 2013, "Agglomerative clustering via maximum incremental path
        integral".
    Differs: the first order in z by default; pairs that only longer detours link
    count as not linked.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import PathIntegralLinkage
        >>> PathIntegralLinkage(10).fit(load_digits().data[:500]).cluster_sizes_.shape
        (10,)
    """

    measure = "path"
    linkage = "degree"
