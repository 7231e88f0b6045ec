from __future__ import annotations

import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from quantal.errors import ParameterError
from quantal.experiments import run_recipe
from quantal.experiments.peers import build_method


def test_average_linkage_is_scipys():
    x = load_digits().data[:200]
    labels = build_method("average-linkage", n_clusters=7, random_state=0).fit(x).labels_
    scipys = fcluster(linkage(x, "average"), 7, "maxclust")
    pairs = set(zip(labels.tolist(), scipys.tolist(), strict=True))
    assert len(pairs) == 7


def test_kmeans_gets_the_seed_and_the_parameters():
    model = build_method("kmeans", n_clusters=3, random_state=2, init="random", n_init=4)
    assert isinstance(model, KMeans)
    assert (model.init, model.n_init, model.random_state) == ("random", 4, 2)


def test_other_names_are_those_of_the_catalogue():
    with pytest.raises(ParameterError, match=r"method must be .*'rim'"):
        build_method("average", n_clusters=3, random_state=0)


def test_a_recipe_may_name_a_peer(recipe_of, tmp_path):
    recipe = recipe_of(method="average-linkage", seeds=[0])
    (result,) = run_recipe(recipe, records_dir=tmp_path).results
    assert sum(result.cluster_sizes) == 60 and 0 < result.nmi_geometric < 1
