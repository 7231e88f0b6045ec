"""A picture on disk: all of it or none of it."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from ..errors import require_choice

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def save_image(image: Image.Image, path: str | os.PathLike[str]) -> Path:
    """Write a picture under a temporary name and rename it, so that no reader sees half a file.

    Args:
        image: what to write.
        path: ends in .png, .jpg, .jpeg or .webp; missing folders are made.

    Returns:
        The path written.

    Raises:
        ParameterError: the ending names no format.
    """
    target = Path(path)
    ending = target.suffix.lower()
    require_choice("the ending of an image file", ending, _FORMATS)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        image.save(partial, format=_FORMATS[ending])
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
