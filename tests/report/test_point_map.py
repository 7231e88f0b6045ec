from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.report.point_map import HEIGHT, WIDTH, cluster_map, coordinates, distance_map, placed


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_the_first_component_is_the_direction_of_the_largest_variance(generator):
    X = np.zeros((200, 5))
    X[:, 3] = np.linspace(-9, 9, 200)
    X[:, 1] = generator.normal(size=200)
    points, shares = coordinates(X, generator)
    assert abs(np.corrcoef(points[:, 0], X[:, 3])[0, 1]) > 0.999
    assert shares[0] > 0.9
    assert sum(shares) == pytest.approx(1.0)
    sparse, _ = coordinates(sp.csr_array(X), generator)
    np.testing.assert_allclose(sparse, points, atol=1e-6)


@pytest.mark.parametrize("X", [np.ones((5, 3)), np.arange(4.0)[:, None], np.ones((1, 2))])
def test_rows_without_two_directions_have_a_map_all_the_same(X, generator):
    points, shares = coordinates(X, generator)
    assert points.shape == (len(X), 2)
    assert np.isfinite(points).all()
    assert shares[1] == 0
    places, height = placed(points)
    assert np.isfinite(places).all()
    assert 0 < height <= HEIGHT


def test_points_stay_within_the_drawing_at_one_scale():
    places, height = placed(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 2.0]]))
    assert places.min() >= 0
    assert (places <= [WIDTH, height]).all()
    across, up = places[1] - places[0], places[1] - places[2]
    assert across[0] == pytest.approx(5 * up[1])


def test_points_have_the_colour_of_their_cluster_and_others_are_quiet():
    points = np.arange(12.0).reshape(6, 2)
    labels = np.array([4, 4, 7, 7, 7, 1], np.int32)
    found = cluster_map("t", points, (0.6, 0.4), labels, np.array([4, 7]), 600)
    assert [(g.name, g.color, g.n_points) for g in found.groups] == [
        ("other clusters", -1, 1),
        ("cluster 4", 0, 2),
        ("cluster 7", 1, 3),
    ]
    assert found.groups[1].path.count("M") == 2
    assert (found.n_points, found.n_rows) == (6, 600)


def test_distances_are_shaded_from_near_to_far():
    distances = np.array([0, 1, 2, 9, 16, 32])
    found = distance_map("t", np.arange(12.0).reshape(6, 2), (1, 0), distances, 32, 6)
    assert [g.name for g in found.groups[::-1]] == [
        "0 to 1 bits away",
        "2 to 3 bits away",
        "8 to 11 bits away",
        "16 to 32 bits away",
    ]
