"""Clusters on a graph and their links, kept in hash maps: what merging starts from.

Notation, as in the supplement of Yang et al. 2016: o_x(c) is the weight of the edges from row x
into cluster c, i_x(c) that of the edges from c to x, and U(c->j) the sum over rows x of c of
i_x(j) o_x(j); the affinity A(c->j) is U(c->j) / |j|^2.

Two tables of maps hold them. Of rows: map c has o_x(c) and i_x(c) for every row x outside c that
is linked with it. Of clusters: map c has U(c->j) and U(j->c) for every j with one of them above 0,
and map j has the same two numbers the other way round.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .link_table import (
    COUNT,
    START,
    LinkTable,
    entry,
    has_space,
    longer,
    make_room,
    n_slots,
    new_table,
    space_for,
)

NOBODY = -1
FIRST, LAST, SIZE, NAME = 0, 1, 2, 3


class Members(NamedTuple):
    """Who belongs to which cluster; a merged cluster lives on under the number of one part.

    Attributes:
        cluster: (n,) int64, number of each row's cluster.
        following: (n,) int64, the next row of the same cluster, `NOBODY` behind the last.
        clusters: (clusters, 4) int64: of each cluster the first row (`FIRST`), the last (`LAST`),
            how many there are (`SIZE`, 0 for a cluster that was absorbed), and the smallest number
            of all that were merged into it (`NAME`).
    """

    cluster: NDArray[np.int64]
    following: NDArray[np.int64]
    clusters: NDArray[np.int64]


class Edges(NamedTuple):
    """The edges of a graph, one after another.

    Attributes:
        source: (edges,) int64 rows that they come from.
        target: (edges,) int64 rows that they lead to.
        weight: (edges,) float64, > 0.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]


def members_of(labels: NDArray[np.int64]) -> Members:
    """Return the clusters that labels 0, 1, ... describe."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    behind = np.cumsum(sizes)
    following = np.full(len(labels), NOBODY, np.int64)
    following[order[:-1]] = order[1:]
    following[order[behind - 1]] = NOBODY
    names = np.arange(len(sizes))
    clusters = np.stack([order[behind - sizes], order[behind - 1], sizes, names], axis=1)
    return Members(labels.copy(), following, clusters.astype(np.int64))


def row_links(edges: Edges, members: Members) -> LinkTable:
    """Return o and i of every cluster and every row linked with it."""
    # A guess that spares most enlargements: two entries an edge, fewer for edges within clusters.
    table = new_table(len(members.clusters), 4 * len(edges.source) + 64)
    done = 0
    while (done := _enter_rows(edges, members, table, done)) < len(edges.source):
        table = longer(table, len(table.keys) // 4 + 64)
    return table


def degree_links(rows: LinkTable, members: Members) -> LinkTable:
    """Return U of every pair of clusters that is above 0, from o and i of their rows."""
    most = int(rows.maps[:, COUNT].sum())
    flows = Edges(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most))
    n_flows = _list_flows(rows, members, flows)
    flows = Edges(flows.source[:n_flows], flows.target[:n_flows], flows.weight[:n_flows])
    return _flow_table(flows, len(members.clusters))


def cycle_links(products: Edges, members: Members) -> LinkTable:
    """Return sums of W_xy W_yx between clusters, given these products as edges."""
    between = members.cluster[products.source], members.cluster[products.target]
    apart = between[0] != between[1]
    flows = Edges(between[0][apart], between[1][apart], products.weight[apart])
    return _flow_table(flows, len(members.clusters))


def _flow_table(flows: Edges, n_clusters: int) -> LinkTable:
    """Return the sums of flows between clusters."""
    table = new_table(n_clusters, 64 * n_clusters + 64)
    done = 0
    while (done := _enter_flows(flows, table, done)) < len(flows.source):
        table = longer(table, len(table.keys) // 4 + 64)
    return table


@compiled
def _enter_rows(edges: Any, members: Any, table: Any, done: int) -> Any:
    """Enter edges from number ``done`` on while there is space; return how far it went."""
    for edge in range(done, len(edges.source)):
        x, y = edges.source[edge], edges.target[edge]
        source, target = members.cluster[x], members.cluster[y]
        if source == target:
            continue
        if not has_space(table, space_for(table, source, 1) + space_for(table, target, 1)):
            return edge
        make_room(table, target, 1)
        table.weights[entry(table, target, x), 0] += edges.weight[edge]
        make_room(table, source, 1)
        table.weights[entry(table, source, y), 1] += edges.weight[edge]
    return len(edges.source)


@compiled
def _list_flows(rows: Any, members: Any, flows: Any) -> Any:
    """Write i_x(c) o_x(c) as a flow from the cluster of x to c, where above 0; return how many."""
    n_flows = 0
    for c in range(len(members.clusters)):
        for slot in range(rows.maps[c, START], rows.maps[c, START] + n_slots(rows, c)):
            flow = rows.weights[slot, 0] * rows.weights[slot, 1]
            if rows.keys[slot] >= 0 and flow > 0:
                flows.source[n_flows] = members.cluster[rows.keys[slot]]
                flows.target[n_flows] = c
                flows.weight[n_flows] = flow
                n_flows += 1
    return n_flows


@compiled
def _enter_flows(flows: Any, table: Any, done: int) -> Any:
    """Enter flows from number ``done`` on while there is space; return how far it went."""
    for number in range(done, len(flows.source)):
        source, target = flows.source[number], flows.target[number]
        if not has_space(table, space_for(table, source, 1) + space_for(table, target, 1)):
            return number
        make_room(table, source, 1)
        table.weights[entry(table, source, target), 0] += flows.weight[number]
        make_room(table, target, 1)
        table.weights[entry(table, target, source), 1] += flows.weight[number]
    return len(flows.source)
