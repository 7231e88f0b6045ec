"""Positions of what a chart shows, in the units of its drawing; a template draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT = 340, 200  # of a chart; a phone shows one a row at about this size in pixels
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 38  # room for the axes
MOST_POINTS = 400  # of a line; more cannot be told apart at this width
LARGEST = 1e300  # numbers from here on have no differences that a float holds
SMALLEST_RANGE = 1e-9  # of the largest number: ticks of a smaller range read alike

Tick = tuple[float, str]
"""Position along the axis, and what is written there."""


@dataclass(frozen=True)
class Frame:
    """The axes of a chart.

    Attributes:
        x_ticks: From left to right.
        y_ticks: From bottom to top.
        x_label: What x is.
        y_label: What y is.
    """

    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_label: str
    y_label: str = ""


@dataclass(frozen=True)
class LineChart:
    """One line.

    Attributes:
        title: What is drawn.
        note: What it means; may be empty.
        frame: The axes.
        points: "x,y x,y ..." of every unbroken piece of the line.
        first: First value.
        last: Last value.
    """

    title: str
    note: str
    frame: Frame
    points: list[str]
    first: float
    last: float


@dataclass(frozen=True)
class BarChart:
    """A histogram.

    Attributes:
        title: What is drawn.
        frame: The axes.
        bars: x, y, width and height of each bar.
        line: "x,y x,y ..." of a reference curve; may be empty.
        summary: The figure in words, for those who do not see it.
    """

    title: str
    frame: Frame
    bars: list[tuple[float, float, float, float]]
    line: str
    summary: str


def line_chart(title: str, note: str, values: ArrayLike, x_label: str) -> LineChart:
    """Lay out the values of steps 1, 2, ...; what is not finite, or from 1e300 on, leaves a gap.

    Args:
        title: what is drawn.
        note: what it means.
        values: (m,) numbers, at least one finite.
        x_label: what a step is.
    """
    y = np.asarray(values, np.float64)
    y = np.where(np.abs(y) < LARGEST, y, np.nan)
    x = np.arange(1, len(y) + 1, dtype=np.float64)
    finite = y[np.isfinite(y)]
    y_ticks = nice_ticks(float(finite.min()), float(finite.max()))
    x_ticks = [t for t in nice_ticks(1, max(2, len(y))) if 1 <= t <= max(2, len(y)) and t % 1 == 0]
    low, high = min(y_ticks[0], finite.min()), max(y_ticks[-1], finite.max())
    shown = np.unique(np.linspace(0, len(y) - 1, min(len(y), MOST_POINTS)).astype(np.int64))
    px, py = _across(x[shown], 1, max(2, len(y))), _up(y[shown], low, high)
    frame = Frame(
        [(_round(_across(t, 1, max(2, len(y)))), f"{t:g}") for t in x_ticks],
        [(_round(_up(t, low, high)), tick_text(t, y_ticks)) for t in y_ticks],
        x_label,
    )
    return LineChart(title, note, frame, _pieces(px, py), float(finite[0]), float(finite[-1]))


def _pieces(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
    """Return the points of each run of finite values."""
    breaks = np.flatnonzero(~np.isfinite(y))
    runs = [r[np.isfinite(y[r])] for r in np.split(np.arange(len(y)), breaks)]
    return [" ".join(f"{x[i]:.1f},{y[i]:.1f}" for i in run) for run in runs if len(run)]


def histogram(
    title: str,
    counts: ArrayLike,
    edges: ArrayLike,
    x_label: str,
    summary: str,
    expected: ArrayLike | None = None,
    y_label: str = "rows",
) -> BarChart:
    """Lay out counts between edges.

    Args:
        title: what is drawn.
        counts: (m,) heights, >= 0.
        edges: (m + 1,) ascending.
        x_label: what x is.
        summary: the figure in words.
        expected: (m,) heights of a reference curve through the bars' middles, or None.
        y_label: what is counted.
    """
    heights, sides = np.asarray(counts, np.float64), np.asarray(edges, np.float64)
    curve = np.zeros(0) if expected is None else np.asarray(expected, np.float64)
    top = max(1.0, float(heights.max()), float(curve.max()) if len(curve) else 0.0)
    y_ticks = nice_ticks(0, top)
    high = max(top, y_ticks[-1])
    x, y = _across(sides, sides[0], sides[-1]), _up(heights, 0, high)
    base = float(_up(0.0, 0, high))
    bars = [
        (_round(x[i] + 0.5), _round(y[i]), _round(x[i + 1] - x[i] - 1), _round(base - y[i]))
        for i in range(len(heights))
        if heights[i] > 0
    ]
    middles, levels = (x[1:] + x[:-1]) / 2, _up(curve, 0, high)
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(middles, levels, strict=False))
    frame = Frame(
        [
            (_round(_across(t, sides[0], sides[-1])), f"{t:g}")
            for t in nice_ticks(sides[0], sides[-1])
            if sides[0] <= t <= sides[-1]
        ],
        [(_round(_up(t, 0, high)), count_text(t, high)) for t in y_ticks if t % 1 == 0],
        x_label,
        y_label,
    )
    return BarChart(title, frame, bars, line, summary)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most ``most`` + 1 round numbers from ``low`` or below it to ``high`` or above."""
    if not high - low > SMALLEST_RANGE * max(abs(low), abs(high), 1e-290):
        spread = abs(low) or 1.0
        return [low - spread / 2, low, low + spread / 2] if low else [0.0, 1.0]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 2.5, 5, 10) if power * f >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """Return a tick with as many decimals as its neighbours need."""
    step = abs(ticks[1] - ticks[0])
    largest = max(abs(t) for t in ticks)
    if largest >= 1e5 or (0 < largest < 1e-3):
        digits = math.ceil(math.log10(largest / step)) + 1
        return f"{value:#.{max(2, digits)}g}"
    decimals = 0 if step % 1 == 0 else max(0, math.ceil(-math.log10(step) - 1e-9))
    decimals += step * 10**decimals % 1 > 1e-9  # a step of 0.25 has one more
    return f"{value:.{int(decimals)}f}"


def count_text(value: float, largest: float) -> str:
    """Return a count as an axis writes it that goes up to ``largest``: 1,500, 15k, 1.5M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value and largest >= 10 * unit:
            return f"{value / unit:g}{name}"
    return f"{value:,.0f}"


def _across(value: ArrayLike, low: float, high: float) -> NDArray[np.float64]:
    share = (np.asarray(value, np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(LEFT + share * (WIDTH - LEFT - RIGHT))


def _up(value: ArrayLike, low: float, high: float) -> NDArray[np.float64]:
    share = (np.asarray(value, np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP))


def _round(value: ArrayLike) -> float:
    return round(float(np.asarray(value)), 1)
