"""Everything that each hasher of the catalogue promises; a new one is covered by its entry."""

from __future__ import annotations

import json
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from witnesses import global_states

import quantal
from quantal.catalog import HASHERS
from quantal.errors import CollapseWarning, DataError, FileFormatError, ParameterError
from quantal.training import Artifact, read_artifact

N_BITS = 12
# What makes a hasher quick; a name that a class does not have is left out.
QUICK = {"n_bits": N_BITS, "random_state": 0, "n_epochs": 2, "n_init": 1, "n_iterations": 5}


def quick(cls, **others):
    """A hasher that trains in a fraction of a second."""
    known = cls._get_param_names()
    settings = {name: value for name, value in {**QUICK, **others}.items() if name in known}
    return cls(**settings)


@parametrize_with_checks([quick(cls, n_bits=1) for cls in HASHERS.values()])
def test_follows_the_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)  # some checks hash noise
        check(estimator)


@pytest.fixture(params=HASHERS)
def hasher(request):
    return quick(HASHERS[request.param])


@pytest.fixture(scope="module")
def X():
    """Handwritten digits: 300 rows of 64 pixels, float64."""
    return load_digits().data[:300]


@pytest.fixture(autouse=True)
def _ignore_collapse():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=CollapseWarning)
        yield


def test_bits_are_zeros_and_ones_of_the_width_asked_for(hasher, X):
    bits = hasher.fit(X).transform(X)
    assert (bits.dtype, bits.shape) == (np.uint8, (300, N_BITS))
    assert set(np.unique(bits)) == {0, 1}


def test_codes_are_the_bits_packed_least_significant_first(hasher, X):
    codes = hasher.fit(X).encode(X)
    assert (codes.dtype, codes.shape) == (np.uint8, (300, 2))
    unpacked = np.unpackbits(codes, axis=1, bitorder="little")
    np.testing.assert_array_equal(unpacked[:, :N_BITS], hasher.transform(X))
    assert not unpacked[:, N_BITS:].any()


def test_two_fits_with_one_seed_are_identical(hasher, X):
    first, second = (clone(hasher).fit(X).transform(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_second_fit_forgets_the_first(hasher, X):
    fresh = clone(hasher).fit(X).transform(X)
    np.testing.assert_array_equal(hasher.fit(X[:200, :20]).fit(X).transform(X), fresh)


@pytest.mark.parametrize("seed", [0, None, np.random.RandomState(3)], ids=["0", "none", "state"])
def test_global_randomness_stays_as_it_was(hasher, X, seed):
    before = global_states()
    hasher.set_params(random_state=seed).fit(X).encode(X)
    assert global_states() == before


def test_bits_do_not_depend_on_how_rows_are_chunked(hasher, X):
    whole = hasher.fit(X).transform(X)
    single = np.concatenate([hasher.transform(row[None]) for row in X[:20]])
    np.testing.assert_array_equal(single, whole[:20])
    halves = [hasher.transform(X[:130]), hasher.transform(X[130:])]
    np.testing.assert_array_equal(np.concatenate(halves), whole)


def test_bits_do_not_depend_on_the_order_of_rows(hasher, X):
    order = np.random.default_rng(0).permutation(len(X))
    whole = hasher.fit(X).transform(X)
    np.testing.assert_array_equal(hasher.transform(X[order]), whole[order])


def test_a_saved_model_gives_the_same_bits(hasher, X, tmp_path):
    hasher.fit(X).save(tmp_path / "model")
    loaded = quantal.load(tmp_path / "model")
    assert type(loaded) is type(hasher)
    assert json.dumps(loaded.get_params()) == json.dumps(hasher.get_params())
    np.testing.assert_array_equal(loaded.transform(X), hasher.transform(X))
    np.testing.assert_array_equal(loaded.encode(X), hasher.encode(X))
    if hasattr(hasher, "inverse_transform"):
        bits = hasher.transform(X)
        np.testing.assert_array_equal(
            loaded.inverse_transform(bits), hasher.inverse_transform(bits)
        )


def test_a_loaded_model_can_be_saved_again(hasher, X, tmp_path):
    hasher.fit(X).save(tmp_path / "first")
    quantal.load(tmp_path / "first").save(tmp_path / "second")
    first, second = (read_artifact(tmp_path / name) for name in ("first", "second"))
    assert first.config == second.config
    assert first.manifest["data"] == second.manifest["data"]


def test_saving_before_fitting_says_so(hasher, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        hasher.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_encoding_before_fitting_says_so(hasher, X):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        hasher.encode(X)


def stored_parts(hasher, X):
    artifact = hasher.fit(X).to_artifact()
    return artifact.config, artifact.tensors, artifact.manifest


def test_arrays_of_another_shape_or_type_are_refused(hasher, X):
    config, tensors, manifest = stored_parts(hasher, X)
    for name, tensor in tensors.items():
        for spoilt in (tensor.flatten()[:-1], tensor.to(torch.float16), tensor[None]):
            artifact = Artifact(config, {**tensors, name: spoilt}, manifest)
            with pytest.raises(FileFormatError, match=r"do not fit together .*Save the model"):
                type(hasher).from_artifact(artifact)


def test_missing_arrays_are_refused(hasher, X):
    config, tensors, manifest = stored_parts(hasher, X)
    for name in tensors:
        fewer = {k: v for k, v in tensors.items() if k != name}
        with pytest.raises(FileFormatError, match="do not fit together"):
            type(hasher).from_artifact(Artifact(config, fewer, manifest))


@pytest.mark.parametrize("change", [{"n_features": 63}, {"n_features": 1 << 60}])
def test_a_config_that_does_not_fit_the_arrays_is_refused(hasher, X, change):
    config, tensors, manifest = stored_parts(hasher, X)
    with pytest.raises(FileFormatError, match="do not fit together"):
        type(hasher).from_artifact(Artifact({**config, **change}, tensors, manifest))


def test_another_width_than_the_arrays_have_is_refused(hasher, X):
    config, tensors, manifest = stored_parts(hasher, X)
    parameters = {**config["parameters"], "n_bits": N_BITS + 1}
    with pytest.raises(FileFormatError, match="do not fit together"):
        type(hasher).from_artifact(
            Artifact({**config, "parameters": parameters}, tensors, manifest)
        )


def test_a_memory_map_gives_what_its_array_gives(hasher, X, tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    expected = clone(hasher).fit(X).transform(X)
    np.testing.assert_array_equal(hasher.fit(mapped).transform(mapped), expected)


def test_encoding_a_memory_map_never_copies_it_whole(hasher, tmp_path):
    rows = np.random.default_rng(0).normal(size=(20_000, 128)).astype(np.float32)  # 10 MB
    np.save(tmp_path / "x.npy", rows)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    hasher.fit(rows[:200])
    tracemalloc.start()
    try:
        hasher.encode(mapped)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < rows.nbytes / 4


@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_sparse_rows_give_what_dense_rows_give(hasher, X, container):
    dense = hasher.fit(X).transform(X)
    np.testing.assert_array_equal(hasher.transform(container(X)), dense)
    np.testing.assert_array_equal(clone(hasher).fit(container(X)).transform(X), dense)


def test_images_give_what_their_flattened_pixels_give(hasher, X):
    images = X.reshape(-1, 8, 8)
    flat = clone(hasher).fit(X).transform(X)
    np.testing.assert_array_equal(hasher.fit(images).transform(images), flat)
    with pytest.raises(DataError, match=r"images of shape \(4, 16\).*fitted on \(8, 8\)"):
        hasher.transform(X.reshape(-1, 4, 16))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float16])
def test_the_type_of_whole_numbers_does_not_matter(hasher, X, dtype):
    wide = clone(hasher).fit(X).transform(X)
    np.testing.assert_array_equal(hasher.fit(X.astype(dtype)).transform(X.astype(dtype)), wide)


def with_value(X, value):
    X = X.copy()
    X[2, 5] = value
    return X


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X: with_value(X, np.nan), r"contains NaN \(1 of them\).*row 2, column 5"),
        (lambda X: X[:1], r"only 1 sample \(n_samples=1\).*at least 2 are needed"),
        (lambda X: np.ones((9, 64)), "all 9 rows are identical"),
    ],
    ids=["nan", "one row", "identical"],
)
def test_unusable_rows_are_refused_with_the_remedy(hasher, X, change, text):
    with pytest.raises(ValueError, match=text):
        hasher.fit(change(X))


def test_nan_and_another_width_are_refused_when_encoding_too(hasher, X):
    hasher.fit(X)
    with pytest.raises(DataError, match="contains NaN"):
        hasher.encode(with_value(X, np.nan))
    with pytest.raises(ValueError, match=r"X has 63 features, but \w+ is expecting 64"):
        hasher.encode(X[:, 1:])


@pytest.mark.parametrize("n_bits", [0, 2.5, "many", True])
def test_a_wrong_number_of_bits_is_refused(hasher, X, n_bits):
    with pytest.raises(ParameterError, match=r"n_bits must be an integer in \[1, "):
        hasher.set_params(n_bits=n_bits).fit(X)


def test_columns_of_bits_have_names(hasher, X):
    names = hasher.fit(X).get_feature_names_out()
    assert len(names) == N_BITS
    assert names[3] == f"{type(hasher).__name__.lower()}3"


def test_reconstructions_take_bits_only(hasher, X):
    if not hasattr(hasher.fit(X), "inverse_transform"):
        pytest.skip(f"{type(hasher).__name__} has no decoder")
    with pytest.raises(DataError, match=rf"bits must have shape \(n, {N_BITS}\), got \(300, 64\)"):
        hasher.inverse_transform(X)
    with pytest.raises(DataError, match="bits must be 0 or 1"):
        hasher.inverse_transform(2 * np.ones((3, N_BITS)))
    rebuilt = hasher.inverse_transform(hasher.transform(X))
    assert rebuilt.shape == X.shape
    assert np.square(X - rebuilt).sum() < np.square(X - X.mean(axis=0)).sum()
