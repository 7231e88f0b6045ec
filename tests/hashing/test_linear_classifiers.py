from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from quantal.hashing.linear_classifiers import LOSSES, train_classifiers


@pytest.fixture(scope="module")
def rows():
    x = load_digits().data[:300, 10:30] / 16
    return (x - x.mean(axis=0)).astype(np.float32)


@pytest.fixture(scope="module")
def bits(rows):
    rng = np.random.default_rng(0)
    noisy = rows @ rng.normal(size=(20, 3)) + 0.3 * rng.normal(size=(300, 3))
    return (noisy > 0.1).astype(np.uint8)


def objective(parameters, rows, bits, loss, C):
    margins = np.where(bits, 1, -1) * (rows @ parameters[:-1] + parameters[-1])
    value = np.maximum(1 - margins, 0) ** 2 if loss == "svm" else np.logaddexp(0, -margins)
    return 0.5 * np.square(parameters[:-1]).sum(axis=0) + C * value.sum(axis=0)


def trained(rows, bits, loss, C=1.0, max_iter=500, **others):
    start = np.zeros((rows.shape[1] + 1, bits.shape[1]))
    return train_classifiers(rows, bits, start, loss=loss, C=C, max_iter=max_iter, **others)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_slope_of_a_loss_is_its_derivative(loss):
    margins = np.linspace(-3, 3, 61).astype(np.float32)
    value, slope = LOSSES[loss](margins)
    up, down = (LOSSES[loss](margins + step)[0] for step in (np.float32(1e-2), np.float32(-1e-2)))
    np.testing.assert_allclose((up - down) / 2e-2, slope, atol=6e-3)
    assert (value.dtype, slope.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_what_scikit_learn_trains_bit_by_bit(rows, bits, loss):
    found = trained(rows, bits, loss)
    for k in range(3):
        if loss == "svm":
            peer = LinearSVC(C=1.0, intercept_scaling=1e3, tol=1e-8, dual=False, max_iter=10_000)
        else:
            peer = LogisticRegression(C=1.0, tol=1e-8, max_iter=10_000)
        peer.fit(rows, bits[:, k])
        theirs = np.r_[peer.coef_[0], peer.intercept_][:, None]
        ours, least = (
            objective(p, rows, bits[:, [k]], loss, 1.0)[0] for p in (found[:, [k]], theirs)
        )
        assert ours <= least * (1 + 1e-4)


def test_bits_do_not_influence_each_other(rows, bits):
    together, alone = trained(rows, bits, "svm"), trained(rows, bits[:, [1]], "svm")
    both = [objective(p, rows, bits[:, [1]], "svm", 1.0) for p in (together[:, [1]], alone)]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("value", [0, 1])
def test_a_constant_bit_gives_a_classifier_that_says_so(rows, loss, value):
    found = trained(rows, np.full((300, 2), value, np.uint8), loss)
    assert ((rows @ found[:-1] + found[-1] > 0) == value).all()


def test_it_goes_on_from_where_it_starts(rows, bits):
    end = trained(rows, bits, "svm")
    again = train_classifiers(rows, bits, end, loss="svm", C=1.0, max_iter=1)
    np.testing.assert_allclose(again, end, atol=1e-2)


def test_threads_do_not_change_a_bit(rows, bits, monkeypatch):
    monkeypatch.setattr("quantal.hashing.linear_classifiers.BLOCK", 70)
    one, three = (trained(rows, bits, "logistic", max_iter=20, n_threads=n) for n in (1, 3))
    np.testing.assert_array_equal(one, three)
