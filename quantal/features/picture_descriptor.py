"""What descriptors of pictures of one size share: batches, checks, settings that can be saved."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import row_chunks
from ..data.options import MAX_SIDE
from ..errors import DataError, FileFormatError, require_range
from .white import white_of

BATCH_VALUES = 1 << 19  # pixels under work at once: their planes should stay in the outer cache


class PictureDescriptor(ABC):
    """Base of descriptors that turn pictures of one size into rows of numbers.

    Args:
        height: Of every picture, pixels.
        width: Of every picture, pixels.
        white: Pixel value of white, > 0; black is 0. `for_images` finds it.

    Attributes:
        name: The descriptor at the command line and in saved settings.
        least: The smallest height and width that can be described.
        is_costly: Whether describing takes so long that rows are kept for the next time.
        n_features: Numbers a picture.
    """

    name: ClassVar[str]
    least: ClassVar[tuple[int, int]] = (2, 2)
    is_costly: ClassVar[bool] = False

    def __init__(self, height: int, width: int, *, white: float = 255.0) -> None:
        require_range("height", height, low=self.least[0], high=MAX_SIDE, integer=True)
        require_range("width", width, low=self.least[1], high=MAX_SIDE, integer=True)
        require_range("white", white, low=0, low_open=True, high=1e30)
        self.height, self.width, self.white = int(height), int(width), float(white)

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Numbers a picture."""

    @abstractmethod
    def _describe(self, pictures: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        """Describe (b, h, w, 1 or 3) pictures, black 0 and white 1, as (b, n_features)."""

    @classmethod
    def for_images(cls, images: Any) -> Self:
        """Return the descriptor that suits pictures.

        Args:
            images: (n, h, w) or (n, h, w, 3) array or memory map of real numbers >= 0.

        Raises:
            DataError: Not pictures, or too small ones.
        """
        cls._require_pictures(images)
        return cls(*images.shape[1:3], white=white_of(images))

    def transform(
        self, images: Any, on_rows: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        """Describe every picture; none depends on the others.

        Args:
            images: (n, h, w) or (n, h, w, 3) array or memory map of real numbers >= 0, of the
                size of the descriptor.
            on_rows: Called now and then with the number of pictures described and n.

        Returns:
            (n, n_features) float32, >= 0.

        Raises:
            DataError: Not pictures, another size, negative values or nan.
        """
        self._require_pictures(images)
        if tuple(images.shape[1:3]) != (self.height, self.width):
            raise DataError(
                f"{self.name} was set up for pictures of {self.height} x {self.width} pixels, got "
                f"{images.shape[1]} x {images.shape[2]}. Resize them to that size."
            )
        out = np.empty((len(images), self.n_features), np.float32)
        for start, batch in self._batches(images):
            out[start : start + len(batch)] = self._describe(batch)
            if on_rows is not None:
                on_rows(start + len(batch), len(images))
        return out

    def _batches(self, images: Any) -> Any:
        """Yield the first row and float32 pictures, (b, h, w, 1 or 3), white 1."""
        step = max(1, BATCH_VALUES // math.prod(images.shape[1:]))
        for start, rows in row_chunks(images):
            for first in range(0, len(rows), step):
                values = np.asarray(rows[first : first + step], np.float32)
                low = float(values.min())
                if not (low >= 0 and math.isfinite(float(values.max()))):
                    raise DataError(
                        f"{self.name} takes pixels from 0 (black) to {self.white:g} (white), but "
                        f"pictures from row {start + first} on hold {low:g} to {values.max():g}. "
                        "Pass unscaled pixels."
                    )
                values = values if values.ndim == 4 else values[..., None]
                yield start + first, values / np.float32(self.white)

    @classmethod
    def _require_pictures(cls, images: Any) -> None:
        shape = tuple(getattr(images, "shape", ()))
        pictures = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
        if not pictures or images.dtype.kind not in "biuf" or min(shape[:3]) < 1:
            raise DataError(
                f"{cls.name} describes pictures: an array of real numbers of shape (n, h, w) or "
                f"(n, h, w, 3), got shape {shape}. Reshape rows of pixels, for example to "
                "(-1, 28, 28)."
            )
        if shape[1] < cls.least[0] or shape[2] < cls.least[1]:
            raise DataError(
                f"{cls.name} needs pictures of at least {cls.least[0]} x {cls.least[1]} pixels, "
                f"got {shape[1]} x {shape[2]}. Pass larger ones, or resize them."
            )

    def _extra_config(self) -> dict[str, Any]:
        """Return further settings, as JSON values; the constructor takes them by name."""
        return {}

    def to_config(self) -> dict[str, Any]:
        """Return everything `transform` needs, as JSON values."""
        size = {"height": self.height, "width": self.width, "white": self.white}
        return {"schema": f"quantal.{self.name}/1", **size, **self._extra_config()}

    @classmethod
    def from_config(cls, config: Any) -> Self:
        """Rebuild from `to_config`'s value, which may come from a file nobody vouches for.

        Args:
            config: What `to_config` returned.

        Raises:
            FileFormatError: Another schema, a missing or unknown entry, or a value out of bounds.
        """
        schema = f"quantal.{cls.name}/1"
        try:
            if config["schema"] != schema:
                raise ValueError(schema)
            settings = {name: value for name, value in config.items() if name != "schema"}
            return cls(settings.pop("height"), settings.pop("width"), **settings)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise FileFormatError(
                f"The saved settings of {cls.name} cannot be used: they are not those of {schema}. "
                "Fit and save the model again."
            ) from None


def gradients(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return vertical and horizontal central differences, (b, h, w) each, zero at the border.

    Of several colours the one with the longest gradient counts at each pixel.

    Args:
        pictures: (b, h, w, c).
    """
    down, right = np.zeros_like(pictures), np.zeros_like(pictures)
    down[:, 1:-1] = pictures[:, 2:] - pictures[:, :-2]
    right[:, :, 1:-1] = pictures[:, :, 2:] - pictures[:, :, :-2]
    if pictures.shape[3] == 1:
        return down[..., 0], right[..., 0]
    best = (down**2 + right**2).argmax(axis=3)[..., None]
    return (
        np.take_along_axis(down, best, axis=3)[..., 0],
        np.take_along_axis(right, best, axis=3)[..., 0],
    )
