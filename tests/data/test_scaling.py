from __future__ import annotations

import numpy as np
import pytest

from quantal.data import pixels_to_unit_range
from quantal.errors import DataError


def test_pixels_are_divided_by_128_exactly():
    scaled = pixels_to_unit_range(np.array([[0, 64, 128, 255]], dtype=np.uint8))
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [[-1.0, -0.5, 0.0, 0.9921875]]


def test_what_is_not_uint8_is_refused():
    with pytest.raises(DataError, match=r"must be uint8 \(0 to 255\), got float64.*MinMaxScaler"):
        pixels_to_unit_range(np.ones((2, 2)))
