"""From an array, wherever it came from, to a checked Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..errors import DataError
from .dataset import Dataset
from .options import Options
from .validation import require_not_labels, require_usable_rows


def read_array(source: Any, options: Options) -> Dataset:
    """Open an array, a sparse array or anything that converts to one, without copying if it can."""
    if sp.issparse(source):
        rows: Any = source
        return array_dataset(sp.csr_array(rows), "array", options, what="The array")
    try:
        x = source if isinstance(source, np.ndarray) else np.asarray(source)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"The rows cannot form an array ({error}). Pass rows of one width, all numbers."
        ) from None
    return array_dataset(x, "array", options, what="The array")


def array_dataset(
    x: Any,
    name: str,
    options: Options,
    *,
    what: str,
    ids: Sequence[str] | None = None,
    reader: dict[str, Any] | None = None,
) -> Dataset:
    """Bring ``x`` to the shapes that `Dataset` allows, check every row, and wrap it.

    Args:
        x: Array, memory map or CSR array; images may have their colours first or last.
        name: The data set's name.
        options: Options of the call; a given image size or colour must be what ``x`` has.
        what: What messages call the data.
        ids: One name a row.
        reader: Format-specific settings to read other data alike.
    """
    if x.dtype.kind == "O":
        raise DataError(
            f"{what} holds Python objects, not numbers. Keep the numeric columns only and convert "
            "them, for example with .astype('float32')."
        )
    require_not_labels(x, what)
    x = x if sp.issparse(x) or x.ndim != 4 else _colours_last(x, what)
    if not sp.issparse(x) and x.ndim > 4:
        raise DataError(
            f"{what} has {x.ndim} axes (shape {tuple(x.shape)}); pass (n, d) vectors or "
            "(n, h, w) or (n, h, w, 3) images."
        )
    require_usable_rows(x, n_min=options.n_min, what=what)
    if x.ndim == 2:
        settings = {**(reader or {}), "like": "vectors"}
        return Dataset(x, name, "vectors", ids=ids, reader=settings)
    _require_image_form(x, options, what)
    settings = {**(reader or {}), **image_settings(x), "like": "images"}
    return Dataset(x, name, "images", ids=ids, reader=settings)


def image_settings(x: Any) -> dict[str, Any]:
    """Return the options that read other images into the form of ``x``, (n, h, w[, 3])."""
    return {
        "image_size": [int(x.shape[1]), int(x.shape[2])],
        "color": "grey" if x.ndim == 3 else "rgb",
    }


def _colours_last(x: Any, what: str) -> Any:
    """(n, h, w, 1), (n, 1, h, w) -> (n, h, w); (n, 3, h, w) -> (n, h, w, 3); views only."""
    if x.shape[3] == 3:
        return x
    if x.shape[3] == 1:
        return x[..., 0]
    if x.shape[1] == 1:
        return x[:, 0]
    if x.shape[1] == 3:
        return np.moveaxis(x, 1, 3)
    raise DataError(
        f"{what} has shape {tuple(x.shape)}, but images are (n, h, w), (n, h, w, 3) or "
        "(n, 3, h, w). Drop further channels or flatten the images to (n, d)."
    )


def _require_image_form(x: Any, options: Options, what: str) -> None:
    has = image_settings(x)
    wanted = options.image_size
    if wanted is not None and list(wanted) != has["image_size"]:
        raise DataError(
            f"{what} holds images of {x.shape[1]} x {x.shape[2]} pixels, but "
            f"{wanted[0]} x {wanted[1]} are wanted. Resize them first; only a folder of image "
            "files is resized on reading."
        )
    if options.color not in {"auto", has["color"]}:
        raise DataError(
            f"{what} holds {has['color']} images, but color={options.color!r} is wanted. "
            "Convert them first; only a folder of image files is converted on reading."
        )
