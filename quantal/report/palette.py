"""Colours that stay apart from each other, for any number of clusters."""

from __future__ import annotations

import colorsys

from ..errors import require_range

Color = tuple[int, int, int]

# The first eight are told apart by most colour-blind readers (blue, orange, green, red-purple ...)
# and are dark enough to be read on white and on their own pale tint.
_CHOSEN: tuple[Color, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 140, 105),
    (190, 80, 150),
    (222, 172, 20),
    (70, 160, 215),
    (110, 70, 170),
    (120, 100, 80),
    (200, 35, 60),
    (130, 160, 40),
)
_GOLDEN_ANGLE = 0.618033988749895  # in turns; successive hues never come close to a regular cycle


def palette(n_colors: int) -> list[Color]:
    """Return ``n_colors`` distinct colours as (red, green, blue) in 0..255, always in one order.

    Args:
        n_colors: how many; the first ten are chosen by hand, the others spread the hues.

    Raises:
        ParameterError: ``n_colors`` is negative or not whole.
    """
    require_range("n_colors", n_colors, low=0, integer=True)
    return [_color(i) for i in range(int(n_colors))]


def tint(color: Color, strength: float) -> Color:
    """Mix ``color`` with white; strength 1 is the colour itself, 0 is white."""
    red, green, blue = (round(255 + strength * (value - 255)) for value in color)
    return red, green, blue


def _color(i: int) -> Color:
    if i < len(_CHOSEN):
        return _CHOSEN[i]
    turn = i - len(_CHOSEN)
    lightness = (0.38, 0.52, 0.28)[turn % 3]  # neighbours in hue differ in lightness as well
    rgb = colorsys.hls_to_rgb((0.05 + turn * _GOLDEN_ANGLE) % 1.0, lightness, 0.62)
    red, green, blue = (round(255 * value) for value in rgb)
    return red, green, blue
