"""Methods that recipes name beside quantal's own: what users have without it, or beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def build_method(method: str, **parameters: Any) -> Any:
    """Make an estimator of `quantal.catalog`, or one of scikit-learn.

    Args:
        method: a key of `PEERS` or of `quantal.catalog.METHODS`.
        parameters: of its constructor.

    Raises:
        ParameterError: Unknown method, or unknown parameter of one of quantal's.
    """
    if method in PEERS:
        return PEERS[method](**parameters)
    from ..catalog import build

    return build(method, **parameters)


def _kmeans(**parameters: Any) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(**parameters)


def _average_linkage(random_state: int, **parameters: Any) -> Any:  # noqa: ARG001
    """Average linkage by SciPy's chain of nearest neighbours; it draws nothing at random."""
    from sklearn.cluster import AgglomerativeClustering

    return AgglomerativeClustering(linkage="average", **parameters)


def _joint_labels(n_clusters: int, **parameters: Any) -> Any:  # noqa: ARG001
    """The labels of JULE's stages, as many as these ended with."""
    from .joint_labels import JointLabels

    return JointLabels(**parameters)


PEERS: dict[str, Callable[..., Any]] = {
    "kmeans": _kmeans,
    "average-linkage": _average_linkage,
    "joint-labels": _joint_labels,
}
"""Name in a recipe -> (n_clusters, random_state, parameters) -> an estimator with fit, labels_."""
