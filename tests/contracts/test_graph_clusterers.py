"""Everything that each clusterer without a network promises; add a new one to `QUICK`."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from witnesses import Unreadable, global_states

import quantal
from quantal.catalog import CLASSES
from quantal.clustering import (
    GraphDegreeLinkage,
    LandmarkSpectralClustering,
    LocalityPreservingNMF,
    NJWSpectralClustering,
    NormalizedCuts,
    PathIntegralLinkage,
    SelfTuningSpectralClustering,
    ZetaLinkage,
)
from quantal.clustering.partition_clusterer import PartitionClusterer
from quantal.errors import DataError, FileFormatError, ParameterError, QuantalWarning
from quantal.training import Artifact

# As a user would first write it for scikit-learn's checks; further variants only below.
QUICK = {
    "njw": NJWSpectralClustering(4, random_state=0),
    "njw of neighbours": NJWSpectralClustering(4, affinity="neighbors", random_state=0),
    "self-tuning": SelfTuningSpectralClustering(4, random_state=0),
    "self-tuning by k-means": SelfTuningSpectralClustering(4, assign="kmeans", random_state=0),
    "landmark": LandmarkSpectralClustering(4, n_landmarks=40, random_state=0),
    "normalized cuts": NormalizedCuts(4, random_state=0),
    "nmf": LocalityPreservingNMF(4, max_iter=12, random_state=0),
    "plain nmf": LocalityPreservingNMF(4, alpha=0, max_iter=12, random_state=0),
    "graph degree": GraphDegreeLinkage(4, random_state=0),
    "accelerated graph degree": GraphDegreeLinkage(4, update="alpha", random_state=0),
    "path integral": PathIntegralLinkage(4, random_state=0),
    "path integral by dense solves": PathIntegralLinkage(4, order="exact", random_state=0),
    "zeta": ZetaLinkage(4, random_state=0),
    "zeta by dense solves": ZetaLinkage(4, order="exact", random_state=0),
}
PREDICTING = ("landmark",)


def test_every_clusterer_without_a_network_is_in_the_list():
    ours = {cls for cls in CLASSES.values() if issubclass(cls, PartitionClusterer)}
    assert ours == {type(model) for model in QUICK.values()}


@parametrize_with_checks([clone(model).set_params(random_state=None) for model in QUICK.values()])
def test_follows_the_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)  # some checks cluster noise
        check(estimator)


@pytest.fixture(params=QUICK)
def estimator(request):
    return clone(QUICK[request.param])


@pytest.fixture(scope="module")
def X():
    """Handwritten digits: 200 rows of 64 pixels, float64."""
    return load_digits().data[:200]


def test_two_fits_with_one_seed_are_identical(estimator, X):
    first, second = (clone(estimator).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.labels_, second.labels_)
    np.testing.assert_array_equal(clone(estimator).fit_predict(X), first.labels_)


@pytest.mark.parametrize("seed", [0, None, np.random.RandomState(3)], ids=["0", "none", "state"])
def test_global_randomness_stays_as_it_was(estimator, X, seed):
    before = global_states()
    estimator.set_params(random_state=seed).fit(X)
    assert global_states() == before


def test_labels_are_never_read(estimator, X):
    estimator.fit(X, Unreadable())
    estimator.fit_predict(X, Unreadable())


def test_clusters_are_numbered_by_size(estimator, X):
    labels = estimator.fit(X).labels_
    sizes = np.bincount(labels, minlength=4)
    assert labels.dtype == np.int64
    assert sizes.tolist() == sorted(sizes, reverse=True)
    np.testing.assert_array_equal(estimator.cluster_sizes_, sizes)


def test_rows_are_told_apart_better_than_by_chance(estimator, X):
    truth = load_digits().target[:200]
    labels = estimator.fit(X).labels_
    purity = sum(np.bincount(truth[labels == c]).max() for c in range(4) if (labels == c).any())
    assert purity > 0.3 * len(X)  # the largest class has a tenth of the rows


def test_a_saved_model_has_the_same_labels(estimator, X, tmp_path):
    estimator.fit(X).save(tmp_path / "model")
    loaded = quantal.load(tmp_path / "model")
    assert type(loaded) is type(estimator)
    assert json.dumps(loaded.get_params()) == json.dumps(estimator.get_params())
    for name, value in vars(estimator).items():
        if name.endswith("_") and name != "history_":
            np.testing.assert_array_equal(getattr(loaded, name), value, err_msg=name)
    loaded.save(tmp_path / "again")


def test_saving_before_fitting_says_so(estimator, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator.save(tmp_path / "model")


def test_damaged_parts_are_refused(estimator, X):
    whole = estimator.fit(X).to_artifact()
    labels = whole.tensors["labels_"]
    for change in (
        {"labels_": labels[:-1]},
        {"labels_": labels - 1},
        {"labels_": labels + (1 << 60)},
        {"labels_": labels.to(torch.int32)},
        {"extra": labels},
    ):
        spoilt = Artifact(whole.config, {**whole.tensors, **change}, whole.manifest)
        with pytest.raises(FileFormatError, match="do not fit together"):
            type(estimator).from_artifact(spoilt)
    parameters = {**whole.config["parameters"], "n_clusters": 1 << 40}
    spoilt = Artifact({**whole.config, "parameters": parameters}, whole.tensors, whole.manifest)
    with pytest.raises(FileFormatError, match="do not fit together"):
        type(estimator).from_artifact(spoilt)


def test_memory_maps_sparse_rows_and_images_give_what_the_array_gives(estimator, X, tmp_path):
    wanted = clone(estimator).fit(X).labels_
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(clone(estimator).fit(mapped).labels_, wanted)
    np.testing.assert_array_equal(clone(estimator).fit(X.reshape(-1, 8, 8)).labels_, wanted)
    np.testing.assert_array_equal(clone(estimator).fit(X.astype(np.uint8)).labels_, wanted)
    sparse = clone(estimator).fit(sp.csr_array(X)).labels_
    assert (sparse == wanted).mean() > 0.95  # sums in another order


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X: with_value(X, np.nan), r"contains NaN \(1 of them\).*row 2, column 5"),
        (lambda X: X[:1], r"only 1 sample \(n_samples=1\).*at least 2 are needed"),
        (lambda X: X[:3], r"n_samples=3 rows, fewer than n_clusters=4.*Ask for fewer clusters"),
        (lambda X: np.ones((9, 5)), "all 9 rows are identical"),
        (lambda X: X * 1e160, r"is 1\.6e\+161 by amount, where 1e-15 to .*X / 1\.6e\+161"),
        (lambda X: X * -1e-170, r"is 1\.6e-169 by amount, where 1e-15 to 1e\+15 can be squared"),
    ],
    ids=["nan", "one row", "few rows", "identical", "huge", "tiny"],
)
def test_unusable_rows_are_refused_with_the_remedy(estimator, X, change, text):
    with pytest.raises(DataError, match=text):
        estimator.fit(change(X))
    assert not hasattr(estimator, "labels_")


def with_value(X, value):
    X = X.copy()
    X[2, 5] = value
    return X


@pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")
def test_zero_rows_duplicates_and_as_many_clusters_as_rows_do_no_harm(estimator, X):
    for rows in (
        np.vstack([X[:20], np.zeros((5, 64))]),
        np.repeat(X[:6], 5, axis=0),
        X[:4],
        X[:5],
    ):
        labels = clone(estimator).fit(rows).labels_
        assert labels.shape == (len(rows),)
        assert set(labels) <= set(range(4))


def test_empty_clusters_are_a_warning(X):
    with pytest.warns(QuantalWarning, match=r"found 2 clusters where n_clusters=4.*fewer clusters"):
        LocalityPreservingNMF(4, alpha=0, random_state=0).fit(np.repeat(np.eye(2), 5, axis=0))


WRONG = [
    ("n_clusters", 0, r"n_clusters must be an integer in \[1, inf\), got 0"),
    ("n_init", 0, r"n_init must be an integer in \[1, inf\), got 0"),
    ("affinity", "dens", r"affinity must be one of .*Did you mean 'dense'\?"),
    ("unit_rows", 2, r"unit_rows must be one of True, False, got 2"),
    ("n_neighbors", 0, r"n_neighbors must be an integer in \[1, inf\), got 0"),
    ("width", "scam", r"width must be a number > 0 or 'scan', got 'scam'"),
    ("width", 0, r"width must be a number in \(0, inf\), got 0"),
    ("assign", "rotate", r"assign must be one of .*Did you mean 'rotation'\?"),
    ("order", "size", r"order must be one of '\w+', '\w+', got 'size'"),
    ("sigma", "median", r"sigma must be one of 'mean', 'mean_squared', got 'median'"),
    ("sigma", -1, r"sigma must be a number in \(0, inf\), got -1"),
    ("landmarks", "rows", r"landmarks must be one of 'kmeans', 'random', got 'rows'"),
    ("scale", 0, r"scale must be a number in \(0, inf\), got 0"),
    ("threshold", 1, r"threshold must be a number in \[0, 0.999\], got 1"),
    ("alpha", -1, r"alpha must be a number in .*, got -1"),
    ("negative", "drop", r"negative must be one of 'shift', 'clip', 'refuse', got 'drop'"),
]


@pytest.mark.parametrize(
    ("estimator", "name", "value", "text"),
    [
        pytest.param(model, *wrong, id=f"{key}-{wrong[0]}-{wrong[1]}")
        for key, model in QUICK.items()
        for wrong in WRONG
        if wrong[0] in model.get_params()
    ],
)
def test_wrong_parameters_are_refused_at_fit_with_what_is_allowed(estimator, name, value, text, X):
    with pytest.raises(ParameterError, match=text):
        clone(estimator).set_params(**{name: value}).fit(X)


@pytest.mark.parametrize("name", PREDICTING)
def test_new_rows_get_the_labels_of_equal_fitted_rows(name, X, tmp_path):
    model = clone(QUICK[name]).fit(X)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    single = np.concatenate([model.transform(row[None]) for row in X[:20]])
    np.testing.assert_array_equal(single, model.transform(X)[:20])
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(quantal.load(tmp_path / "model").predict(X), model.labels_)
    with pytest.raises(ValueError, match="X has 63 features, but"):
        model.predict(X[:, 1:])


def test_presets_are_ordinary_settings_that_can_be_overridden():
    model = NJWSpectralClustering.from_preset("jule-tables", n_clusters=3, n_init=5)
    assert (model.n_clusters, model.width, model.n_init) == (3, 0.05, 5)
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(ParameterError, match=r"preset of NormalizedCuts must be one of 'jule"):
        NormalizedCuts.from_preset("jule")


def test_every_preset_fits(estimator, X):
    assert type(estimator).preset_names() == ["jule-tables"]
    for name in type(estimator).preset_names():
        model = type(estimator).from_preset(name, n_clusters=4, random_state=0).fit(X)
        assert len(model.labels_) == len(X)
