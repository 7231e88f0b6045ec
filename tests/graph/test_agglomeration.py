"""The engine of merges against dense matrices and full scans."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from dense_agglomeration import dense_agglomerate, flows, random_case
from scipy import sparse

from quantal.errors import DataError, ParameterError
from quantal.graph import affinity_graph, agglomerate, initial_clusters
from quantal.graph.agglomeration import _edges, _rules
from quantal.graph.engine import Engine

UPDATES = [
    {"update": "exact"},
    {"update": "alpha", "alpha": 0.0},
    {"update": "alpha", "alpha": 0.1},
    {"update": "alpha", "alpha": -0.2},
    {"update": "eq7"},
    {"linkage": "cycle"},
]
LOCAL = {"n_nearest": 5, "local_weight": 1.0}


def dense(graph, labels, target, **options):
    """The same run by definition; the two names of options that differ are translated."""
    options["k"] = options.pop("n_nearest", 1)
    options["weight"] = options.pop("local_weight", 0.0)
    return dense_agglomerate(graph.weights, labels, target, **options)


def same_partition(first, second):
    pairs = np.unique(np.stack([first, second], axis=1), axis=0)
    return len(pairs) == len(np.unique(first)) == len(np.unique(second))


def assert_same_run(tree, expected):
    labels, pairs, scores = expected
    np.testing.assert_array_equal(tree.pairs, pairs)
    np.testing.assert_allclose(tree.scores, scores, rtol=1e-9)
    np.testing.assert_array_equal(tree.cut(tree.n_final), labels)


@pytest.mark.parametrize("options", UPDATES, ids=str)
@pytest.mark.parametrize("local", [{}, LOCAL], ids=["affinity", "local structure"])
def test_thirty_random_graphs_merge_as_by_definition(options, local):
    options = {**options, **local}
    for seed in range(30):
        _, graph, labels = random_case(seed)
        tree = agglomerate(graph.weights, labels, 4, **options)
        assert_same_run(tree, dense(graph, labels, 4, **options))


@pytest.mark.parametrize(
    "options",
    [{"partners": "smaller"}, {"partners": "larger"}, {"local_above": 12}, {"local_weight": 0.3}],
    ids=str,
)
def test_the_variants_of_the_two_codes_merge_as_by_definition(options):
    options = {**LOCAL, **options}
    for seed in range(100, 120):
        _, graph, labels = random_case(seed)
        for update in ("exact", "alpha"):
            tree = agglomerate(graph.weights, labels, 3, update=update, **options)
            assert_same_run(tree, dense(graph, labels, 3, update=update, **options))


@pytest.mark.parametrize("update", ["exact", "alpha", "eq7"])
def test_singletons_as_first_clusters_merge_as_by_definition(update):
    for seed in range(8):
        _, graph, _ = random_case(seed, n=70)
        labels = np.arange(70)
        tree = agglomerate(graph.weights, labels, 3, update=update)
        assert_same_run(tree, dense(graph, labels, 3, update=update))


def held_flows(engine):
    """U of the living clusters as the maps hold it, by their names."""
    table, clusters = engine.table, engine.members.clusters
    U, mirrored = np.zeros((2, engine.n_first, engine.n_first))
    for c in np.flatnonzero(clusters[:, 2]):
        start, bits = table.maps[c, 0], table.maps[c, 1]
        slots = np.arange(start, start + (1 << bits)) if bits >= 0 else np.empty(0, int)
        slots = slots[table.keys[slots] >= 0]
        names = clusters[table.keys[slots], 3]
        assert len(slots) == table.maps[c, 2]
        U[clusters[c, 3], names] = table.weights[slots, 0]
        mirrored[names, clusters[c, 3]] = table.weights[slots, 1]
    np.testing.assert_array_equal(U, mirrored)
    return U


@pytest.mark.parametrize("seed", range(4))
def test_after_every_merge_the_maps_hold_what_the_definition_gives(seed):
    _, graph, labels = random_case(seed, n=80)
    engine = Engine(
        _edges(graph.weights, "degree"), labels, _rules("degree", "exact", 0, 5, 1, 0, "all")
    )
    while engine.n_alive > 1 and not engine.is_exhausted():
        names = np.unique(engine.labels())
        expected = flows(
            graph.weights.toarray(), np.unique(engine.labels(), return_inverse=True)[1]
        )
        np.testing.assert_allclose(held_flows(engine)[np.ix_(names, names)], expected, rtol=1e-9)
        engine.run(engine.n_alive - 1)


@pytest.mark.parametrize("options", [*UPDATES, LOCAL], ids=str)
def test_with_ties_the_scores_are_those_of_the_definition(options):
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.arange(9.0)] * 2), -1).reshape(-1, 2)
    for X in (grid, rng.integers(0, 4, size=(120, 4)), np.repeat(rng.normal(size=(40, 5)), 3, 0)):
        graph = affinity_graph(X, 6, unit_rows=False, n_threads=1)
        labels = np.arange(len(X))
        tree = agglomerate(graph.weights, labels, 2, **options)
        _, _, scores = dense(graph, labels, 2, **options)
        assert len(np.unique(tree.scores.round(12))) < len(tree.scores)  # there are ties
        np.testing.assert_allclose(tree.scores[:8], scores[:8], rtol=1e-9)


@pytest.mark.parametrize("options", [{}, LOCAL, {"update": "eq7"}, {"linkage": "cycle"}], ids=str)
def test_neither_the_order_of_rows_nor_the_names_of_clusters_matter(options):
    for seed in range(10):
        _, graph, labels = random_case(seed)
        rng = np.random.default_rng(seed)
        whole = agglomerate(graph.weights, labels, 5, **options).cut(5)
        order = rng.permutation(len(labels))
        moved = graph.weights[order][:, order]
        permuted = agglomerate(moved, labels[order], 5, **options).cut(5)
        assert same_partition(permuted, whole[order])
        renamed = rng.permutation(labels.max() + 1)[labels]
        assert same_partition(agglomerate(graph.weights, renamed, 5, **options).cut(5), whole)


def test_exact_runs_can_be_cut_into_stages():
    for seed in range(10):
        _, graph, labels = random_case(seed)
        whole = agglomerate(graph.weights, labels, 4, **LOCAL)
        stages, scores = labels, []
        for target in (20, 11, 4):
            stage = agglomerate(graph.weights, stages, target, **LOCAL)
            stages = stage.cut(stage.n_final)
            scores += stage.scores.tolist()
        np.testing.assert_array_equal(stages, whole.cut(whole.n_final))
        np.testing.assert_allclose(scores, whole.scores, rtol=1e-9)


def two_groups(n=15, gap=100.0):
    """Two groups that no nearest neighbours connect, and a third far behind the second."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3 * n, 3))
    X[n : 2 * n] += gap
    X[2 * n :] += 3 * gap
    graph = affinity_graph(X, 4, unit_rows=False)
    return X, graph.weights, initial_clusters(graph.neighbors), np.repeat([0, 1, 2], n)


def test_an_exhausted_graph_stops_where_that_is_asked_for():
    _, weights, labels, groups = two_groups()
    tree = agglomerate(weights, labels, 1)
    assert tree.n_final >= 3
    found = tree.cut(tree.n_final)
    assert all(len(np.unique(groups[found == c])) == 1 for c in range(tree.n_final))


def test_an_exhausted_graph_joins_the_nearest_means():
    X, weights, labels, groups = two_groups()
    tree = agglomerate(weights, labels, 1, on_exhausted="centroid", rows=X)
    assert same_partition(tree.cut(3), groups)
    assert same_partition(tree.cut(2), groups > 1)
    assert tree.scores[-1] == 0 and tree.sizes[-1] == len(X)


def test_an_exhausted_graph_grows():
    X, weights, labels, groups = two_groups()
    asked = []

    def regrow(k):
        asked.append(k)
        return affinity_graph(X, k, unit_rows=False).weights

    tree = agglomerate(weights, labels, 1, on_exhausted="grow_ks", rows=X, regrow=regrow)
    assert asked[:3] == [8, 16, 32] and tree.n_final == 1
    assert same_partition(tree.cut(3), groups)
    assert same_partition(tree.cut(2), groups > 1)


def test_a_merge_of_means_can_link_what_was_not_linked():
    # Row 4 points at 0 and is pointed at from 1: linked with their union only.
    W = np.zeros((5, 5))
    W[4, 0] = W[1, 4] = 0.5
    W[2, 3] = W[3, 2] = 0.5
    rows = np.array([[0.0], [0.1], [50.0], [50.1], [9.0]])
    weights = sparse.csr_array(W)
    labels = np.array([0, 1, 2, 2, 3])
    assert agglomerate(weights, labels, 1).n_final == 4
    tree = agglomerate(weights, labels, 2, on_exhausted="centroid", rows=rows)
    assert tree.pairs.tolist() == [[0, 1], [0, 3]]
    assert tree.scores[0] == 0 and tree.scores[1] > 0


def test_links_of_one_direction_are_no_affinity():
    weights = sparse.csr_array(np.array([[0, 0.9, 0], [0, 0, 0.9], [0.9, 0, 0]]))
    assert agglomerate(weights, [0, 1, 2], 1).n_final == 3


def test_two_mutual_neighbours_have_twice_the_product_of_their_weights():
    weights = sparse.csr_array(np.array([[0, 0.5], [0.25, 0]]))
    assert agglomerate(weights, [0, 1], 1).scores.tolist() == [0.25]
    assert agglomerate(weights, [0, 1], 1, linkage="cycle").scores.tolist() == [0.25]


def test_enough_clusters_already_means_nothing_to_do():
    _, graph, labels = random_case(0)
    tree = agglomerate(graph.weights, labels, len(labels))
    assert len(tree.pairs) == 0
    np.testing.assert_array_equal(tree.cut(tree.n_final), labels)


@pytest.mark.parametrize("n_nearest", [1, 5, 900])
def test_every_row_a_neighbour_of_every_other_and_one_cluster_in_the_end(n_nearest):
    _, graph, labels = random_case(3, n=60, n_neighbors=500)
    assert graph.neighbors.shape == (60, 59)
    options = {"n_nearest": n_nearest, "local_weight": 1.0}
    tree = agglomerate(graph.weights, labels, 1, **options)
    assert_same_run(tree, dense(graph, labels, 1, **options))
    assert tree.n_final == 1 and tree.sizes[-1] == 60


def test_twenty_thousand_rows_take_seconds_and_memory_of_a_few_numbers_an_edge():
    rng = np.random.default_rng(0)
    n, k = 20_000, 12
    offsets = rng.integers(1, 30, size=(n, k)) * rng.choice([-1, 1], size=(n, k))
    near = (np.arange(n)[:, None] + offsets) % n  # a thick ring
    weights = sparse.csr_array((rng.random(n * k), near.ravel(), np.arange(0, n * k + 1, k)))
    labels = np.arange(n) // 4
    agglomerate(weights[:40, :40], labels[:40], 2)  # compiled before the clock runs
    tracemalloc.start()
    began = time.process_time()
    tree = agglomerate(weights, labels, 10)
    seconds = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tree.n_final == 10
    assert seconds < 5
    assert peak < 500 * n * k  # 120 MB; a table of pairs of clusters would be 200 for each number


def test_what_cannot_go_on_after_an_exhausted_graph_is_refused():
    X, weights, labels, _ = two_groups()
    with pytest.raises(DataError, match=r"rows has 5 rows, the graph has \d+\. Pass the rows that"):
        agglomerate(weights, labels, 1, on_exhausted="centroid", rows=X[:5])
    with pytest.raises(DataError, match=r"regrow\(8\) gave a graph of shape \(5, 5\), not \("):
        agglomerate(
            weights, labels, 1, on_exhausted="grow_ks", rows=X, regrow=lambda k: weights[:5, :5]
        )


@pytest.mark.parametrize(
    ("weights", "labels", "options", "error", "text"),
    [
        (sparse.csr_array((0, 0)), np.zeros(0, int), {}, DataError, "a graph without rows"),
        (np.eye(3), [0, 1, 2], {}, DataError, "square SciPy sparse array, got ndarray"),
        (sparse.csr_array((3, 2)), [0, 1, 2], {}, DataError, r"square .* shape \(3, 2\)"),
        (-sparse.eye_array(3).tocsr(), [0, 1, 2], {}, DataError, "not negative. Pass affinities"),
        (sparse.eye_array(3), [0, 1], {}, DataError, r"shape \(3,\), got dtype int64 of shape"),
        (sparse.eye_array(3), [0.0, 1.0, 2.0], {}, DataError, "one whole number a row"),
        (sparse.eye_array(3), [0, 1, 2], {"n_clusters": 0}, ParameterError, r"integer in \[1"),
        (sparse.eye_array(3), [0, 1, 2], {"update": "exakt"}, ParameterError, "mean 'exact'"),
        (sparse.eye_array(3), [0, 1, 2], {"alpha": -1}, ParameterError, r"alpha must be .*\(-1"),
        (sparse.eye_array(3), [0, 1, 2], {"on_exhausted": "centroid"}, ParameterError, "rows=X"),
        (
            sparse.eye_array(3),
            [0, 1, 2],
            {"on_exhausted": "grow_ks", "rows": np.eye(3)},
            ParameterError,
            "regrow=lambda k",
        ),
        (
            sparse.eye_array(3),
            [0, 1, 2],
            {"linkage": "cycle", "update": "alpha"},
            ParameterError,
            "update is 'exact', got 'alpha'. Leave update out",
        ),
    ],
)
def test_what_cannot_be_merged_is_refused(weights, labels, options, error, text):
    with pytest.raises(error, match=text):
        agglomerate(weights, labels, **{"n_clusters": 1, **options})
