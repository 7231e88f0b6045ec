from __future__ import annotations

import numpy as np
import pytest

from quantal.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    count_text,
    histogram,
    line_chart,
    nice_ticks,
    tick_text,
)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 700, [0, 200, 400, 600, 800]),
        (-0.13, 0.08, [-0.15, -0.1, -0.05, 0, 0.05, 0.1]),
        (3, 3, [1.5, 3, 4.5]),
        (0, 0, [0, 1]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(low, high, ticks):
    assert nice_ticks(low, high) == pytest.approx(ticks)


def test_ticks_have_the_decimals_that_tell_them_apart():
    assert [tick_text(t, [0.25, 0.5]) for t in (0.25, 0.5)] == ["0.25", "0.50"]
    assert [tick_text(t, [0, 200]) for t in (0, 200)] == ["0", "200"]
    assert [tick_text(t, [100_000, 100_500]) for t in (100_000, 100_500)] == [
        "1.000e+05",
        "1.005e+05",
    ]


def test_counts_are_short():
    assert [count_text(v, 8000) for v in (0, 950, 8000)] == ["0", "950", "8,000"]
    assert [count_text(v, 20_000) for v in (0, 5000, 20_000)] == ["0", "5k", "20k"]
    assert count_text(1.5e7, 2e7) == "15M"


def test_a_line_goes_from_corner_to_corner():
    chart = line_chart("total", "", [0.0, 0.5, 1.0], "epoch")
    [points] = chart.points
    corners = [tuple(map(float, point.split(","))) for point in points.split()]
    assert corners[0] == (LEFT, HEIGHT - BOTTOM)
    assert corners[-1] == (WIDTH - RIGHT, TOP)
    assert (chart.first, chart.last) == (0.0, 1.0)


def test_what_is_not_finite_leaves_a_gap():
    chart = line_chart("total", "", [1.0, 2.0, np.nan, 4.0, np.inf], "epoch")
    assert [len(points.split()) for points in chart.points] == [2, 1]
    assert chart.last == 4.0


@pytest.mark.parametrize(
    "values", [[123456.0, 123456.00000000001], [5e-324, 0.0], [1e308, -1e308, 2.0], [1e-310] * 3]
)
def test_a_history_whose_range_no_float_holds_is_drawn_all_the_same(values):
    chart = line_chart("loss", "", values, "epoch")
    assert chart.points and all("nan" not in piece for piece in chart.points)


def test_a_long_history_is_thinned_with_both_ends_kept():
    chart = line_chart("total", "", np.arange(10_000.0), "epoch")
    assert len(chart.points[0].split()) == 400
    assert (chart.first, chart.last) == (0.0, 9999.0)


def test_bars_are_as_high_as_their_counts_and_empty_ones_are_left_out():
    chart = histogram("h", [1, 0, 4], [0, 1, 2, 3], "x", "words", expected=[4, 4, 4])
    assert [bar[3] for bar in chart.bars] == pytest.approx([38, 152], abs=0.1)
    assert chart.line.split()[0].endswith(",10.0")
