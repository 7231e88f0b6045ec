"""Recall by real-valued scores: ties, order by id, and agreement with Hamming histograms."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from quantal.codes import hamming_search, pack_bits
from quantal.errors import DataError, ParameterError
from quantal.metrics import ScoreRanks, neighbor_histograms, ranks_of_ids, recall_at, score_ranks


def ranks_of(scores, neighbors, groups=None):
    table = np.asarray(scores, float)
    groups = np.arange(table.shape[1]) if groups is None else groups
    return score_ranks(lambda a, b: table[a:b], neighbors, groups)


def test_a_tie_gives_each_of_its_orders_the_same_share():
    ranks = ranks_of([[0.0, 1.0, 1.0, 1.0, 2.0]], [[2, 4]])
    assert ranks.nearer.tolist() == [[1, 4]]
    assert ranks.tied.tolist() == [[3, 1]]
    assert ranks.by_id.tolist() == [[2, 4]]
    assert [ranks.recall_at(1, n) for n in (1, 2, 3, 4, 5)] == [0, 1 / 3, 2 / 3, 1, 1]
    assert [ranks.recall_at(1, n, ties="by_id") for n in (2, 3)] == [0, 1]
    assert ranks.recall_at(2, 4) == 0.5


def test_neighbours_that_tie_with_each_other_are_counted_once_each():
    ranks = ranks_of([[5.0, 3.0, 3.0, 3.0, 1.0]], [[3, 1, 0]])
    assert ranks.nearer.tolist() == [[1, 1, 4]]
    assert ranks.tied.tolist() == [[3, 3, 1]]
    assert ranks.by_id.tolist() == [[3, 1, 4]]


def test_rows_of_one_group_share_its_score():
    ranks = ranks_of([[2.0, 1.0]], [[1, 2]], groups=[0, 1, 0, 1])
    assert ranks.by_id.tolist() == [[0, 3]]
    assert ranks.tied.tolist() == [[2, 2]]


@pytest.mark.parametrize("ties", ["expected", "by_id"])
def test_hamming_distances_as_scores_give_the_recall_of_histograms(ties):
    rng = np.random.default_rng(0)
    bits, asked = (rng.integers(0, 2, (n, 6)).astype(np.uint8) for n in (300, 20))
    neighbors = np.argsort(rng.random((20, 300)), axis=1)[:, :10]
    distances = (bits[None] != asked[:, None]).sum(axis=2)
    ranks = ranks_of(distances, neighbors)
    codes = pack_bits(bits), pack_bits(asked)
    histograms = neighbor_histograms(*codes, neighbors, 6)
    for n in (1, 7, 50, 300):
        assert ranks.recall_at(10, n, ties=ties) == pytest.approx(
            recall_at(histograms, n, ties=ties)
        )
    first = hamming_search(*codes, 50)[1]
    found = np.mean([np.isin(neighbors[q], first[q]).mean() for q in range(20)])
    assert ranks.recall_at(10, 50, ties="by_id") == pytest.approx(found)


def test_queries_are_scored_in_blocks(monkeypatch):
    table = np.random.default_rng(1).random((7, 40))
    neighbors = np.argsort(table, axis=1)[:, :3]
    monkeypatch.setattr(import_module("quantal.metrics.score_ranks"), "_SCORES", 80)
    ranks = ranks_of(table, neighbors)
    assert ranks.by_id.tolist() == [[0, 1, 2]] * 7
    assert ranks.recall_at(3, 3) == 1


def test_ids_that_an_index_returned_are_ranks():
    ranks = ranks_of_ids([[4, 0, -1], [2, 1, 3]], [[0, 1], [1, 3]], 5)
    assert ranks.by_id.tolist() == [[1, 3], [1, 2]]
    assert ranks.recall_at(2, 3) == 0.75
    assert ranks.recall_at(1, 2) == 1
    with pytest.raises(DataError, match="ids and neighbors must be"):
        ranks_of_ids([[1]], [[1], [2]], 5)


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(DataError, match="row numbers from 0 to 2, shape"):
        ranks_of([[0.0, 1.0, 2.0]], [[3]])
    with pytest.raises(DataError, match="groups must be the numbers of groups from 0"):
        ranks_of([[0.0]], [[0]], groups=[-1])
    with pytest.raises(ParameterError, match="scores must not be nan"):
        ranks_of([[0.0, np.nan]], [[0]])
    with pytest.raises(DataError, match="among the rows that tie"):
        ScoreRanks(*(np.array([[v]]) for v in (0, 0, 0)), n_rows=3)
    with pytest.raises(ParameterError, match="n must be"):
        ranks_of([[0.0, 1.0]], [[0]]).recall_at(1, 3)
