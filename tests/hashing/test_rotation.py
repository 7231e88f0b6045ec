"""The rotation of ITQ against a plain transcription and squares whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.hashing.rotation import quantizing_rotation, random_rotation, signs_times_points


def plain_itq(points, rotation, n_iter):
    """The paper's two steps on all points at once, in float64."""
    points = points.astype(np.float64)
    losses = []
    for _ in range(n_iter):
        signs = np.where(points @ rotation >= 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(signs.T @ points)
        rotation = right.T @ left.T
        losses.append(((signs - points @ rotation) ** 2).sum() / len(points))
    return rotation, np.array(losses)


@pytest.fixture(scope="module")
def points():
    """Correlated points, more than one block of them."""
    rng = np.random.default_rng(1)
    spread = np.linspace(3, 0.5, 8)
    return (rng.laplace(size=(20_000, 8)) * spread).astype(np.float32)


def test_the_plain_transcription_gives_the_same_rotation_and_losses(points):
    rotation, losses = quantizing_rotation(points, 4, np.random.default_rng(0))
    expected = plain_itq(points, random_rotation(8, np.random.default_rng(0)), 4)
    np.testing.assert_allclose(rotation, expected[0], atol=1e-4)
    np.testing.assert_allclose(losses, expected[1], rtol=1e-5)


def test_the_loss_never_rises(points):
    _, losses = quantizing_rotation(points, 30, np.random.default_rng(0))
    assert (np.diff(losses) <= 1e-6 * losses[:-1]).all()
    assert losses[-1] < 0.99 * losses[0]


def test_the_loss_is_the_squared_distance_from_the_nearest_corner(points):
    rotation, losses = quantizing_rotation(points, 60, np.random.default_rng(0))
    turned = points.astype(np.float64) @ rotation
    distance = ((np.where(turned >= 0, 1, -1) - turned) ** 2).sum(axis=1).mean()
    assert distance == pytest.approx(losses[-1], rel=1e-3)


@pytest.mark.parametrize("angle", [0.1, 0.7, 2.0])
def test_a_turned_square_is_turned_back(angle):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) @ turn
    rotation, losses = quantizing_rotation(corners.astype(np.float32), 20, np.random.default_rng(0))
    np.testing.assert_allclose(np.abs(corners @ rotation), 1, atol=1e-6)
    assert losses[-1] == pytest.approx(0, abs=1e-6)


def test_rotations_are_orthogonal(points):
    for rotation in (
        random_rotation(8, np.random.default_rng(0)),
        quantizing_rotation(points, 3, np.random.default_rng(0))[0],
    ):
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(8), atol=1e-12)


def test_random_rotations_have_no_preferred_direction():
    rng = np.random.default_rng(0)
    drawn = np.array([random_rotation(3, rng) for _ in range(4000)])
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 3, atol=0.03)


def test_the_sign_of_zero_is_plus_one():
    points = np.array([[0.0, -0.0], [1.0, -2.0]], np.float32)  # B = [[1, 1], [1, -1]]
    np.testing.assert_array_equal(signs_times_points(points, np.eye(2)), [[1, -2], [-1, 2]])
