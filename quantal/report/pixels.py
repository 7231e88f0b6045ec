"""Pixels of any range as bytes, and one image as text that a page can hold."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SMALL = 40  # pixels up to which every one of them is kept and enlarged
LARGEST = 160  # pixels of the longer side that a page shows: twice its size on the page


def to_bytes(block: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Return pixels in 0..255: ``low`` becomes 0 and ``high`` 255; nan becomes 0."""
    spread = np.nan_to_num(block.astype(np.float64), nan=low) - low
    return np.round(np.clip(spread * (255 / (high - low) if high > low else 0), 0, 255)).astype(
        np.uint8
    )


def image_uri(pixels: NDArray[np.uint8], *, exact: bool = False) -> str:
    """Return an image, (h, w) or (h, w, 3), as a data URI.

    Args:
        pixels: the image.
        exact: keep every pixel. Otherwise images above 160 pixels are reduced, and those above 40
            are stored as JPEG.
    """
    image = Image.fromarray(pixels)
    if max(image.size) > LARGEST and not exact:
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    if max(image.size) > SMALL and not exact:
        image.save(stream, format="JPEG", quality=85)
        kind = "jpeg"
    else:
        image.save(stream, format="PNG", optimize=True)
        kind = "png"
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"
