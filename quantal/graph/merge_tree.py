"""The merges of an agglomeration, and the clusters at any number of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ParameterError, require_range


@dataclass(frozen=True, eq=False)
class MergeTree:
    """What was merged with what, from the first clusters on.

    A merged cluster goes by the smallest number of the first clusters in it.

    Attributes:
        labels: (n,) int64, the first cluster of each row, from 0.
        pairs: (merges, 2) int64, the two clusters of each merge in order, the smaller number
            first, which then stands for both.
        scores: (merges,) float64, the score that chose the pair: the affinity of the two, or what
            the local structure makes of it; 0 where no clusters were linked any more and the
            nearest means were merged. Scores need not fall from merge to merge.
        sizes: (merges,) int64, rows of the merged cluster.

    Raises:
        DataError: The parts do not describe such merges.
    """

    labels: NDArray[np.int64]
    pairs: NDArray[np.int64]
    scores: NDArray[np.float64]
    sizes: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not self._is_sound():
            raise DataError(
                "The merge tree is damaged: its merges are not of clusters that exist. Take it "
                "from agglomerate()."
            )

    def _is_sound(self) -> bool:
        n, m = len(self.labels), len(self.pairs)
        if n == 0 or self.labels.min() < 0 or self.labels.max() >= n:
            return False
        if self.pairs.shape != (m, 2) or not self.scores.shape == self.sizes.shape == (m,):
            return False
        first, second = self.pairs.T
        if m >= self.n_initial or (first < 0).any() or (first >= second).any():
            return False
        if m == 0:
            return True
        if second.max() >= self.n_initial:
            return False
        absorbed = np.full(self.n_initial, m)  # at which merge a cluster ends
        absorbed[second] = np.arange(m)
        return len(np.unique(second)) == m and bool((absorbed[first] > np.arange(m)).all())

    @property
    def n_initial(self) -> int:
        """Number of clusters before the first merge."""
        return int(self.labels.max()) + 1

    @property
    def n_final(self) -> int:
        """Number of clusters after the last merge."""
        return self.n_initial - len(self.pairs)

    def cut(self, n_clusters: int) -> NDArray[np.int64]:
        """Return the label of every row when so many clusters were left.

        Args:
            n_clusters: from `n_final` to `n_initial`.

        Returns:
            (n,) int64, labels from 0 in the order of the clusters' numbers.

        Raises:
            ParameterError: The tree never had so many clusters, or so few.
        """
        require_range("n_clusters", n_clusters, low=1, integer=True)
        if not self.n_final <= n_clusters <= self.n_initial:
            raise ParameterError(
                f"The merge tree goes from {self.n_initial} clusters to {self.n_final}, so it "
                f"cannot be cut at n_clusters={n_clusters}. Ask for a number between them, or "
                "merge again with another target."
            )
        root = np.arange(self.n_initial)
        merges = self.pairs[: self.n_initial - int(n_clusters)]
        root[merges[:, 1]] = merges[:, 0]
        while True:  # each turn halves the way to the root
            above = root[root]
            if np.array_equal(above, root):
                break
            root = above
        _, labels = np.unique(root, return_inverse=True)
        return labels[self.labels].astype(np.int64, copy=False)
