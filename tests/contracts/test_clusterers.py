"""One list of estimators, and everything that each of them promises."""

from __future__ import annotations

import json
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks
from witnesses import Unreadable, global_states

import quantal
from quantal.clustering import IIC, IMSAT, RIM
from quantal.errors import CollapseWarning, DataError, NonFiniteLossError, ParameterError

# Add yours to both lists: as a user would first write it, and with settings that train quickly.
# One of those that share the code of restarts has them here; four restarts are minutes.
AS_WRITTEN = [IIC(n_init=1), IMSAT(), RIM(), RIM(hidden_layer_sizes=(16,), n_epochs=20, n_init=1)]
QUICK = [
    IMSAT(n_clusters=4, hidden_layer_sizes=(32, 32), n_epochs=8, n_init=2, random_state=0),
    IMSAT(n_clusters=4, hidden_layer_sizes=(), n_epochs=8, n_init=1, random_state=0),
    RIM(n_clusters=4, n_epochs=8, n_init=2, random_state=0),
    RIM(n_clusters=4, hidden_layer_sizes=(32,), n_epochs=8, n_init=1, random_state=0),
    IIC(n_clusters=4, hidden_layer_sizes=(32,), n_epochs=8, n_init=2, random_state=0),
]
NAMES = ("imsat", "linear imsat", "rim", "deep rim", "iic")
WITHOUT_LAYOUT = QUICK[:-1]  # images are to them what their flattened pixels are


@pytest.mark.slow
@parametrize_with_checks(AS_WRITTEN)
def test_follows_the_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)  # some checks cluster noise
        check(estimator)


@pytest.fixture(params=zip(QUICK, NAMES, strict=True), ids=lambda p: p[1])
def estimator(request):
    return clone(request.param[0])


@pytest.fixture(scope="module")
def X():
    """Handwritten digits: 300 rows of 64 pixels, float64."""
    return load_digits().data[:300]


@pytest.fixture(autouse=True)
def _ignore_collapse():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=CollapseWarning)
        yield


def test_two_fits_with_one_seed_are_identical(estimator, X):
    first, second = (clone(estimator).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.labels_, second.labels_)
    np.testing.assert_array_equal(first.predict_log_proba(X), second.predict_log_proba(X))
    assert first.objective_ == second.objective_
    assert first.history_ == second.history_


def test_another_seed_gives_another_fit(estimator, X):
    first = clone(estimator).fit(X)
    second = clone(estimator).set_params(random_state=1).fit(X)
    assert not np.array_equal(first.predict_log_proba(X), second.predict_log_proba(X))


def test_a_second_fit_forgets_the_first(estimator, X):
    fresh = clone(estimator).fit(X)
    again = clone(estimator).fit(X[:200, :9]).fit(X)
    np.testing.assert_array_equal(fresh.predict_log_proba(X), again.predict_log_proba(X))


@pytest.mark.parametrize("seed", [0, None, np.random.RandomState(3)], ids=["0", "none", "state"])
def test_global_randomness_stays_as_it_was(estimator, X, seed):
    before = global_states()
    estimator.set_params(random_state=seed).fit(X).predict(X)
    assert global_states() == before


def test_predictions_on_the_rows_of_the_fit_are_its_labels(estimator, X):
    np.testing.assert_array_equal(estimator.fit(X).predict(X), estimator.labels_)
    np.testing.assert_array_equal(clone(estimator).fit_predict(X), estimator.labels_)


def test_predictions_do_not_depend_on_how_rows_are_chunked(estimator, X):
    whole = estimator.fit(X).predict_log_proba(X)
    single = np.concatenate([estimator.predict_log_proba(row[None]) for row in X[:40]])
    np.testing.assert_array_equal(single, whole[:40])
    halves = [estimator.predict_log_proba(X[:130]), estimator.predict_log_proba(X[130:])]
    np.testing.assert_array_equal(np.concatenate(halves), whole)


def test_predictions_do_not_depend_on_the_order_of_rows(estimator, X):
    order = np.random.default_rng(0).permutation(len(X))
    whole = estimator.fit(X).predict_log_proba(X)
    np.testing.assert_array_equal(estimator.predict_log_proba(X[order]), whole[order])


def test_probabilities_are_probabilities(estimator, X):
    p = estimator.fit(X).predict_proba(X)
    assert p.shape == (len(X), 4)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(p.argmax(axis=1), estimator.labels_)


def test_the_embedding_has_one_row_a_sample(estimator, X):
    width = (estimator.fit(X).hidden_layer_sizes_ or (4,))[-1]
    assert estimator.transform(X).shape == (len(X), width)


def test_a_saved_model_predicts_the_same(estimator, X, tmp_path):
    estimator.fit(X).save(tmp_path / "model")
    loaded = quantal.load(tmp_path / "model")
    assert type(loaded) is type(estimator)
    assert json.dumps(loaded.get_params()) == json.dumps(estimator.get_params())
    np.testing.assert_array_equal(loaded.predict_log_proba(X), estimator.predict_log_proba(X))
    np.testing.assert_array_equal(loaded.transform(X), estimator.transform(X))
    assert loaded.history_ == estimator.history_


def test_saving_before_fitting_says_so(estimator, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_labels_are_never_read(estimator, X):
    estimator.fit(X, Unreadable())
    estimator.fit_predict(X, Unreadable())
    estimator.partial_fit(X, Unreadable())


def test_clusters_are_numbered_by_size(estimator, X):
    labels = estimator.fit(X).labels_
    sizes = np.bincount(labels, minlength=4)
    assert labels.dtype == np.int64
    assert sizes.tolist() == sorted(sizes, reverse=True)
    np.testing.assert_array_equal(estimator.cluster_sizes_, sizes)


def test_every_epoch_is_in_the_history(estimator, X):
    history = estimator.fit(X).history_
    assert {"total", "conditional_entropy", "marginal_entropy"} <= set(history)
    assert {len(values) for values in history.values()} == {8}
    assert estimator.n_iter_ == 8


def test_a_memory_map_gives_what_its_array_gives(estimator, X, tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(estimator.fit(mapped).labels_, clone(estimator).fit(X).labels_)
    np.testing.assert_array_equal(estimator.predict(mapped), estimator.labels_)


def test_predicting_a_memory_map_never_copies_it_whole(estimator, tmp_path):
    rows = np.random.default_rng(0).normal(size=(20_000, 128)).astype(np.float32)  # 10 MB
    np.save(tmp_path / "x.npy", rows)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    estimator.set_params(n_epochs=1, n_init=1).fit(rows[:200])
    tracemalloc.start()
    try:
        estimator.predict(mapped)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < rows.nbytes / 2


def test_fitting_a_memory_map_never_copies_it_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("quantal.training.rows.HELD_BYTES", 0)
    rows = np.random.default_rng(0).normal(size=(40_000, 256))  # 82 MB
    np.save(tmp_path / "x.npy", rows)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    tracemalloc.start()
    try:
        RIM(4, n_epochs=1, n_init=1, random_state=0).fit(mapped)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < rows.nbytes


@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_sparse_rows_give_what_dense_rows_give(estimator, X, container):
    dense = estimator.fit(X).predict_log_proba(X)
    sparse = clone(estimator).fit(container(X))
    np.testing.assert_array_equal(sparse.predict_log_proba(container(X)), dense)
    np.testing.assert_array_equal(sparse.predict_log_proba(X), dense)


@pytest.mark.parametrize("estimator", WITHOUT_LAYOUT, ids=NAMES[:-1])
def test_images_give_what_their_flattened_pixels_give(estimator, X):
    estimator = clone(estimator)
    images = X.reshape(-1, 8, 8)
    flat = clone(estimator).fit(X).predict_log_proba(X)
    np.testing.assert_array_equal(estimator.fit(images).predict_log_proba(images), flat)
    assert estimator.image_shape_ == (8, 8)
    with pytest.raises(DataError, match=r"images of shape \(4, 16\).*fitted on \(8, 8\)"):
        estimator.predict(X.reshape(-1, 4, 16))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float16])
def test_the_type_of_whole_numbers_does_not_matter(estimator, X, dtype):
    wide = estimator.fit(X).labels_
    np.testing.assert_array_equal(clone(estimator).fit(X.astype(dtype)).labels_, wide)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X: with_value(X, np.nan), r"contains NaN \(1 of them\).*row 2, column 5"),
        (lambda X: with_value(X, -np.inf), r"contains infinity \(1 of them\).*row 2, column 5"),
        (lambda X: X[:1], r"only 1 sample \(n_samples=1\).*at least 2 are needed"),
        (lambda X: X[:3], r"n_samples=3 rows, fewer than n_clusters=4.*Ask for fewer clusters"),
        (lambda X: np.ones((9, 5)), "all 9 rows are identical"),
        (lambda X: X[:0], "0 sample"),
        (lambda X: X + 1j, "Complex data not supported"),
    ],
    ids=["nan", "infinity", "one row", "few rows", "identical", "none", "complex"],
)
def test_unusable_rows_are_refused_with_the_remedy(estimator, X, change, text):
    with pytest.raises(ValueError, match=text) as caught:
        estimator.fit(change(X))
    assert not hasattr(estimator, "labels_")
    assert "\n" not in str(caught.value) or "complex" in text.lower()


def test_a_last_step_that_breaks_the_network_is_an_error(X):
    # One epoch of one batch: no loss comes after the step that the check of losses could see.
    model = IMSAT(4, n_epochs=1, n_init=1, batch_size=300, learning_rate=1e30, random_state=0)
    with pytest.raises(NonFiniteLossError, match=r"objective of all rows is nan after 1 steps"):
        model.fit(X)


@pytest.mark.parametrize("seed", [-1, 2**32, "one"])
def test_a_seed_out_of_range_is_refused(estimator, X, seed):
    with pytest.raises(ParameterError, match=r"random_state must be None.*0 to 4294967295, got"):
        estimator.set_params(random_state=seed).fit(X)


def test_checkpoints_stay_until_all_rows_have_labels(estimator, X, tmp_path, monkeypatch):
    def killed(self, rows):
        raise KeyboardInterrupt

    estimator.set_params(checkpoint=tmp_path / "kept", checkpoint_every=0)
    with monkeypatch.context() as patch:
        patch.setattr(type(estimator), "_conclude", killed)
        with pytest.raises(KeyboardInterrupt):
            estimator.fit(X)
    labels = clone(estimator).set_params(resume=True).fit(X).labels_
    assert not (tmp_path / "kept").exists()
    np.testing.assert_array_equal(labels, clone(estimator).fit(X).labels_)


def with_value(X, value):
    X = X.copy()
    X[2, 5] = value
    return X


def test_rows_of_another_width_are_refused(estimator, X):
    estimator.fit(X)
    with pytest.raises(ValueError, match=r"X has 63 features, but \w+ is expecting 64"):
        estimator.predict(X[:, 1:])


def test_nan_is_refused_when_predicting_too(estimator, X):
    with pytest.raises(DataError, match="contains NaN"):
        estimator.fit(X).predict(with_value(X, np.nan))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("n_clusters", 0, r"n_clusters must be an integer in \[1, inf\), got 0"),
        ("n_clusters", 2.5, r"n_clusters must be an integer"),
        ("trade_off", 0, r"trade_off must be a number in \(0, inf\), got 0"),
        ("balance", -1, r"balance must be a number in \[0, inf\), got -1"),
        ("learning_rate", 0.0, r"learning_rate must be a number in \(0, inf\)"),
        ("n_epochs", "many", r"n_epochs must be an integer in \[1, inf\), got 'many'"),
        ("batch_size", 0, r"batch_size must be an integer in \[1, inf\), got 0"),
        ("n_init", 0, r"n_init must be an integer in \[1, inf\), got 0"),
        ("patience", 0, r"patience must be an integer in \[1, inf\), got 0"),
        ("prior", [0.5, 0.5], r"prior must be 'uniform', None or 4 positive shares"),
        ("prior_tolerance", 2, r"prior_tolerance must be a number in \[0, 1\], got 2"),
        ("scaling", "colums", r"scaling must be one of .*Did you mean 'columns'\?"),
        ("learning_rate_schedule", "cosin", r"one of .*Did you mean 'cosine'\?"),
        ("precision", "float16", r"precision must be one of 'auto', 'float32', 'bfloat16'"),
        ("device", "gpu", r"device 'gpu' cannot be used .*Use 'auto' or 'cpu'"),
        ("hidden_layer_sizes", (0,), r"hidden_layer_sizes must be an integer in \[1, 65536\]"),
    ],
)
def test_wrong_parameters_are_refused_at_fit_with_what_is_allowed(estimator, X, name, value, text):
    if name not in estimator.get_params():
        with pytest.raises(ValueError, match=f"Invalid parameter '{name}'"):
            estimator.set_params(**{name: value})
        return
    with pytest.raises(ParameterError, match=text):
        estimator.set_params(**{name: value}).fit(X)


@pytest.fixture(scope="module")
def digits():
    return load_digits().data


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [
        IMSAT(n_clusters=10, n_epochs=30, n_init=1, random_state=0),
        RIM(n_clusters=10, n_epochs=30, n_init=1, random_state=0),
    ],
    ids=["imsat", "rim"],
)
def test_multiplied_shifted_and_permuted_columns_give_the_same_partition(estimator, digits):
    order = np.random.default_rng(0).permutation(digits.shape[1])
    original = clone(estimator).fit_predict(digits)
    for changed in (digits * 3.7 + 11, digits[:, order], 1e-6 * digits, digits * 1e6 - 4e6):
        assert adjusted_rand_score(original, clone(estimator).fit_predict(changed)) == 1.0


def test_a_collapse_is_a_warning_that_names_its_remedy(X):
    with pytest.warns(CollapseWarning, match=r"collapsed.*Raise balance") as caught:
        model = IMSAT(4, balance=0, n_epochs=100, n_init=1, random_state=0).fit(X)
    assert model.cluster_sizes_[-1] == 0
    assert [f.kind for f in model.collapse_] == ["low marginal entropy", "dead clusters"]
    assert [str(w.message) for w in caught] == [f.message for f in model.collapse_]


def test_a_fit_that_did_not_collapse_warns_of_nothing(digits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = IMSAT(10, n_epochs=30, n_init=1, random_state=0).fit(digits)
    assert model.collapse_ == []
    assert (model.cluster_sizes_ > 0).all()


def test_partial_fit_goes_on_where_it_stopped(estimator, X):
    estimator.set_params(batch_size=50)
    for _ in range(30):
        estimator.partial_fit(X)
    assert estimator.n_iter_ == 30
    undecided = estimator.history_["conditional_entropy"]
    assert len(undecided) == 30
    assert np.mean(undecided[-5:]) < np.mean(undecided[:5])
    assert estimator.partial_fit(X[:3]).predict(X).shape == (len(X),)
