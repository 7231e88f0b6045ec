"""Pictures brought to another size by cubic curves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SHARPNESS = -0.5  # the "a" of the cubic kernel; here it reproduces quadratic curves
REACH = 2  # pixels to each side


def resized(pictures: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Resize pictures; shrunk ones are smoothed first, so that no pixel is passed over.

    Args:
        pictures: (b, h, w, c).
        height: wanted, pixels.
        width: wanted, pixels.

    Returns:
        (b, height, width, c) float32; cubic curves may leave the range of the pixels at edges.

    Source: Keys 1981, "Cubic convolution interpolation for digital image processing", with the
    kernel stretched when shrinking, as Pillow does.
    """
    b, h, w, c = pictures.shape
    tall = np.matmul(cubic_weights(h, height), pictures.reshape(b, h, w * c))
    wide: NDArray[np.float32] = np.matmul(
        cubic_weights(w, width), tall.reshape(b * height, w, c)
    ).reshape(b, height, width, c)
    return wide


@lru_cache(maxsize=8)
def cubic_weights(old: int, new: int) -> NDArray[np.float32]:
    """Return the share of every old pixel in every new one along a side, (new, old); rows sum to 1.

    Args:
        old: pixels along the side before.
        new: pixels along it afterwards.
    """
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale
    far = np.abs(np.arange(old) + 0.5 - centres[:, None]) / max(scale, 1.0)
    near = (SHARPNESS + 2) * far**3 - (SHARPNESS + 3) * far**2 + 1
    outer = SHARPNESS * (far**3 - 5 * far**2 + 8 * far - 4)
    shares = np.where(far < 1, near, np.where(far < REACH, outer, 0))
    weights: NDArray[np.float32] = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return weights
