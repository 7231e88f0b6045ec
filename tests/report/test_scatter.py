from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import DataError, MissingExtraError
from quantal.report import RegionPanel, palette, scatter_regions
from quantal.report.palette import tint

POINTS = np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])


def right_half(positions):
    return (positions[:, 0] > 0).astype(int)


def test_without_matplotlib_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'quantal\[report\]'"):
        scatter_regions(RegionPanel(POINTS, right_half))


def test_regions_have_the_pale_colours_of_their_labels():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    picture = scatter_regions(RegionPanel(POINTS, right_half, labels=[0, 1, 0, 1]))
    pixels = np.asarray(picture).reshape(-1, 3)
    counts = [(pixels == tint(color, 0.28)).all(axis=1).sum() for color in palette(2)]
    assert min(counts) > 20_000
    assert counts[0] == pytest.approx(counts[1], rel=0.05)
    assert all((pixels == color).all(axis=1).any() for color in palette(2))


def test_several_panels_stand_in_rows():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    panel = RegionPanel(POINTS, right_half, title="one")
    one, four = (scatter_regions(p, n_columns=2, resolution=20) for p in (panel, [panel] * 4))
    assert four.size == (2 * one.width, 2 * one.height)


def test_a_single_region_and_a_single_point_can_be_drawn():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    scatter_regions(RegionPanel([[3.0, 4.0]], lambda p: np.zeros(len(p), int)), resolution=10)


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        (RegionPanel(np.zeros((3, 3)), right_half), r"points must have shape \(n, 2\), got"),
        (RegionPanel([[np.nan, 0.0]], right_half), "points contain nan"),
        (RegionPanel(POINTS, right_half, labels=[0]), "labels must be 4 integers"),
        (RegionPanel(POINTS, lambda p: p[:, 0]), "result of region_of must be 100 integers"),
    ],
)
def test_panels_that_do_not_fit_are_refused(panel, message):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    with pytest.raises(DataError, match=message):
        scatter_regions(panel, resolution=10)
