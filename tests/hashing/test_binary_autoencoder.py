"""Binary autoencoders."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

from quantal.errors import ParameterError
from quantal.hashing import ITQ, BinaryAutoencoder


@pytest.fixture(scope="module")
def X():
    return load_digits().data


@pytest.fixture(scope="module")
def fitted(X):
    return BinaryAutoencoder(16, random_state=0).fit(X)


@pytest.mark.slow
@parametrize_with_checks([BinaryAutoencoder()])
def test_the_defaults_follow_the_scikit_learn_contract(estimator, check):
    check(estimator)


def error(hasher, X):
    return np.square(X - hasher.inverse_transform(hasher.transform(X))).sum(axis=1).mean()


def test_a_bit_is_the_side_of_its_hyperplane(X, fitted):
    sides = (X - X.mean(axis=0)) @ fitted.directions_.astype(np.float64) - fitted.thresholds_
    decided = np.abs(sides) > 1e-4
    assert decided.mean() > 0.99
    np.testing.assert_array_equal(fitted.transform(X)[decided], (sides > 0)[decided])


def test_it_reconstructs_better_than_the_codes_it_starts_from(X, fitted):
    assert error(fitted, X) < 0.99 * error(ITQ(16, random_state=0).fit(X), X)


def test_the_decoder_is_the_best_linear_one(X, fitted):
    bits = np.c_[fitted.transform(X), np.ones(len(X))].astype(np.float64)
    best = np.square(X - bits @ np.linalg.lstsq(bits, X, rcond=None)[0]).sum(axis=1).mean()
    assert error(fitted, X) == pytest.approx(best, rel=1e-5)


def test_it_ends_where_the_encoder_says_the_codes(fitted):
    assert fitted.mismatch_ == 0
    assert fitted.history_["mismatch"][-1] == 0
    assert fitted.n_iter_ == len(fitted.history_["mu"]) < 20


def test_few_bits_are_enumerated(X):
    exact = BinaryAutoencoder(6, random_state=0).fit(X)
    searched = BinaryAutoencoder(6, enumerate_up_to=0, random_state=0).fit(X)
    assert error(exact, X) == pytest.approx(error(searched, X), rel=0.05)


def test_both_encoders_work(X, fitted):
    other = BinaryAutoencoder(16, encoder="logistic", C=1.0, random_state=0).fit(X)
    assert error(other, X) == pytest.approx(error(fitted, X), rel=0.05)


@pytest.mark.parametrize("factor", [2.0**-30, 2.0**30])
def test_the_unit_of_the_data_does_not_matter(X, fitted, factor):
    scaled = BinaryAutoencoder(16, random_state=0).fit(X * factor)
    np.testing.assert_array_equal(scaled.transform(X * factor), fitted.transform(X))


def test_more_bits_than_columns_are_allowed(X):
    hasher = BinaryAutoencoder(12, random_state=0).fit(X[:, 20:25])
    narrow = BinaryAutoencoder(5, random_state=0).fit(X[:, 20:25])
    assert error(hasher, X[:, 20:25]) < error(narrow, X[:, 20:25])


def test_a_sample_is_enough_to_train_on(X):
    hasher = BinaryAutoencoder(16, max_samples=600, random_state=0).fit(X)
    assert error(hasher, X) < 1.1 * error(ITQ(16, random_state=0).fit(X), X)


def test_penalties_may_be_given(X):
    hasher = BinaryAutoencoder(16, mu=[0.1, 0.2], random_state=0).fit(X)
    assert hasher.history_["mu"] == [0.1, 0.2]
    assert hasher.mismatch_ > 0


@pytest.mark.parametrize("mu", [[], [0.2, 0.1], [0.0, 1.0], "automatic", [1, np.inf], 3.0, None])
def test_penalties_must_increase(X, mu):
    with pytest.raises(ParameterError, match=r"mu must be 'auto' or a list of increasing numbers"):
        BinaryAutoencoder(4, mu=mu).fit(X)


@pytest.mark.parametrize(
    ("parameter", "value", "text"),
    [
        ("encoder", "svc", "encoder must be one of 'svm', 'logistic'"),
        ("C", 0, r"C must be a number in \(0, "),
        ("enumerate_up_to", 17, r"enumerate_up_to must be an integer in \[0, 16\]"),
        ("encoder_iterations", 0, r"encoder_iterations must be an integer in \[1, "),
        ("max_samples", 1, r"max_samples must be an integer in \[2, "),
    ],
)
def test_parameters_out_of_range_are_refused(X, parameter, value, text):
    with pytest.raises(ParameterError, match=text):
        BinaryAutoencoder(4, **{parameter: value}).fit(X)
