from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import DataError, ParameterError
from quantal.graph import MergeTree


def tree(pairs=((1, 3), (0, 1)), labels=(0, 1, 2, 3, 3, 1)):
    m = len(pairs)
    arrays = np.array(pairs, np.int64).reshape(-1, 2), np.zeros(m), np.zeros(m, np.int64)
    return MergeTree(np.array(labels), *arrays)


def test_every_cut_undoes_the_later_merges():
    assert (tree().n_initial, tree().n_final) == (4, 2)
    assert tree().cut(4).tolist() == [0, 1, 2, 3, 3, 1]
    assert tree().cut(3).tolist() == [0, 1, 2, 1, 1, 1]
    assert tree().cut(2).tolist() == [0, 0, 1, 0, 0, 0]


def test_a_long_chain_of_merges_leads_to_its_root():
    n = 5000
    chain = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)[::-1]
    labels = tree(pairs=chain, labels=np.arange(n)).cut(2)
    assert labels.tolist() == [0] + [1] * (n - 1)


def test_no_merge_is_a_tree_too():
    assert tree(pairs=()).cut(4).tolist() == [0, 1, 2, 3, 3, 1]


@pytest.mark.parametrize("n_clusters", [1, 5])
def test_a_number_of_clusters_that_never_was_is_refused(n_clusters):
    with pytest.raises(ParameterError, match=r"from 4 clusters to 2.*n_clusters=\d.*between"):
        tree().cut(n_clusters)


@pytest.mark.parametrize(
    "parts",
    [
        {"pairs": [(3, 1)]},
        {"pairs": [(0, 4)]},
        {"pairs": [(-1, 2)]},
        {"pairs": [(0, 1), (1, 2)]},
        {"pairs": [(0, 1), (2, 1)]},
        {"pairs": [(0, 1), (0, 2), (0, 3), (0, 3)]},
        {"labels": [0, -1]},
        {"labels": [0, 1 << 60]},
        {"labels": []},
    ],
    ids=str,
)
def test_merges_that_cannot_have_happened_are_refused(parts):
    with pytest.raises(DataError, match="merge tree is damaged"):
        tree(**parts)
