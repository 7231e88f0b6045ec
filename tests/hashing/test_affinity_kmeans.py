from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.hashing.affinity_kmeans import (
    affinity_error,
    affinity_preserving_kmeans,
    hamming_of_numbers,
    hypercube,
    move_centers,
    nearest_centers,
    objective,
    shares_and_means,
)


@pytest.fixture(scope="module")
def points():
    """Digits in two subspaces of 8 principal coordinates, the largest first: (2, 1797, 8)."""
    x = load_digits().data - load_digits().data.mean(axis=0)
    coordinates = x @ np.linalg.svd(x, full_matrices=False)[2].T
    return np.stack([coordinates[:, 0:16:2], coordinates[:, 1:17:2]]).astype(np.float32)


def objective_slowly(points, centers, nearest, wanted, weight):
    total = []
    for m in range(len(points)):
        n, k = points.shape[1], centers.shape[1]
        rows, c = points[m].astype(np.float64), centers[m]
        counts = np.bincount(nearest[m], minlength=k)
        value = np.square(rows - c[nearest[m]]).sum() / n
        for i in range(k):
            for j in range(k):
                apart = np.linalg.norm(c[i] - c[j])
                value += weight * counts[i] * counts[j] / n**2 * (apart - wanted[m, i, j]) ** 2
        total.append(value)
    return np.array(total)


def test_hamming_distances_of_numbers():
    expected = [[0, 1, 1, 2], [1, 0, 2, 1], [1, 2, 0, 1], [2, 1, 1, 0]]
    assert hamming_of_numbers(2).tolist() == expected
    assert hamming_of_numbers(8)[0b10110001, 0b00110111] == 3


def test_on_the_first_cube_every_distance_is_as_the_codes_ask(points):
    centers, side = hypercube(points, 3)
    wanted = side[:, None, None] * np.sqrt(hamming_of_numbers(3))
    apart = np.linalg.norm(centers[:, :, None] - centers[:, None], axis=3)
    np.testing.assert_allclose(apart, wanted, atol=1e-9)
    np.testing.assert_allclose(side / 2, np.abs(points[:, :, :3]).mean(axis=(1, 2)), rtol=1e-6)
    assert (centers[0, 0b101, :3] > 0).tolist() == [True, False, True]


def test_the_first_code_is_the_signs_of_the_first_coordinates(points):
    centers, _ = hypercube(points, 3)
    numbers = nearest_centers(points, centers)
    signs = (points[:, :, :3] > 0) @ (1 << np.arange(3))
    np.testing.assert_array_equal(numbers, signs)


def test_a_coordinate_that_is_missing_gives_constant_bits(points):
    centers, _ = hypercube(points[:, :, :2], 4)
    assert nearest_centers(points[:, :, :2], centers).max() == 3


def test_shares_and_means_are_those_of_each_centres_points(points):
    nearest = np.random.default_rng(0).integers(0, 5, points.shape[:2])
    shares, means = shares_and_means(points, nearest, 8)
    assert shares[1, 4] == (nearest[1] == 4).mean()
    np.testing.assert_allclose(means[1, 4], points[1][nearest[1] == 4].mean(axis=0), rtol=1e-4)
    assert (shares[:, 5:].max(), np.abs(means[:, 5:]).max()) == (0, 0)


def learnt_state(points, b=3):
    centers, side = hypercube(points, b)
    wanted = side[:, None, None] * np.sqrt(hamming_of_numbers(b))
    nearest = nearest_centers(points, centers)
    return centers, wanted, nearest, *shares_and_means(points, nearest, 1 << b)


def test_the_objective_is_the_definition(points):
    centers, wanted, nearest, shares, means = learnt_state(points)
    centers = centers + np.random.default_rng(0).normal(size=centers.shape)
    squares = np.square(points.astype(np.float64)).sum(axis=2).mean(axis=1)
    found = objective(squares, centers, shares, means, wanted, 7.0)
    expected = objective_slowly(points, centers, nearest, wanted, 7.0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("weight", [0.0, 0.1, 10.0, 1000.0])
def test_no_move_of_any_centre_raises_the_objective(points, weight, monkeypatch):
    centers, wanted, _, shares, means = learnt_state(points)
    squares = np.square(points.astype(np.float64)).sum(axis=2).mean(axis=1)
    values = [objective(squares, centers, shares, means, wanted, weight)]
    for _ in range(3):
        moved = move_centers(centers, shares, means, wanted, weight)
        for j in range(centers.shape[1]):  # one at a time, as move_centers does
            centers = np.concatenate([moved[:, : j + 1], centers[:, j + 1 :]], axis=1)
            values.append(objective(squares, centers, shares, means, wanted, weight))
    steps = np.diff(values, axis=0)
    assert (steps <= 1e-12 * np.array(values[:-1])).all()
    assert (values[-1] < values[0]).all() or weight == 1000.0


def test_without_affinity_it_is_lloyds_k_means(points):
    *_, means = learnt_state(points)
    found = affinity_preserving_kmeans(points, 3, affinity_weight=0, n_iterations=1)
    np.testing.assert_allclose(found.centers, means, rtol=1e-9)
    more = affinity_preserving_kmeans(points, 3, affinity_weight=0, n_iterations=100)
    assert (np.diff(more.objectives) <= 0).all()
    assert len(more.objectives) < 100  # no point changed its centre any more


def test_a_great_weight_makes_distances_as_the_codes_ask(points):
    loose, strict = (
        affinity_preserving_kmeans(points, 3, affinity_weight=weight, n_iterations=30)
        for weight in (0, 1e4)
    )
    _, wanted, *_ = learnt_state(points)
    even = np.full((2, 8), 1 / 8)
    loose, strict = (affinity_error(found.centers, even, wanted) for found in (loose, strict))
    assert (strict < 1e-3 * loose).all()


def test_a_centre_without_points_stays():
    points = np.repeat([[[-1.0, 0.2], [1.0, -0.2]]], 5, axis=1).astype(np.float32)
    centers, side = hypercube(points, 2)
    wanted = side[:, None, None] * np.sqrt(hamming_of_numbers(2))
    nearest = nearest_centers(points, centers)
    shares, means = shares_and_means(points, nearest, 4)
    moved = move_centers(centers, shares, means, wanted, 10.0)
    empty = shares[0] == 0
    assert empty.sum() == 2
    np.testing.assert_array_equal(moved[0, empty], centers[0, empty])
