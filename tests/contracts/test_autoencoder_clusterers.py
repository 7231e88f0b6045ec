"""What every clusterer on an autoencoder promises, scikit-learn's own checks among it."""

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
from quantal.clustering import DEC, AutoencoderKMeans
from quantal.errors import CollapseWarning, DataError, FileFormatError, ParameterError
from quantal.training.tensor_file import read_tensors, write_tensors

SHORT = {
    "n_clusters": 4,
    "hidden_layer_sizes": (32, 48),
    "n_components": 5,
    "pretrain_iterations": 15,
    "n_init": 2,
    "random_state": 0,
}
QUICK = [DEC(**SHORT, max_iterations=30, update_interval=7), AutoencoderKMeans(**SHORT)]


@pytest.mark.slow
@parametrize_with_checks([DEC(), AutoencoderKMeans()])
def test_follows_the_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)  # some checks cluster noise
        check(estimator)


@pytest.fixture(params=QUICK, ids=lambda model: type(model).__name__)
def estimator(request):
    return clone(request.param)


@pytest.fixture(scope="module")
def X():
    """Handwritten digits: 300 rows of 64 pixels, float64."""
    return load_digits().data[:300]


@pytest.fixture(autouse=True)
def _ignore_collapse():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=CollapseWarning)
        yield


def assignments(model, X):
    """What a model says of rows in numbers."""
    return model.predict_log_proba(X) if hasattr(model, "predict_log_proba") else model.transform(X)


def test_two_fits_with_one_seed_are_identical(estimator, X):
    first, second = (clone(estimator).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.labels_, second.labels_)
    np.testing.assert_array_equal(assignments(first, X), assignments(second, X))
    assert first.history_ == second.history_
    other = clone(estimator).set_params(random_state=1).fit(X)
    assert not np.array_equal(assignments(first, X), assignments(other, X))


def test_a_second_fit_forgets_the_first(estimator, X):
    fresh = clone(estimator).fit(X)
    again = clone(estimator).fit(X[:200, :9]).fit(X)
    np.testing.assert_array_equal(assignments(fresh, X), assignments(again, X))


@pytest.mark.parametrize("seed", [0, None, np.random.RandomState(3)], ids=["0", "none", "state"])
def test_global_randomness_stays_as_it_was(estimator, X, seed):
    before = global_states()
    estimator.set_params(random_state=seed).fit(X).predict(X)
    assert global_states() == before


def test_predictions_on_the_rows_of_the_fit_are_its_labels(estimator, X):
    np.testing.assert_array_equal(estimator.fit(X).predict(X), estimator.labels_)
    np.testing.assert_array_equal(clone(estimator).fit_predict(X, Unreadable()), estimator.labels_)


def test_predictions_do_not_depend_on_how_rows_are_chunked(estimator, X):
    whole = assignments(estimator.fit(X), X)
    single = np.concatenate([assignments(estimator, row[None]) for row in X[:20]])
    np.testing.assert_array_equal(single, whole[:20])
    halves = [assignments(estimator, X[:130]), assignments(estimator, X[130:])]
    np.testing.assert_array_equal(np.concatenate(halves), whole)


def test_checkpoints_stay_until_all_rows_have_labels(estimator, X, tmp_path, monkeypatch):
    def killed(self, rows):
        raise KeyboardInterrupt

    wanted = clone(estimator).fit(X).labels_
    estimator.set_params(checkpoint=tmp_path / "kept", checkpoint_every=0)
    with monkeypatch.context() as patch:
        patch.setattr(type(estimator), "_conclude", killed)
        with pytest.raises(KeyboardInterrupt):
            estimator.fit(X)
    labels = clone(estimator).set_params(resume=True).fit(X).labels_
    assert not (tmp_path / "kept").exists()
    np.testing.assert_array_equal(labels, wanted)


def test_clusters_are_numbered_by_size_and_codes_have_their_width(estimator, X):
    labels = estimator.fit(X).labels_
    sizes = np.bincount(labels, minlength=4)
    assert labels.dtype == np.int64
    assert sizes.tolist() == sorted(sizes, reverse=True)
    np.testing.assert_array_equal(estimator.cluster_sizes_, sizes)
    codes = estimator.transform(X)
    assert (codes.shape, codes.dtype) == ((len(X), 5), np.float32)
    squares = np.square(codes[:, None] - estimator.cluster_centers_).sum(axis=2)
    np.testing.assert_array_equal(squares.argmin(axis=1), labels)


def test_a_saved_model_gives_the_same(estimator, X, tmp_path):
    estimator.fit(X).save(tmp_path / "model")
    loaded = quantal.load(tmp_path / "model")
    assert type(loaded) is type(estimator)
    assert json.dumps(loaded.get_params()) == json.dumps(estimator.get_params())
    np.testing.assert_array_equal(loaded.predict(X), estimator.labels_)
    np.testing.assert_array_equal(assignments(loaded, X), assignments(estimator, X))
    np.testing.assert_array_equal(loaded.cluster_sizes_, estimator.cluster_sizes_)
    assert loaded.history_ == estimator.history_


def test_saving_before_fitting_says_so(estimator, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator.save(tmp_path / "model")


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("cluster_centers"),
        lambda t: t.update(cluster_centers=torch.zeros(3, 5)),
        lambda t: t.update(cluster_centers=torch.zeros(4, 5, dtype=torch.float64)),
        lambda t: t.update(cluster_sizes=torch.zeros(4)),
        lambda t: t.update({"network.weights.4": torch.zeros(9, 9)}),
        lambda t: t.update({"network.weights.0": torch.zeros(64, 31)}),
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(estimator, X, tmp_path, change, monkeypatch):
    estimator.fit(X).save(tmp_path / "model")
    path = tmp_path / "model" / "weights.safetensors"
    tensors = read_tensors(path)
    change(tensors)
    write_tensors(path, tensors)
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    import hashlib

    manifest["sha256"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "model" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match=r"do not fit together .*Save the model again"):
        quantal.load(tmp_path / "model")


def test_a_memory_map_gives_what_its_array_gives(estimator, X, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    held = clone(estimator).fit(X).labels_
    monkeypatch.setattr("quantal.training.rows.HELD_BYTES", 0)
    np.testing.assert_array_equal(estimator.fit(mapped).labels_, held)
    np.testing.assert_array_equal(estimator.predict(mapped), held)


@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_array])
def test_sparse_rows_give_what_dense_rows_give(estimator, X, container):
    dense = assignments(estimator.fit(X), X)
    sparse = clone(estimator).fit(container(X))
    np.testing.assert_array_equal(assignments(sparse, container(X)), dense)


def test_images_give_what_their_flattened_pixels_give(estimator, X):
    images = X.reshape(-1, 8, 8)
    flat = assignments(clone(estimator).fit(X), X)
    np.testing.assert_array_equal(assignments(estimator.fit(images), images), flat)
    assert estimator.image_shape_ == (8, 8)
    with pytest.raises(DataError, match=r"images of shape \(4, 16\).*fitted on \(8, 8\)"):
        estimator.predict(X.reshape(-1, 4, 16))


@pytest.mark.parametrize("scaling", ["mean_square", "global", "columns"])
def test_the_unit_of_the_rows_does_not_matter(estimator, X, scaling):
    estimator.set_params(scaling=scaling)
    first, second = (clone(estimator).fit(X * unit).labels_ for unit in (1.0, 256.0))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X: np.where(X == 5, np.nan, X), "contains NaN"),
        (lambda X: X[:1], r"only 1 sample \(n_samples=1\).*at least 2 are needed"),
        (lambda X: X[:3], r"n_samples=3 rows, fewer than n_clusters=4.*Ask for fewer clusters"),
        (lambda X: np.ones((9, 5)), "all 9 rows are identical"),
    ],
    ids=["nan", "one row", "few rows", "identical"],
)
def test_unusable_rows_are_refused_with_the_remedy(estimator, X, change, text):
    with pytest.raises(DataError, match=text):
        estimator.fit(change(X))
    assert not hasattr(estimator, "labels_")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("n_clusters", 0, r"n_clusters must be an integer in \[1, inf\), got 0"),
        ("n_components", 0, r"n_components must be an integer in \[1, 65536\], got 0"),
        ("hidden_layer_sizes", (0,), r"hidden_layer_sizes must be an integer in \[1, 65536\]"),
        ("dropout", 1, r"dropout must be a number in \[0, 0.95\], got 1"),
        ("scaling", "globl", r"scaling must be one of 'mean_square', .*Did you mean 'global'\?"),
        ("pretrain_iterations", "many", r"pretrain_iterations must be an integer in \[1, inf\)"),
        ("finetune_iterations", 0, r"finetune_iterations must be an integer in \[1, inf\)"),
        ("decay_interval", 0, r"decay_interval must be an integer in \[1, inf\), got 0"),
        ("pretrain_learning_rate", 0, r"pretrain_learning_rate must be a number in \(0, inf\)"),
        ("momentum", 2, r"momentum must be a number in \[0, 1\], got 2"),
        ("batch_size", 0, r"batch_size must be an integer in \[1, inf\), got 0"),
        ("n_init", 0, r"n_init must be an integer in \[1, inf\), got 0"),
        ("precision", "float16", r"precision must be one of 'auto', 'float32', 'bfloat16'"),
        ("resume", True, r"resume=True needs the folder .* pass checkpoint=FOLDER"),
    ],
)
def test_wrong_parameters_are_refused_at_fit_with_what_is_allowed(estimator, X, name, value, text):
    with pytest.raises(ParameterError, match=text):
        estimator.set_params(**{name: value}).fit(X)
