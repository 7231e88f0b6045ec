"""Spherical hashing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.hashing import SphericalHashing, spherical_distance
from quantal.hashing.spheres import balanced_pivots, halving_thresholds, pivot_shifts
from quantal.training import Artifact


def overlaps_of(x, pivots):
    """Rows in both of two spheres that hold half of the rows each, from plain distances."""
    distances = np.linalg.norm(x[:, None, :] - pivots, axis=2)  # (n, l)
    inside = (distances <= np.median(distances, axis=0)).astype(int)
    return inside.T @ inside


def plain_spherical_hashing(x, pivots, mean_tolerance=0.10, spread_tolerance=0.15):
    """The published loop, pair by pair; returns pivots, radii and rounds."""
    quarter, n_rounds = len(x) / 4, 0
    pivots = pivots.copy()
    while True:
        n_rounds += 1
        overlaps = overlaps_of(x, pivots)
        pairs = overlaps[np.triu_indices(len(pivots), 1)]
        small = np.abs(pairs - quarter).mean() <= mean_tolerance * quarter
        if small and pairs.std() <= spread_tolerance * quarter:
            distances = np.linalg.norm(x[:, None, :] - pivots, axis=2)
            return pivots, np.median(distances, axis=0), n_rounds
        forces = np.zeros_like(pivots)
        for i in range(len(pivots)):
            for j in range(len(pivots)):
                push = 0.5 * (overlaps[i, j] - quarter) / quarter
                forces[i] += push * (pivots[i] - pivots[j])
        pivots += forces / len(pivots)


@pytest.fixture(scope="module")
def rows(digits):
    return digits[:1200]


@pytest.fixture(scope="module")
def fitted(rows):
    return SphericalHashing(16, random_state=0).fit(rows)


def test_the_published_loop_gives_the_same_spheres(rows):
    x = rows - rows.mean(axis=0)
    first = np.array([x[5 * i : 5 * i + 5].mean(axis=0) for i in range(16)])
    pivots, _, n_rounds = plain_spherical_hashing(x, first)
    found = balanced_pivots(
        x.astype(np.float32),
        (x**2).sum(axis=1).astype(np.float32),
        first,
        max_iter=100,
        mean_tolerance=0.10,
        spread_tolerance=0.15,
    )
    assert (found.n_iter, found.converged) == (n_rounds, True)
    assert np.abs(found.pivots - pivots).max() < 0.01 * np.abs(pivots).max()


def test_both_stopping_rules_hold_at_the_end(rows, fitted):
    pairs = overlaps_of(rows, fitted.pivots_ + rows.mean(axis=0))[np.triu_indices(16, 1)]
    quarter = len(rows) / 4
    assert np.abs(pairs - quarter).mean() <= 0.11 * quarter
    assert pairs.std() <= 0.16 * quarter
    assert fitted.mean_deviation_ <= 0.10
    assert fitted.spread_ <= 0.15
    assert 1 < fitted.n_iter_ < 100


@pytest.mark.parametrize("n", [1200, 1199])
def test_half_of_the_rows_are_in_every_sphere(rows, n):
    bits = SphericalHashing(16, random_state=0).fit(rows[:n]).transform(rows[:n])
    assert bits.sum(axis=0).tolist() == [n // 2] * 16


def test_a_bit_says_whether_the_distance_is_at_most_the_radius(rows, fitted):
    pivots = fitted.pivots_ + rows.mean(axis=0)
    distances = np.linalg.norm(rows[:, None, :] - pivots, axis=2)
    clear = np.abs(distances - fitted.radii_) > 1e-4 * fitted.radii_
    assert clear.mean() > 0.99
    bits = fitted.transform(rows)
    np.testing.assert_array_equal(bits[clear], (distances <= fitted.radii_)[clear])


def test_pivots_that_share_more_than_a_quarter_move_apart():
    pivots = np.array([[0.0, 0.0], [2.0, 0.0]])
    overlaps = np.array([[50.0, 50.0], [50.0, 50.0]])  # of 100 rows: twice a quarter
    np.testing.assert_allclose(pivot_shifts(overlaps, 100, pivots), [[-0.5, 0], [0.5, 0]])
    np.testing.assert_allclose(pivot_shifts(overlaps / 4, 100, pivots), [[0.25, 0], [-0.25, 0]])
    np.testing.assert_allclose(pivot_shifts(overlaps / 2, 100, pivots), 0)


def test_thresholds_lie_midway_between_the_two_middle_entries():
    scores = np.array([[5.0, 1, 3, 9], [1, 1, 2, 2]], np.float32)
    np.testing.assert_array_equal(halving_thresholds(scores), [4, 1.5])
    odd = np.array([[5.0, 1, 3]], np.float32)
    np.testing.assert_array_equal(halving_thresholds(odd), [4])


def test_one_sphere_needs_no_balance(rows):
    hasher = SphericalHashing(1, random_state=0).fit(rows)
    assert (hasher.n_iter_, hasher.mean_deviation_, hasher.spread_) == (1, 0.0, 0.0)


def test_too_few_rounds_are_a_warning_that_names_the_remedy(rows):
    text = r"not balanced after max_iter=2 rounds: shared rows deviate.*Raise max_iter"
    with pytest.warns(ConvergenceWarning, match=text):
        hasher = SphericalHashing(16, max_iter=2, random_state=0).fit(rows)
    assert hasher.n_iter_ == 2


def test_loose_tolerances_stop_at_once_and_without_a_warning(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hasher = SphericalHashing(16, mean_tolerance=3, spread_tolerance=3, random_state=0).fit(
            rows
        )
    assert hasher.n_iter_ == 1


def test_first_pivots_are_means_of_five_rows(rows):
    hasher = SphericalHashing(16, mean_tolerance=3, spread_tolerance=3, random_state=0).fit(rows)
    fives = np.rint(5 * (hasher.pivots_ + rows.mean(axis=0)).astype(np.float64))
    np.testing.assert_allclose(fives / 5, hasher.pivots_ + rows.mean(axis=0), atol=1e-4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("unit", [2.0**-80, 2.0**80])
def test_the_unit_of_the_data_changes_no_bit(rows, fitted, unit):
    scaled = SphericalHashing(16, random_state=0).fit(rows * unit)
    np.testing.assert_array_equal(scaled.transform(rows * unit), fitted.transform(rows))
    np.testing.assert_allclose(scaled.radii_, fitted.radii_ * unit)


def test_spheres_of_a_sample_hold_about_half_of_all_rows(digits):
    hasher = SphericalHashing(8, max_samples=600, random_state=0).fit(digits)
    np.testing.assert_allclose(hasher.transform(digits).mean(axis=0), 0.5, atol=0.06)


def test_spherical_distance_divides_differing_by_shared_bits():
    a = np.array([[0b1110], [0b0001], [0b0000]], np.uint8)
    b = np.array([[0b0111], [0b1110], [0b0000]], np.uint8)
    np.testing.assert_array_equal(spherical_distance(a, b), [2 / 2, np.inf, np.inf])
    np.testing.assert_array_equal(spherical_distance(a, a), [0, 0, np.inf])
    expected = [[1, 0, np.inf], [2 / 1, np.inf, np.inf], [np.inf] * 3]
    np.testing.assert_array_equal(spherical_distance(a[:, None], b), expected)


def test_spherical_distance_of_fitted_codes_equals_that_of_their_bits(rows, fitted):
    codes, bits = fitted.encode(rows[:50]), fitted.transform(rows[:50]).astype(bool)
    different = (bits[:, None] ^ bits).sum(axis=2)
    shared = (bits[:, None] & bits).sum(axis=2)
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(spherical_distance(codes[:, None], codes), different / shared)


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (np.zeros((2, 1), int), np.zeros((2, 1), np.uint8), r"Packed codes are uint8, got int64"),
        (np.zeros((2, 2), np.uint8), np.zeros((2, 1), np.uint8), r"same number of bytes.*\(2, 2\)"),
    ],
)
def test_spherical_distance_takes_packed_codes_only(a, b, text):
    with pytest.raises(DataError, match=text):
        spherical_distance(a, b)


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ({"max_iter": 0}, r"max_iter must be an integer in \[1, inf\), got 0"),
        ({"mean_tolerance": -1}, r"mean_tolerance must be a number in \[0, inf\), got -1"),
        ({"spread_tolerance": "x"}, r"spread_tolerance must be a number in \[0, inf\), got 'x'"),
        ({"max_samples": 1}, r"max_samples must be an integer in \[2, inf\), got 1"),
    ],
)
def test_wrong_parameters_are_refused_with_what_is_allowed(rows, setting, text):
    with pytest.raises(ParameterError, match=text):
        SphericalHashing(**setting).fit(rows)


def test_damaged_spheres_are_refused_on_loading(fitted):
    artifact = fitted.to_artifact()
    spoilt = {**artifact.tensors, "radii_": -artifact.tensors["radii_"]}
    with pytest.raises(FileFormatError, match="the spheres are damaged"):
        SphericalHashing.from_artifact(Artifact(artifact.config, spoilt, artifact.manifest))


@pytest.mark.data
def test_mnist_recall_is_that_of_independent_runs(mnist_task):
    hasher = SphericalHashing(64, random_state=0).fit(mnist_task.gallery)
    assert mnist_task.recall(hasher) == pytest.approx(0.87, abs=0.015)
