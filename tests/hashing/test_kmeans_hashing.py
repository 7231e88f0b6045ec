"""K-means hashing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

from quantal.errors import ParameterError, QuantalWarning
from quantal.hashing import KMeansHashing


@pytest.fixture(scope="module")
def X():
    return load_digits().data


@pytest.fixture(scope="module")
def fitted(X):
    return KMeansHashing(16, random_state=0).fit(X)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Only:quantal.errors.QuantalWarning")
@parametrize_with_checks([KMeansHashing()])
def test_the_defaults_follow_the_scikit_learn_contract(estimator, check):
    check(estimator)


def test_a_code_is_the_number_of_the_nearest_centre_in_each_subspace(X, fitted):
    assert fitted.centers_.shape == (4, 16, 64)
    bits = fitted.transform(X)
    for m, centers in enumerate(fitted.centers_.astype(np.float64)):
        distances = np.square(centers).sum(axis=1) - 2 * (X - X.mean(axis=0)) @ centers.T
        numbers = bits[:, 4 * m : 4 * m + 4] @ (1 << np.arange(4))
        np.testing.assert_array_equal(numbers, distances.argmin(axis=1))


def test_subspaces_are_orthogonal_to_each_other(fitted):
    products = np.einsum("mkd,nld->mnkl", fitted.centers_, fitted.centers_)
    size = np.square(fitted.centers_).sum(axis=2).max()
    off = products[~np.eye(4, dtype=bool)]
    assert np.abs(off).max() < 1e-4 * size


def test_a_reconstruction_is_the_sum_of_the_centres_named(X, fitted):
    bits = np.zeros((1, 16))
    bits[0, [1, 4, 6]] = 1  # centres 2, 5, 0 and 0
    chosen = [fitted.centers_[m, number] for m, number in enumerate((2, 5, 0, 0))]
    np.testing.assert_allclose(
        fitted.inverse_transform(bits)[0], X.mean(axis=0) + np.sum(chosen, axis=0), rtol=1e-5
    )


def test_the_objective_falls(fitted):
    objectives = fitted.history_["objective"]
    assert fitted.objective_ == objectives[-1] < 0.95 * objectives[0]
    assert len(objectives) == fitted.n_iter_ <= 50


def test_without_affinity_and_one_subspace_it_reconstructs_as_k_means_does(X):
    hasher = KMeansHashing(4, affinity_weight=0, n_iterations=300).fit(X)
    rebuilt = hasher.inverse_transform(hasher.transform(X))
    error = np.square(X - rebuilt).sum(axis=1).mean()
    assert error == pytest.approx(hasher.objective_, rel=1e-3)
    members = (hasher.transform(X) @ (1 << np.arange(4))) == 3
    center = hasher.inverse_transform(np.array([[1, 1, 0, 0]]))[0]
    np.testing.assert_allclose(center, X[members].mean(axis=0), atol=1e-3)


@pytest.mark.parametrize(("n_bits", "b"), [(1, 1), (6, 3), (10, 2), (12, 4), (7, 1)])
def test_auto_takes_the_most_bits_up_to_four_that_divide(X, n_bits, b):
    hasher = KMeansHashing(n_bits, n_iterations=1).fit(X[:100])
    assert hasher.centers_.shape[:2] == (n_bits // b, 2**b)


def test_bits_that_do_not_divide_are_refused(X):
    with pytest.raises(ParameterError, match=r"n_bits=10 is no multiple of bits_per_subspace=4"):
        KMeansHashing(10, bits_per_subspace=4).fit(X)
    with pytest.raises(ParameterError, match=r"bits_per_subspace must be an integer in \[1, 8\]"):
        KMeansHashing(18, bits_per_subspace=9).fit(X)
    with pytest.raises(ParameterError, match=r"bits_per_subspace must be an integer in \[1, 8\]"):
        KMeansHashing(bits_per_subspace="all").fit(X)


def test_columns_need_not_be_a_multiple_of_the_subspaces(X):
    hasher = KMeansHashing(12, random_state=0).fit(X[:, :50])
    ranks = [np.linalg.matrix_rank(c, tol=1e-3) for c in hasher.centers_]
    assert max(ranks) <= 15
    assert hasher.transform(X[:, :50]).shape == (1797, 12)


def test_more_bits_than_columns_are_constant_and_announced(X):
    with pytest.warns(QuantalWarning, match=r"Only 5 of n_bits=8 have a column.*n_bits <= 5"):
        hasher = KMeansHashing(8).fit(X[:, 20:25])
    assert (hasher.transform(X[:, 20:25]).std(axis=0) > 0).sum() >= 5


@pytest.mark.parametrize("factor", [2.0**-60, 2.0**60])
def test_the_unit_of_the_data_does_not_matter(X, factor):
    expected = KMeansHashing(8, n_iterations=5).fit(X).transform(X)
    scaled = KMeansHashing(8, n_iterations=5).fit(X * factor).transform(X * factor)
    np.testing.assert_array_equal(scaled, expected)


def test_centres_of_a_sample_hash_the_rest(X):
    hasher = KMeansHashing(8, max_samples=200, random_state=0).fit(X)
    rebuilt = hasher.inverse_transform(hasher.transform(X))
    assert np.square(X - rebuilt).sum() < 0.8 * np.square(X - X.mean(axis=0)).sum()
