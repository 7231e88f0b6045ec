from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import DataError
from quantal.report import SpacePanel, palette, scatter_space

matplotlib = pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
POINTS = np.random.default_rng(0).normal(size=(60, 3))


def test_every_cluster_has_its_colour_the_commonest_the_first():
    labels = np.repeat([7, 3], [50, 10])
    pixels = np.asarray(scatter_space(SpacePanel(POINTS, labels, "2"), size=20)).reshape(-1, 3)
    counts = [(pixels == color).all(axis=1).sum() for color in palette(2)]
    assert counts[0] > counts[1] > 0


def test_panels_stand_side_by_side():
    plot = SpacePanel(POINTS, np.zeros(60, int))
    one, three = scatter_space(plot), scatter_space([plot] * 3)
    assert three.width == pytest.approx(3 * one.width, abs=3) and three.height == one.height


@pytest.mark.parametrize(
    ("points", "labels", "message"),
    [
        (POINTS[:, :2], np.zeros(60, int), r"shape \(n, 3\), got \(60, 2\)"),
        (POINTS, np.zeros(59, int), r"labels must be 60 integers"),
        (POINTS * np.nan, np.zeros(60, int), "nan or infinite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(points, labels, message):
    with pytest.raises(DataError, match=message):
        scatter_space(SpacePanel(points, labels))
