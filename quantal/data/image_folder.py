"""A folder of image files, nested folders included, as one uint8 array."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .arrays import image_settings
from .dataset import Dataset
from .memory_ceiling import require_memory
from .options import Options
from .validation import require_usable_rows

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
DECODERS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")  # nothing exotic is parsed
GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L"})


@dataclass(frozen=True)
class Header:
    """What an image file says about itself before its pixels are decoded."""

    size: tuple[int, int]  # (height, width) as displayed
    grey: bool


def read_images(folder: Path, options: Options) -> Dataset:
    """Read every image below ``folder``, sorted by path; hidden files are left out.

    Only the first frame of an animation counts; EXIF rotation is applied; transparent pixels
    become white; 16-bit grey keeps its upper 8 bits. With ``image_size`` images are resized
    (bilinear over the whole source area, aspect not kept). ``color="auto"`` gives grey if every
    image is grey, else RGB.

    Raises:
        DataError: No image, files that cannot be read (unless ``skip_unreadable``), or images of
            several sizes without ``image_size``.
    """
    names = image_names(folder)
    if not names:
        raise DataError(
            f"{folder} holds no image file ({', '.join(SUFFIXES)}), also not in folders below. "
            "Check the path."
        )
    headers, unreadable = _scan(folder, names)
    _require_readable(folder, unreadable, len(names), options)
    size = options.image_size or _common_size(folder, headers)
    all_grey = all(header.grey for header in headers.values())
    grey = options.color == "grey" or (options.color == "auto" and all_grey)
    x, bad = _decode(folder, list(headers), size, grey)
    unreadable.update(bad)
    _require_readable(folder, unreadable, len(names), options)
    ids = [name for name in headers if name not in bad]
    require_usable_rows(x, n_min=options.n_min, what=f"The folder {folder.name}")
    skipped = tuple(name for name in names if name in unreadable)
    reader = {**image_settings(x), "like": "images"}
    return Dataset(x, folder.name, "images", ids=ids, skipped=skipped, reader=reader)


def image_names(folder: Path) -> list[str]:
    """Return the image files below ``folder``, as sorted paths relative to it with slashes."""
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(parent).relative_to(folder)
        found += [
            (here / name).as_posix()
            for name in files
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found)


def _scan(folder: Path, names: Sequence[str]) -> tuple[dict[str, Header], dict[str, str]]:
    """Read every header; return them and the reasons of those that cannot be read."""
    headers: dict[str, Header] = {}
    unreadable: dict[str, str] = {}
    for name in names:
        if (folder / name).exists() and not (folder / name).is_file():
            unreadable[name] = "it is not a file"  # opening a pipe would wait for ever
            continue
        try:
            with _open(folder / name) as image:
                width, height = image.size
                turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}  # EXIF: on its side
                size = (width, height) if turned else (height, width)
                headers[name] = Header(size, _is_grey(image))
        except _UNREADABLE as error:
            unreadable[name] = _reason(error)
    return headers, unreadable


def _decode(
    folder: Path, names: Sequence[str], size: tuple[int, int], grey: bool
) -> tuple[NDArray[np.uint8], dict[str, str]]:
    """Decode to (n, h, w) or (n, h, w, 3); rows of files that fail are left out."""
    shape = (len(names), *size) if grey else (len(names), *size, 3)
    require_memory(int(np.prod(shape, dtype=np.float64)), f"The folder {folder.name}")
    x = np.empty(shape, np.uint8)
    bad: dict[str, str] = {}
    filled = 0
    for name in names:
        try:
            with _open(folder / name) as image:
                x[filled] = pixels(image, size, grey)
            filled += 1
        except _UNREADABLE as error:
            bad[name] = _reason(error)
    return x[:filled], bad


def pixels(image: Any, size: tuple[int, int], grey: bool) -> NDArray[np.uint8]:
    """Bring one Pillow image to (h, w) or (h, w, 3) uint8."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("it holds floating-point pixels; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # Pillow would clip 16-bit values at 255
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype("u1"))
    if "A" in image.mode or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, over)
    image = image.convert("L" if grey else "RGB")
    height, width = size
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8)


def _open(path: Path) -> Any:
    from PIL import Image

    with warnings.catch_warnings():
        # Pillow warns between one and two times its limit; a decompression bomb is an error here.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # broken EXIF does not spoil the pixels
        return Image.open(path, formats=DECODERS)


def _is_grey(image: Any) -> bool:
    if image.mode == "P":  # a palette may hold greys only, as in GIF
        colours = np.asarray(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        return bool((colours == colours[:, :1]).all())
    return image.mode in GREY_MODES


# What Pillow raises for damaged files, SyntaxError and struct.error included.
_UNREADABLE = (Exception,)


def _reason(error: Exception) -> str:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, (Image.DecompressionBombWarning, Image.DecompressionBombError)):
        return f"more than {Image.MAX_IMAGE_PIXELS} pixels, taken for a decompression bomb"
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    return str(error).partition("\n")[0] or type(error).__name__


def _require_readable(
    folder: Path, unreadable: dict[str, str], n_files: int, options: Options
) -> None:
    if not unreadable:
        return
    shown = "; ".join(f"{name}: {reason}" for name, reason in list(unreadable.items())[:5])
    more = f"; and {len(unreadable) - 5} more" if len(unreadable) > 5 else ""
    if len(unreadable) == n_files:
        raise DataError(
            f"None of the {n_files} image files in {folder} can be read ({shown}{more}). Replace "
            "them."
        )
    if not options.skip_unreadable:
        raise DataError(
            f"{len(unreadable)} of {n_files} image files in {folder} cannot be read ({shown}{more})"
            ". Repair or remove them, or pass skip_unreadable=True (--skip-unreadable)."
        )


def _common_size(folder: Path, headers: dict[str, Header]) -> tuple[int, int]:
    sizes = Counter(header.size for header in headers.values())
    if len(sizes) == 1:
        return next(iter(sizes))
    usual = sizes.most_common(5)
    shown = ", ".join(f"{height}x{width} ({count} images)" for (height, width), count in usual)
    more = f" and {len(sizes) - 5} more" if len(sizes) > 5 else ""
    height, width = usual[0][0]
    raise DataError(
        f"The images in {folder} have {len(sizes)} sizes (height x width): {shown}{more}. Choose "
        f"one size for all: image_size=({height}, {width}) (--image-size {height}x{width})."
    )
