"""Which row is in which cluster, with the members of every cluster in order, kept up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .cluster import Cluster, Rows, Tag


@dataclass(frozen=True, eq=False)
class Transfer:
    """Rows that go from one cluster to another, the most typical first."""

    rows: Rows
    source: int
    target: int


@dataclass(frozen=True, eq=False)
class Change:
    """What an edit does, in a form that can be taken back exactly.

    Attributes:
        transfers: each row stands in one of them at most, and no cluster both gives and takes.
        before: tags that the edit replaces.
        after: what it replaces them by.
        created: numbers of clusters that did not exist.
    """

    transfers: tuple[Transfer, ...] = ()
    before: dict[int, Tag] = field(default_factory=dict)
    after: dict[int, Tag] = field(default_factory=dict)
    created: tuple[int, ...] = ()


class Assignment:
    """The labels of all rows and, for each cluster, its members in order.

    An edit costs time in proportion to the clusters that it touches, whatever their number.

    Args:
        labels: (n,) cluster of each row, from 0; copied.
        scores: (n,) float32 in [0, 1], how typical a row is; members are ordered by it, ties by
            the row number. A row keeps its score wherever it is moved.
        n_clusters: clusters that exist, with members or without.
    """

    def __init__(
        self, labels: NDArray[np.integer], scores: NDArray[np.float32], n_clusters: int
    ) -> None:
        self.labels: NDArray[np.int32] = np.array(labels, np.int32)
        self.scores = scores
        order = np.argsort(-scores, kind="stable").astype(np.int32)
        self._rank = np.empty(len(order), np.int32)
        self._rank[order] = np.arange(len(order), dtype=np.int32)
        by_cluster = order[np.argsort(self.labels[order], kind="stable")]
        counts = np.bincount(self.labels, minlength=n_clusters)
        parts = np.split(by_cluster, np.cumsum(counts)[:-1])
        self.clusters = {number: self._cluster(number, part) for number, part in enumerate(parts)}

    def apply(self, change: Change) -> None:
        """Do what ``change`` says."""
        for number in change.created:
            self.clusters[number] = self._cluster(number, np.empty(0, np.int32))
        self._move([(t.rows, t.source, t.target) for t in change.transfers])
        self._tag(change.after)

    def revert(self, change: Change) -> None:
        """Take back ``change``, which must have been the last one applied."""
        self._move([(t.rows, t.target, t.source) for t in change.transfers])
        self._tag(change.before)
        for number in change.created:
            del self.clusters[number]

    def in_order(self, rows: Iterable[int] | NDArray[np.integer]) -> Rows:
        """Return distinct rows, the most typical first."""
        given = rows if isinstance(rows, np.ndarray) else np.fromiter(rows, np.int64)
        chosen = np.unique(given.astype(np.int32))
        return chosen[np.argsort(self._rank[chosen])]

    def _move(self, moves: list[tuple[Rows, int, int]]) -> None:
        """Move rows, each from its source to its target; every cluster is remade once."""
        arrived: dict[int, list[Rows]] = {}
        for rows, _, target in moves:
            self.labels[rows] = target
            arrived.setdefault(target, []).append(rows)
        for source in {source for _, source, _ in moves}:
            old = self.clusters[source]
            stayed = old.members[self.labels[old.members] == source]
            self.clusters[source] = self._cluster(source, stayed, old.tag)
        for target, parts in arrived.items():
            new = self.clusters[target]
            rows = self.in_order(np.concatenate(parts))
            members = self._joined(new.members, rows)
            self.clusters[target] = self._cluster(target, members, new.tag)

    def _joined(self, members: Rows, rows: Rows) -> Rows:
        if not len(members):
            return rows
        places = np.searchsorted(self._rank[members], self._rank[rows])
        return np.insert(members, places, rows)

    def _tag(self, tags: dict[int, Tag]) -> None:
        for number, tag in tags.items():
            self.clusters[number] = replace(self.clusters[number], tag=tag)

    def _cluster(self, number: int, members: Rows, tag: Tag | None = None) -> Cluster:
        score = float(self.scores[members].mean()) if len(members) else float("nan")
        return Cluster(number, members, score, tag or Tag())
