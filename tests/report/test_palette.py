from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import ParameterError
from quantal.report import palette
from quantal.report.palette import tint


def test_a_longer_palette_begins_with_the_shorter_one():
    assert palette(40)[:5] == palette(5)
    assert palette(0) == []


def test_a_hundred_colours_are_all_different_and_dark_enough_for_white_paper():
    colors = np.array(palette(100))
    assert len(np.unique(colors, axis=0)) == 100
    assert (colors @ [0.2126, 0.7152, 0.0722] < 200).all()


def test_the_first_ten_colours_are_far_apart():
    colors = np.array(palette(10), float)
    gaps = np.linalg.norm(colors[:, None] - colors[None], axis=2)[~np.eye(10, dtype=bool)]
    assert gaps.min() > 60


def test_a_tint_lies_between_white_and_the_colour():
    assert tint((0, 100, 255), 0) == (255, 255, 255)
    assert tint((0, 100, 255), 1) == (0, 100, 255)


def test_a_negative_number_of_colours_is_refused():
    with pytest.raises(ParameterError, match="n_colors must be an integer"):
        palette(-1)
