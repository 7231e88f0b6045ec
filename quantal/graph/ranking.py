"""Which pair is merged next: nearest clusters, scores, and the best of all in a tournament.

A cluster's score is (1 + w) A_1 - w / (K - 1) * (A_2 + ... + A_K), where A_1 >= A_2 >= ... are its
affinities to its K nearest clusters (0 where there are fewer) and w weighs the local structure.
Equal scores go to the cluster whose name is smaller, and so do equal affinities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .cluster_links import NAME, NOBODY, SIZE
from .compiled import compiled
from .link_table import START, n_slots

ALL, SMALLER, LARGER = 0, 1, 2  # which partners a cluster looks at, by their names
FILLED, WHOLE = 0, 1


class Rules(NamedTuple):
    """What a run of merges follows.

    Attributes:
        update: `merging.EXACT`, `merging.ALPHA` or `merging.EQ7`.
        alpha: ratio of cross terms to their diagonal partners under `merging.ALPHA`.
        power: power of the target's size that divides U: 2, or 1 for sums of cycles.
        n_nearest: K, clusters that a score looks at.
        local_weight: w, weight of the local structure.
        local_above: number of clusters down to which K counts; from there on it is 1.
        partners: `ALL`, `SMALLER` or `LARGER`.
    """

    update: int
    alpha: float
    power: int
    n_nearest: int
    local_weight: float
    local_above: int
    partners: int


class Ranking(NamedTuple):
    """The nearest clusters of each cluster, and the tournament of their scores.

    Attributes:
        affinity: (clusters, width) float64, the largest affinities, descending.
        partner: (clusters, width) int64, whose they are.
        held: (clusters, 2) int64: how many of them are held (`FILLED`), and 1 where no partner of
            the cluster is missing there (`WHOLE`).
        score: (clusters,) float64, -inf without a partner.
        winner: (2 * leaves,) int64, the best cluster below each node, or `NOBODY`; node 1 is the
            root and cluster c is leaf ``leaves + c``.
    """

    affinity: NDArray[np.float64]
    partner: NDArray[np.int64]
    held: NDArray[np.int64]
    score: NDArray[np.float64]
    winner: NDArray[np.int64]


def new_ranking(n_clusters: int, rules: Rules) -> Ranking:
    """Return a ranking of clusters none of which has a partner yet."""
    width = 2 * rules.n_nearest + 2  # spare places save searches when a near cluster is merged
    leaves = 1 << (n_clusters - 1).bit_length()
    winner = np.full(2 * leaves, NOBODY, np.int64)
    winner[leaves : leaves + n_clusters] = np.arange(n_clusters)
    return Ranking(
        np.zeros((n_clusters, width)),
        np.zeros((n_clusters, width), np.int64),
        np.tile(np.array([0, 1]), (n_clusters, 1)),
        np.full(n_clusters, -np.inf),
        winner,
    )


@compiled
def rank_all(ranking: Any, table: Any, members: Any, rules: Any, n_alive: int) -> None:
    """Find every cluster's nearest ones and scores, and hold the tournament."""
    for c in range(len(members.clusters)):
        search(ranking, table, members, rules, c)
    rescore_all(ranking, members, rules, n_alive)


@compiled
def rescore_all(ranking: Any, members: Any, rules: Any, n_alive: int) -> None:
    """Compute every score from the nearest clusters and hold the whole tournament."""
    for c in range(len(members.clusters)):
        ranking.score[c] = score_of(ranking, rules, c, n_alive)
    for node in range(len(ranking.winner) // 2 - 1, 0, -1):
        ranking.winner[node] = _better(ranking, members, node)


@compiled
def affinity_at(table: Any, members: Any, rules: Any, c: int, slot: int) -> Any:
    """Return A(c, j) for the entry of j in the map of c."""
    own = np.float64(members.clusters[c, SIZE])
    other = np.float64(members.clusters[table.keys[slot], SIZE])
    if rules.power == 2:
        own, other = own * own, other * other
    # Sums of two numbers do not depend on their order, so A is symmetric to the bit.
    return table.weights[slot, 0] / other + table.weights[slot, 1] / own


@compiled
def search(ranking: Any, table: Any, members: Any, rules: Any, c: int) -> None:
    """Find the nearest clusters of a cluster anew."""
    ranking.held[c, FILLED] = 0
    ranking.held[c, WHOLE] = 1
    start = table.maps[c, START]
    for slot in range(start, start + n_slots(table, c)):
        if table.keys[slot] >= 0:
            affinity = affinity_at(table, members, rules, c, slot)
            enter(ranking, members, rules, c, table.keys[slot], affinity)


@compiled
def enter(ranking: Any, members: Any, rules: Any, c: int, partner: int, affinity: float) -> None:
    """Give a cluster that is not held yet its place among the nearest ones of another."""
    name, own = members.clusters[partner, NAME], members.clusters[c, NAME]
    if (rules.partners == SMALLER and name > own) or (rules.partners == LARGER and name < own):
        return
    if not affinity > 0:
        return
    filled = ranking.held[c, FILLED]
    width = ranking.affinity.shape[1]
    place = filled
    while place > 0 and _is_before(ranking, members, affinity, name, c, place - 1):
        place -= 1
    if place == filled and (filled == width or ranking.held[c, WHOLE] == 0):
        ranking.held[c, WHOLE] = 0  # behind the last one held: unknown ones may be before it
        return
    if filled == width:
        ranking.held[c, WHOLE] = 0
        filled -= 1
    for i in range(filled, place, -1):
        ranking.affinity[c, i] = ranking.affinity[c, i - 1]
        ranking.partner[c, i] = ranking.partner[c, i - 1]
    ranking.affinity[c, place] = affinity
    ranking.partner[c, place] = partner
    ranking.held[c, FILLED] = filled + 1


@compiled
def _is_before(ranking: Any, members: Any, affinity: float, name: int, c: int, place: int) -> Any:
    """Tell whether a newcomer goes before the one at a place."""
    held = ranking.affinity[c, place]
    if held == affinity:
        return name < members.clusters[ranking.partner[c, place], NAME]
    return affinity > held


@compiled
def leave(ranking: Any, c: int, partner: int) -> None:
    """Take a cluster out of the nearest ones of another, if it is there."""
    filled = ranking.held[c, FILLED]
    for place in range(filled):
        if ranking.partner[c, place] == partner:
            for i in range(place, filled - 1):
                ranking.affinity[c, i] = ranking.affinity[c, i + 1]
                ranking.partner[c, i] = ranking.partner[c, i + 1]
            ranking.held[c, FILLED] = filled - 1
            return


@compiled
def _n_counted(rules: Any, n_alive: int) -> Any:
    return rules.n_nearest if n_alive > rules.local_above else 1


@compiled
def score_of(ranking: Any, rules: Any, c: int, n_alive: int) -> Any:
    """Return the score of a cluster whose nearest ones are known."""
    filled, counted = ranking.held[c, FILLED], _n_counted(rules, n_alive)
    if filled == 0:
        return -np.inf
    if counted == 1:
        return ranking.affinity[c, 0]
    others = 0.0
    for place in range(1, min(counted, filled)):
        others += ranking.affinity[c, place]
    weight = rules.local_weight
    return (1 + weight) * ranking.affinity[c, 0] - weight / (counted - 1) * others


@compiled
def replay(ranking: Any, table: Any, members: Any, rules: Any, c: int, n_alive: int) -> None:
    """Bring a cluster's score and its games up to date after its nearest ones changed."""
    if ranking.held[c, WHOLE] == 0 and ranking.held[c, FILLED] < _n_counted(rules, n_alive):
        search(ranking, table, members, rules, c)
    ranking.score[c] = score_of(ranking, rules, c, n_alive)
    node = (len(ranking.winner) // 2 + c) // 2
    while node >= 1:
        before = ranking.winner[node]
        ranking.winner[node] = _better(ranking, members, node)
        if before == ranking.winner[node] and before != c:
            return  # the same winner with the same score: nothing changes above
        node //= 2


@compiled
def _better(ranking: Any, members: Any, node: int) -> Any:
    left, right = ranking.winner[2 * node], ranking.winner[2 * node + 1]
    if min(left, right) == NOBODY:
        return max(left, right)
    is_left = ranking.score[left] > ranking.score[right]
    if ranking.score[left] == ranking.score[right]:
        is_left = members.clusters[left, NAME] < members.clusters[right, NAME]
    return left if is_left else right
