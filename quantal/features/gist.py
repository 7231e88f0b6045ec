"""The GIST descriptor: how much structure of each size and direction lies where in a picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import row_chunks
from ..errors import DataError, FileFormatError, require_choice, require_range
from ..threads import one_thread_a_product
from .gist_filters import (
    block_averages,
    centred_spectra,
    equalised,
    filter_bank,
    filters,
    margin,
    reflected,
)
from .white import white_of

SCHEMA = "quantal.gist/1"
BLOCKS = 4  # along each side
CYCLES = 4  # a picture: what is coarser than this counts as lighting
MOST_MARGIN = 32  # pixels; the response of the coarsest filter has faded at this distance
WORK_BYTES = 4 << 20  # complex pictures under work at once; they should stay in the outer cache


@dataclass(frozen=True)
class Layout:
    """Where the numbers of a descriptor come from.

    Attributes:
        orientations: Filters of each scale, the finest first.
        channels: 1 for grey, 3 for colour; each has all filters.
    """

    orientations: tuple[int, ...]
    channels: int


LAYOUTS: dict[int, Layout] = {
    512: Layout((8, 8, 8, 8), 1),
    960: Layout((8, 8, 4), 3),
}


class Gist:
    """GIST descriptors of pictures, 512 numbers from grey or 960 from colour.

    Pixels become log(1 + 255 x / white); what varies over more than a quarter of the picture is
    taken off, and the rest is divided by its local contrast. Then a bank of oriented filters is
    applied, and the magnitude of each response is averaged over a 4 x 4 grid. 512 = 4 scales x 8
    orientations x 16 blocks of the mean of the colours; 960 = 3 colours x (8 + 8 + 4) filters of 3
    scales x 16 blocks. The numbers are ordered by colour, scale, orientation, block row and block
    column. Filters are fixed in cycles a pixel, so pictures to be compared need one size.

    Args:
        n_features: 512 or 960.
        white: Pixel value of white, > 0; black is 0. `for_images` finds it.

    Source: Oliva and Torralba 2001, "Modeling the Shape of the Scene"; filters and constants as in
    their Matlab code, 960 as in the colour version in common use. Ours mirrors the picture by up
    to 32 pixels once, for both steps, and measures contrast on the torus that this gives.
    """

    def __init__(self, n_features: int = 512, *, white: float = 255.0) -> None:
        require_choice("n_features", n_features, LAYOUTS)
        require_range("white", white, low=0, low_open=True, high=1e30)
        self.n_features = int(n_features)
        self.white = float(white)

    @classmethod
    def for_images(cls, images: Any, n_features: int | None = None) -> Gist:
        """Return the descriptor that suits pictures, without computing it.

        Args:
            images: (n, h, w) or (n, h, w, 3). White is 255 for uint8, 65535 for uint16, 1 for
                booleans, and the largest value of all pictures for other types.
            n_features: 512 or 960; default: 960 for colour, 512 for grey.
        """
        _require_pictures(images)
        if n_features is None:
            n_features = 960 if images.ndim == 4 else 512
        return cls(n_features, white=white_of(images))

    def transform(
        self, images: Any, on_rows: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        """Describe every picture; none depends on the others, nor on the number of threads.

        Args:
            images: (n, h, w) or (n, h, w, 3) array or memory map of real numbers >= 0, at least 4
                pixels along each side.
            on_rows: Called now and then with the number of pictures described and n.

        Returns:
            (n, n_features) float32, >= 0.

        Raises:
            DataError: Not pictures, negative values, nan, or 960 numbers wanted of grey pictures.
        """
        _require_pictures(images)
        if self.n_features == 960 and images.ndim == 3:
            raise DataError(
                "960 numbers of GIST describe colours, but these pictures are grey, shape "
                f"{tuple(images.shape)}. Use 512 numbers (gist-512)."
            )
        height, width = images.shape[1:3]
        out = np.empty((len(images), self.n_features), dtype=np.float32)
        work = _Work(LAYOUTS[self.n_features], height, width)
        with one_thread_a_product() as n_threads, ThreadPoolExecutor(n_threads) as pool:
            for start, rows in row_chunks(images):

                def describe(first: int, start: int = start, rows: Any = rows) -> None:
                    batch = rows[first : first + work.batch]
                    planes = self._planes(batch, start + first)
                    out[start + first : start + first + len(batch)] = work.describe(planes)

                list(pool.map(describe, range(0, len(rows), work.batch)))  # raises their errors
                if on_rows is not None:
                    on_rows(start + len(rows), len(images))
        return out

    def _planes(self, batch: NDArray[Any], first_row: int) -> NDArray[np.float32]:
        """(b, h, w[, 3]) pixels -> (b, channels, h, w) logarithms."""
        values = np.asarray(batch, dtype=np.float32)
        low = float(values.min())
        if not (low >= 0 and math.isfinite(float(values.max()))):
            raise DataError(
                f"GIST takes pixels from 0 (black) to {self.white:g} (white), but pictures from "
                f"row {first_row} on hold {low:g} to {values.max():g}. Pass unscaled pixels."
            )
        planes = values[:, None] if values.ndim == 3 else np.moveaxis(values, 3, 1)
        if self.n_features == 512:
            planes = planes.mean(axis=1, keepdims=True)
        logarithms: NDArray[np.float32] = np.log1p(planes * np.float32(255 / self.white))
        return logarithms

    def to_config(self) -> dict[str, Any]:
        """Return everything `transform` needs, as JSON values."""
        return {"schema": SCHEMA, "n_features": self.n_features, "white": self.white}

    @classmethod
    def from_config(cls, config: Any) -> Gist:
        """Rebuild from `to_config`'s value, which may come from a file nobody vouches for.

        Args:
            config: What `to_config` returned.

        Raises:
            FileFormatError: Another schema, a missing or unknown entry, or a value out of bounds.
        """
        sound = (
            isinstance(config, dict)
            and set(config) == {"schema", "n_features", "white"}
            and config["schema"] == SCHEMA
            and type(config["n_features"]) is int
            and config["n_features"] in LAYOUTS
            and type(config["white"]) in {int, float}
            and 0 < config["white"] <= 1e30
        )
        if not sound:
            raise FileFormatError(
                f"The saved GIST settings cannot be used: they are not those of {SCHEMA}. Fit and "
                "save the model again."
            )
        return cls(config["n_features"], white=config["white"])


class _Work:
    """What is the same for all pictures of one size."""

    def __init__(self, layout: Layout, height: int, width: int) -> None:
        before = [margin(side, MOST_MARGIN) for side in (height, width)]
        torus = reflected(np.zeros((1, height, width), np.float32), MOST_MARGIN).shape[1:]
        inner = (slice(before[0], before[0] + height), slice(before[1], before[1] + width))
        self.cutoff = CYCLES / max(height, width)
        self.filters = filters(filter_bank(layout.orientations, *torus), inner)
        self.averages = block_averages((height, width), BLOCKS)
        picture_bytes = 8 * layout.channels * math.prod(torus)
        self.batch = max(1, WORK_BYTES // picture_bytes)

    def describe(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """(b, channels, h, w) logarithms -> (b, n_features)."""
        b, channels = planes.shape[:2]
        extended = reflected(planes.reshape(b * channels, *planes.shape[2:]), MOST_MARGIN)
        torus = extended.shape[1:]
        detail = equalised(extended.reshape(b, channels, *torus), self.cutoff)
        spectra = centred_spectra(detail.reshape(b * channels, *torus))
        rows, columns = self.averages
        blocks = [rows @ each.magnitude(spectra) @ columns for each in self.filters]
        described: NDArray[np.float32] = np.stack(blocks, axis=1)  # (b * channels, filters, 4, 4)
        return described.reshape(b, -1)


def _require_pictures(images: Any) -> None:
    shape = tuple(getattr(images, "shape", ()))
    pictures = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
    if not pictures or images.dtype.kind not in "biuf" or min(shape[:3]) < 1:
        raise DataError(
            "GIST describes pictures: an array of real numbers of shape (n, h, w) or (n, h, w, 3), "
            f"got shape {shape}. Reshape rows of pixels, for example to (-1, 28, 28)."
        )
    if min(shape[1:3]) < BLOCKS:
        raise DataError(
            f"GIST averages over {BLOCKS} x {BLOCKS} blocks, but the pictures have "
            f"{shape[1]} x {shape[2]} pixels. Pass larger ones."
        )
