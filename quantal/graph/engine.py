"""One run of merges on one graph: the compiled parts, held together and resumable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .cluster_links import (
    NAME,
    SIZE,
    Edges,
    cycle_links,
    degree_links,
    members_of,
    row_links,
)
from .link_table import COUNT, FIRST_BITS, TOP, longer, new_table
from .merging import EXACT, NEEDS_SPACE, merge, merge_until
from .ranking import Rules, new_ranking, rank_all

MERGES_AT_ONCE = 4096  # between two of these an interrupt from the keyboard is heard


class Engine:
    """Clusters on a graph, ready to be merged.

    Clusters are numbered as in ``labels``; a merged one goes by its smallest number.

    Args:
        edges: of the graph; or products W_xy W_yx, where ``rules.power`` is 1.
        labels: (n,) int64 labels from 0, each in use.
        rules: what merges follow.
    """

    def __init__(self, edges: Edges, labels: NDArray[np.int64], rules: Rules) -> None:
        self.rules = rules
        self.members = members_of(labels)
        self.n_first = self.n_alive = n_clusters = len(self.members.clusters)
        self.rows = new_table(n_clusters, 0)
        if rules.power == 1:
            self.table = cycle_links(edges, self.members)
        else:
            rows = row_links(edges, self.members)
            self.table = degree_links(rows, self.members)
            if rules.update == EXACT:  # only the cross terms need the links to rows
                self.rows = rows
        self.ranking = new_ranking(n_clusters, rules)
        rank_all(self.ranking, self.table, self.members, rules, n_clusters)
        self._log = np.zeros((n_clusters, 3), np.int64)
        self._scores = np.zeros(n_clusters)

    def run(self, n_wanted: int) -> None:
        """Merge until so many clusters are left, or none are linked (see `is_exhausted`)."""
        while self.n_alive > n_wanted and not self.is_exhausted():
            self.n_alive, state = merge_until(
                self.rows,
                self.table,
                self.members,
                self.ranking,
                self.rules,
                self._log,
                self._scores,
                self.n_alive,
                max(n_wanted, self.n_alive - MERGES_AT_ONCE),
            )
            if state == NEEDS_SPACE:
                self._lengthen()

    def is_exhausted(self) -> bool:
        """Tell whether no two clusters are linked."""
        return bool(self.ranking.score[self.ranking.winner[1]] == -np.inf)

    def merge_unlinked(self, a: int, b: int) -> None:
        """Merge two clusters, by their names, that no affinity chose; their score is 0."""
        alive = np.flatnonzero(self.members.clusters[:, SIZE])
        names = self.members.clusters[alive, NAME]
        p, q = (int(alive[names == name][0]) for name in (a, b))
        parts = (self.rows, self.table, self.members, self.ranking, self.rules, self._log)
        if not merge(*parts, self.n_alive, p, q):
            self._lengthen()
            merge(self.rows, self.table, *parts[2:], self.n_alive, p, q)
        self.n_alive -= 1

    def labels(self) -> NDArray[np.int64]:
        """Return the name of each row's cluster, shape (n,)."""
        return np.asarray(self.members.clusters[self.members.cluster, NAME])

    def log(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Return pairs of names, scores and sizes of the merges so far."""
        done = self.n_first - self.n_alive
        return self._log[:done, :2], self._scores[:done], self._log[:done, 2]

    def _lengthen(self) -> None:
        """Find space for any next merge; untouched space costs no memory."""
        longest = int(self.table.maps[:, COUNT].max()) + int(self.rows.maps[:, COUNT].max())
        for_one = 32 * longest + (1 << FIRST_BITS) * 8
        of_others = 3 * int(self.table.blocks[TOP]) + 16 * self.n_alive
        self.table = longer(self.table, for_one + of_others)
        if len(self.rows.keys):
            self.rows = longer(self.rows, for_one)
