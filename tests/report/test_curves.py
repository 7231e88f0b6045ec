from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import DataError, MissingExtraError
from quantal.report import CurvePanel, curves, palette

SWEEP = 0.025 * 2.0 ** np.arange(8)


def has_color(picture, color) -> bool:
    return bool((np.asarray(picture).reshape(-1, 3) == color).all(axis=1).any())


def test_without_matplotlib_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'quantal\[report\]'"):
        curves(CurvePanel({"a": ([1], [1])}))


def test_every_line_is_drawn_in_its_own_colour():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    series = {str(i): (SWEEP, SWEEP + i) for i in range(8)}
    picture = curves(CurvePanel(series, "title", "decay", "accuracy", log2_x=True, mark_x=(0.1,)))
    assert all(has_color(picture, color) for color in palette(8))


def test_x_may_have_names_and_y_a_logarithmic_axis():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    plot = CurvePanel({"a": ([0, 1], [0.1, 100])}, log_y=True, x_names=["exact", "alpha"])
    assert has_color(curves(plot), palette(1)[0])


def test_labels_of_a_logarithmic_axis_keep_apart(monkeypatch):
    axes = pytest.importorskip("matplotlib.axes", reason="the extra 'report' is not installed")
    told = []
    monkeypatch.setattr(axes.Axes, "set_xticks", lambda _, *ticks: told.append(ticks))
    ours, theirs = [18_000, 90_000, 1_500_000], [20_000, 100_000, 0.5]
    curves(CurvePanel({"a": (ours, ours), "b": (theirs, theirs)}, log2_x=True))
    kept = [0.5, 18_000, 90_000, 1_500_000]
    assert told == [(kept, ["0.5", "18,000", "90,000", "1,500,000"])]


def test_a_name_keeps_its_colour_in_every_panel():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    plots = [CurvePanel({"a": ([0, 1], [0, 1])}), CurvePanel({"b": ([0, 1], [1, 0])})]
    pixels = np.asarray(curves(plots, n_columns=2))
    left, right = pixels[:, : pixels.shape[1] // 2], pixels[:, pixels.shape[1] // 2 :]
    assert has_color(left, palette(2)[0]) and not has_color(left, palette(2)[1])
    assert has_color(right, palette(2)[1])


def test_long_histories_gaps_and_single_points_can_be_drawn():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    y = np.arange(500.0)
    y[20:30] = np.nan
    curves(CurvePanel({"loss": (range(500), y), "end": ([500], [3.0])}), y_range=(0, 600))


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (([1, 2], [1]), r"'a' needs as many x as y, at least one, got \(2,\) and \(1,\)"),
        (([], []), "at least one"),
        (([0, 1], [1, 1]), "x of 'a' must be finite, and above 0 on a logarithmic axis, got 0 to"),
    ],
)
def test_lines_that_do_not_fit_are_refused(series, message):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    with pytest.raises(DataError, match=message):
        curves(CurvePanel({"a": series}, log2_x=True))
