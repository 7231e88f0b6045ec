"""Path integrals and zeta functions of clusters by dense solves: the reference for few rows.

The first order of both in z is what `agglomerate` computes on sparse graphs; here nothing is left
out, at the price of a solve for every pair of clusters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..errors import ParameterError, require_choice, require_range
from .merge_run import MergeRun, Regrow, require_target
from .merge_tree import MergeTree

MOST_ROWS = 3000
"""Rows above which the dense solves are refused."""


def agglomerate_exactly(
    walk: sparse.csr_array,
    labels: ArrayLike,
    n_clusters: int,
    *,
    measure: str,
    z: float = 0.01,
    on_exhausted: str = "stop",
    rows: Any = None,
    regrow: Regrow | None = None,
) -> MergeTree:
    """Merge the two clusters whose union raises their path integral or zeta function most.

    With F = (I - z P_ab)^-1 on the rows of clusters a and b together and G_a = (I - z P_a)^-1 on
    those of a, the sum over both clusters of: for "path", |a|^-2 times the sum of all entries of
    F_aa - G_a; for "zeta", the mean over the rows of a of the logarithm of F_ii / (G_a)_ii.

    Args:
        walk: P without its diagonal, (n, n), as `random_walk` gives it; what a row of it lacks to
            1 is its diagonal. At most 3,000 rows.
        labels: (n,) whole numbers: the cluster of each row to start from.
        n_clusters: clusters to stop at.
        measure: "path" or "zeta".
        z: weight of a step, in (0, 1).
        on_exhausted: as for `agglomerate`.
        rows: as for `agglomerate`.
        regrow: k -> P of k neighbours; as for `agglomerate`.

    Returns:
        The tree of merges; scores are the increments.

    Raises:
        DataError: ``walk`` or ``labels`` have a wrong form.
        ParameterError: Too many rows; or a parameter is out of its range.

    Source: Zhang, Zhao, Wang 2013, "Agglomerative clustering via maximum incremental path
        integral"; Zhao, Tang 2009, "Cyclizing clusters via zeta function of a graph".
    """
    require_target(n_clusters, on_exhausted, rows, regrow)
    require_choice("measure", measure, GAINS)
    require_range("z", z, low=0, low_open=True, high=0.999)
    if walk.shape[0] > MOST_ROWS:
        raise ParameterError(
            f"Dense solves are for at most {MOST_ROWS:,} rows, got {walk.shape[0]:,}. Take the "
            "leading order instead: agglomerate(), or order='leading'."
        )
    run = MergeRun(walk, labels, lambda w, first: _Solver(w, first, GAINS[measure], float(z)))
    return run.to(int(n_clusters), on_exhausted, rows, regrow)


class _Solver:
    """Clusters and the increment of every pair that can have one."""

    def __init__(
        self, walk: Any, labels: NDArray[np.int64], gain: Callable[..., float], z: float
    ) -> None:
        self.step = walk.toarray() if sparse.issparse(walk) else np.array(walk)
        np.fill_diagonal(self.step, 1 - self.step.sum(axis=1))
        self.gain, self.z = gain, z
        self.members = {c: np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)}
        self.of_row = labels.copy()
        self.gains: dict[tuple[int, int], float] = {}
        self.merges: list[tuple[int, int, float, int]] = []
        for c in self.members:
            self._update(c, above=c)

    @property
    def n_alive(self) -> int:
        """Clusters left."""
        return len(self.members)

    def run(self, n_wanted: int) -> None:
        """Merge until so many clusters are left, or none are linked."""
        while self.n_alive > n_wanted and self.gains:
            a, b = min(self.gains, key=lambda pair: (-self.gains[pair], pair))
            self._merge(a, b, self.gains[a, b])

    def merge_unlinked(self, a: int, b: int) -> None:
        """Merge two clusters that no increment chose."""
        self._merge(min(a, b), max(a, b), 0.0)

    def labels(self) -> NDArray[np.int64]:
        """Return the name of each row's cluster."""
        return self.of_row

    def log(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Return pairs of names, scores and sizes of the merges so far."""
        table = np.array(self.merges, np.float64).reshape(-1, 4)
        return table[:, :2].astype(np.int64), table[:, 2], table[:, 3].astype(np.int64)

    def _merge(self, a: int, b: int, gain: float) -> None:
        self.members[a] = np.concatenate([self.members[a], self.members.pop(b)])
        self.of_row[self.members[a]] = a
        self.merges.append((a, b, gain, len(self.members[a])))
        self.gains = {pair: g for pair, g in self.gains.items() if not {a, b} & set(pair)}
        self._update(a, above=-1)

    def _update(self, c: int, above: int) -> None:
        """Compute the increments of a cluster with those of larger numbers than ``above``."""
        own = self.members[c]
        out = set(self.of_row[self.step[own].any(axis=0)].tolist())
        back = set(self.of_row[self.step[:, own].any(axis=1)].tolist())
        for other in out & back - {c}:  # an increment needs a way there and a way back
            if other > above:
                a, b = min(c, other), max(c, other)
                gain = self.gain(self.step, self.members[a], self.members[b], self.z)
                if gain > 0:
                    self.gains[a, b] = gain


def _increase(
    step: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64], z: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return F_aa - G_a and G_a, without cancellation: F_aa (z^2 P_ab G_b P_ba) G_a."""
    alone = np.linalg.inv(np.eye(len(a)) - z * step[np.ix_(a, a)])
    across = np.linalg.solve(np.eye(len(b)) - z * step[np.ix_(b, b)], step[np.ix_(b, a)])
    detour = z**2 * step[np.ix_(a, b)] @ across
    together = np.linalg.inv(np.eye(len(a)) - z * step[np.ix_(a, a)] - detour)
    return np.asarray(together @ detour @ alone), np.asarray(alone)


def _path_gain(step: Any, a: NDArray[np.int64], b: NDArray[np.int64], z: float) -> float:
    first, second = _increase(step, a, b, z)[0], _increase(step, b, a, z)[0]
    return float(first.sum() / len(a) ** 2 + second.sum() / len(b) ** 2)


def _zeta_gain(step: Any, a: NDArray[np.int64], b: NDArray[np.int64], z: float) -> float:
    total = 0.0
    for own, other in ((a, b), (b, a)):
        increase, alone = _increase(step, own, other, z)
        total += float(np.log1p(increase.diagonal() / alone.diagonal()).mean())
    return total


GAINS: dict[str, Callable[..., float]] = {"path": _path_gain, "zeta": _zeta_gain}
