"""The merge of two clusters, and run after run of merges: the engine of agglomeration.

A merge moves the entries of the smaller cluster's maps into those of the larger one, so that an
entry moves at most log2 of the number of clusters times. Only pairs with the merged cluster change
their affinity.

Source: the merge identities of Yang, Parikh, Batra 2016, supplement, Eqs. 2, 3, 6 and 9. Eq. 3 in
the form used here: U(i->k) of k = m + n is U(i->m) + U(i->n) plus, summed over the rows x of i
that are linked with both, i_x(m) o_x(n) + i_x(n) o_x(m).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .cluster_links import FIRST, LAST, NAME, NOBODY, SIZE
from .compiled import compiled
from .link_table import (
    COUNT,
    FIRST_BITS,
    START,
    TOP,
    entry,
    has_space,
    make_room,
    n_slots,
    release,
    remove,
    space_for,
)
from .ranking import FILLED, WHOLE, affinity_at, enter, leave, replay, rescore_all, search

EXACT, ALPHA, EQ7 = 0, 1, 2
ENDED, NEEDS_SPACE = -1, -2


@compiled
def merge_until(
    rows: Any,
    table: Any,
    members: Any,
    ranking: Any,
    rules: Any,
    log: Any,
    scores: Any,
    n_alive: int,
    n_wanted: int,
) -> Any:
    """Merge the best pair until so many clusters are left, or none are linked, or space runs out.

    Args:
        rows: links to rows, without any unless the update is `EXACT`.
        table: links between clusters.
        members: who belongs where.
        ranking: the nearest clusters, and the tournament.
        rules: what to follow.
        log: (merges, 3) int64, receives names of both clusters, the smaller first, and the size.
        scores: (merges,) float64, receives the score that chose the pair.
        n_alive: clusters before.
        n_wanted: clusters to stop at.

    Returns:
        Clusters left, and `ENDED` or `NEEDS_SPACE`.
    """
    while n_alive > n_wanted:
        c = ranking.winner[1]
        if ranking.score[c] == -np.inf:
            break
        score = ranking.score[c]
        partner = ranking.partner[c, 0]
        if not merge(rows, table, members, ranking, rules, log, n_alive, c, partner):
            return n_alive, NEEDS_SPACE
        scores[len(members.clusters) - n_alive] = score
        n_alive -= 1
    return n_alive, ENDED


@compiled
def merge(
    rows: Any,
    table: Any,
    members: Any,
    ranking: Any,
    rules: Any,
    log: Any,
    n_alive: int,
    p: int,
    q: int,
) -> Any:
    """Merge two clusters and bring everything up to date; False, and nothing done, without space.

    Args:
        rows: as for `merge_until`; so are ``table``, ``members``, ``ranking``, ``rules``, ``log``.
        table: see there.
        members: see there.
        ranking: see there.
        rules: see there.
        log: see there.
        n_alive: clusters before.
        p: one cluster.
        q: the other.
    """
    if _load(rows, table, members, p) < _load(rows, table, members, q):
        p, q = q, p  # the lighter one moves
    if not _have_space(rows, table, p, q, n_alive):
        return False
    step = len(members.clusters) - n_alive
    log[step, 0] = min(members.clusters[p, NAME], members.clusters[q, NAME])
    log[step, 1] = max(members.clusters[p, NAME], members.clusters[q, NAME])
    log[step, 2] = members.clusters[p, SIZE] + members.clusters[q, SIZE]
    _relabel(members, p, q)
    _move_cluster_links(table, members, rules, p, q)
    if rules.update == EXACT:
        _move_row_links(rows, table, members, p, q)
    _join(members, p, q)
    _rank_again(table, members, ranking, rules, p, q, n_alive - 1)
    if n_alive - 1 == rules.local_above:
        rescore_all(ranking, members, rules, n_alive - 1)
    return True


@compiled
def _load(rows: Any, table: Any, members: Any, c: int) -> Any:
    return rows.maps[c, COUNT] + table.maps[c, COUNT] + members.clusters[c, SIZE]


@compiled
def _have_space(rows: Any, table: Any, p: int, q: int, n_alive: int) -> Any:
    """Tell whether p's maps can take q's, and the map of every other cluster one key more."""
    n_new = table.maps[q, COUNT] + rows.maps[q, COUNT]
    # Growing block by block takes at most twice the slots of the last block; a map that one key
    # makes longer takes at most four slots for each of its keys, which fill 3/4 of its slots.
    of_others = 3 * table.blocks[TOP] + (1 << FIRST_BITS) * n_alive + 4 * n_alive
    if rows.maps[q, COUNT] and not has_space(rows, space_for(rows, p, rows.maps[q, COUNT])):
        return False
    return has_space(table, 2 * space_for(table, p, n_new) + of_others)


@compiled
def _relabel(members: Any, p: int, q: int) -> None:
    x = members.clusters[q, FIRST]
    while x != NOBODY:
        members.cluster[x] = p
        x = members.following[x]


@compiled
def _join(members: Any, p: int, q: int) -> None:
    """Append q's rows to p's."""
    members.following[members.clusters[p, LAST]] = members.clusters[q, FIRST]
    members.clusters[p, LAST] = members.clusters[q, LAST]
    members.clusters[p, SIZE] += members.clusters[q, SIZE]
    members.clusters[q, SIZE] = 0
    members.clusters[p, NAME] = min(members.clusters[p, NAME], members.clusters[q, NAME])


@compiled
def _factor(rules: Any, members: Any, c: int, other: int) -> Any:
    """Return what U(j->c) is multiplied by before U(j->other) is added."""
    if rules.update == ALPHA:
        return 1.0 + rules.alpha
    if rules.update == EQ7:
        return 1.0 + members.clusters[other, SIZE] / np.float64(members.clusters[c, SIZE])
    return 1.0


@compiled
def _move_cluster_links(table: Any, members: Any, rules: Any, p: int, q: int) -> None:
    """Add the map of q to that of p and release it; the maps of their partners follow later."""
    remove(table, p, q)
    factor = _factor(rules, members, p, q)
    for slot in range(table.maps[p, START], table.maps[p, START] + n_slots(table, p)):
        table.weights[slot, 1] *= factor
    make_room(table, p, table.maps[q, COUNT])
    factor = _factor(rules, members, q, p)
    for slot in range(table.maps[q, START], table.maps[q, START] + n_slots(table, q)):
        j = table.keys[slot]
        if j >= 0 and j != p:
            own = entry(table, p, j)
            table.weights[own, 0] += table.weights[slot, 0]
            table.weights[own, 1] += factor * table.weights[slot, 1]
            remove(table, j, q)
    release(table, q)


@compiled
def _move_row_links(rows: Any, table: Any, members: Any, p: int, q: int) -> None:
    """Add the row map of q to that of p, with the cross terms of Eq. 3, and release it."""
    x = members.clusters[q, FIRST]
    while x != NOBODY:  # rows of q are inside now
        remove(rows, p, x)
        x = members.following[x]
    if rows.maps[q, COUNT]:
        make_room(rows, p, rows.maps[q, COUNT])
    for slot in range(rows.maps[q, START], rows.maps[q, START] + n_slots(rows, q)):
        x = rows.keys[slot]
        if x < 0 or members.cluster[x] == p:
            continue
        own = entry(rows, p, x)
        cross = rows.weights[own, 0] * rows.weights[slot, 1]
        cross += rows.weights[own, 1] * rows.weights[slot, 0]
        if cross > 0:
            make_room(table, p, 1)
            table.weights[entry(table, p, members.cluster[x]), 1] += cross
        rows.weights[own, 0] += rows.weights[slot, 0]
        rows.weights[own, 1] += rows.weights[slot, 1]
    release(rows, q)


@compiled
def _rank_again(
    table: Any, members: Any, ranking: Any, rules: Any, p: int, q: int, n_alive: int
) -> None:
    """Mirror the merged cluster's links at its partners, and rank all that changed."""
    ranking.held[q, FILLED] = 0
    ranking.held[q, WHOLE] = 1
    replay(ranking, table, members, rules, q, n_alive)
    for slot in range(table.maps[p, START], table.maps[p, START] + n_slots(table, p)):
        j = table.keys[slot]
        if j < 0:
            continue
        make_room(table, j, 1)
        mirror = entry(table, j, p)
        table.weights[mirror, 0] = table.weights[slot, 1]
        table.weights[mirror, 1] = table.weights[slot, 0]
        affinity = affinity_at(table, members, rules, j, mirror)
        leave(ranking, j, p)
        leave(ranking, j, q)
        enter(ranking, members, rules, j, p, affinity)
        replay(ranking, table, members, rules, j, n_alive)
    search(ranking, table, members, rules, p)
    replay(ranking, table, members, rules, p, n_alive)
