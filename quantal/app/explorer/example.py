"""An example to search by, from what a person gives: an image, numbers, a text or a row."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.image_folder import DECODERS, pixels
from ...errors import DataError
from ...features.white import white_of
from .model_rows import ModelRows

MOST_PIXELS = 50_000_000
LONGEST_TEXT = 1_000_000
_SEPARATORS = re.compile(r"[\s,;\[\]()]+")


def image_example(rows: ModelRows, content: bytes) -> Any:
    """Bring an image file to the size and colours of the rows, (1, h, w) or (1, h, w, 3).

    Args:
        rows: rows of images.
        content: PNG, JPEG, BMP, GIF, TIFF, WEBP or PPM.

    Raises:
        DataError: It is no such file, or has more than 50 million pixels.
    """
    from PIL import Image

    shape = rows.pictures.shape[1:]
    channels_first = len(shape) == 3 and shape[-1] not in {1, 3} and shape[0] in {1, 3}
    size = shape[1:] if channels_first else shape[:2]
    n_channels = 1 if len(shape) == 2 else shape[0] if channels_first else shape[-1]
    if n_channels not in {1, 3}:
        raise DataError(
            f"The rows have {n_channels} channels, which an image file does not. Paste their "
            "numbers instead."
        )
    try:
        with Image.open(io.BytesIO(content), formats=DECODERS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(
                    f"The image has {image.width:,} x {image.height:,} pixels, and at most "
                    f"{MOST_PIXELS:,} are read. Reduce it first."
                )
            found = pixels(image, size, n_channels == 1)
    except DataError:
        raise
    except Exception:  # what Pillow raises for damaged files is of every kind
        raise DataError(
            "The file is no image that can be read. Choose a PNG, JPEG, BMP, GIF, TIFF, WEBP or "
            "PPM file."
        ) from None
    if len(shape) == 3 and n_channels == 1:
        found = found[..., None]
    if channels_first:
        found = np.moveaxis(found, -1, 0)
    return _in_unit_of(rows.pictures, found)[None]


def vector_example(rows: ModelRows, text: str) -> NDArray[np.float32]:
    """Read numbers that stand for one row, (1, d), or (1, h, w) and so on for images.

    Args:
        rows: rows of numbers.
        text: the numbers, divided by commas, semicolons or blanks; brackets are overlooked.

    Raises:
        DataError: Something is no finite number, or their count is not the rows'.
    """
    if len(text) > LONGEST_TEXT:
        raise DataError(
            f"The numbers have {len(text):,} characters, and at most {LONGEST_TEXT:,} are read. "
            "Write them shorter."
        )
    words = [word for word in _SEPARATORS.split(text) if word]
    width = rows.data.n_features
    if len(words) != width:
        raise DataError(
            f"A row has {width:,} numbers, got {len(words):,}. Paste all numbers of one row, "
            "divided by commas or blanks."
        )
    try:
        values = np.array([float(word) for word in words], np.float64)
    except ValueError:
        wrong = next(word for word in words if not _is_number(word))
        raise DataError(f"{wrong[:40]!r} is no number. Paste numbers like 0.5 or -1e3.") from None
    with np.errstate(over="ignore"):  # what is too large becomes infinity and is refused
        single = values.astype(np.float32)
    if not np.isfinite(single).all():
        raise DataError("Every number must be finite, got nan, infinity or one beyond 3e38.")
    return single.reshape(1, *rows.data.x.shape[1:])


def text_example(text: str) -> list[str]:
    """Return a document as the model takes it.

    Args:
        text: up to a million characters.

    Raises:
        DataError: It is empty or too long.
    """
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise DataError(
            f"A text has from 1 to {LONGEST_TEXT:,} characters, got {len(text.strip()):,}."
        )
    return [text]


def _in_unit_of(x: Any, found: NDArray[np.uint8]) -> NDArray[Any]:
    """Spread 0..255 over the rows' own black to white."""
    if x.dtype == np.uint8:
        return found
    scaled = found.astype(np.float32) * np.float32(white_of(x) / 255)
    return scaled if x.dtype.kind == "f" else scaled.round().astype(x.dtype)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
