from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import ParameterError
from quantal.experiments import spirals


def test_without_noise_the_radius_grows_from_04_to_2_on_every_arc():
    points, arc = spirals(3, 50, np.random.default_rng(0), noise=0.0)
    assert points.shape == (150, 2) and points.dtype == np.float32
    for a in range(3):
        radius = np.sort(np.linalg.norm(points[arc == a], axis=1))
        np.testing.assert_allclose(radius, np.linspace(0.4, 2.0, 50), rtol=1e-5)


def test_arcs_do_not_touch():
    points, arc = spirals(2, 300, np.random.default_rng(0))
    gaps = np.linalg.norm(points[arc == 0][:, None] - points[arc == 1][None], axis=2)
    assert gaps.min() > 0.3


def test_the_generator_decides_everything():
    first, second = (spirals(2, 20, np.random.default_rng(5))[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_no_arc_is_refused():
    with pytest.raises(ParameterError, match="n_arcs must be an integer in"):
        spirals(0, 20, np.random.default_rng(0))
