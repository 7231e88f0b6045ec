"""Descriptors of pictures by the names that ``features`` takes, and from saved settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from .gist import Gist
from .image_encoder import EfficientNetLite0
from .local_patterns import LocalPatterns
from .oriented_gradients import Hog, Phog
from .spatial_pyramid import SpatialPyramid
from .text_encoder import WordLlama


class RowDescriptor(Protocol):
    """What turns pictures or texts into rows of numbers."""

    @property
    def n_features(self) -> int:
        """Numbers a row."""

    def transform(
        self, rows: Any, /, on_rows: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        """Describe n rows as (n, n_features); ``on_rows`` hears how many are done, and n."""

    def to_config(self) -> dict[str, Any]:
        """Return everything `transform` needs, as JSON values."""


class Descriptor(RowDescriptor, Protocol):
    """What turns pictures, (n, h, w) or (n, h, w, 3), into rows of numbers."""

    white: float


# name of ``features`` -> the descriptor that suits some images
DESCRIPTORS: dict[str, Callable[[Any], Descriptor]] = {
    "efficientnet-lite0": EfficientNetLite0.for_images,
    "gist": Gist.for_images,
    "gist-512": lambda images: Gist.for_images(images, 512),
    "gist-960": lambda images: Gist.for_images(images, 960),
    "hog": Hog.for_images,
    "lbp": LocalPatterns.for_images,
    "phog": Phog.for_images,
    "spm": SpatialPyramid.for_images,
}
# name of ``features`` -> what describes texts
TEXT_DESCRIPTORS: dict[str, Callable[[], RowDescriptor]] = {"wordllama": WordLlama}
# schema of saved settings -> class and what to call it
_SAVED: dict[str, tuple[Any, str]] = {
    "quantal.efficientnet-lite0/1": (EfficientNetLite0, "EfficientNet-Lite0"),
    "quantal.gist/1": (Gist, "GIST"),
    "quantal.hog/1": (Hog, "HOG"),
    "quantal.lbp/1": (LocalPatterns, "LBP"),
    "quantal.phog/1": (Phog, "PHOG"),
    "quantal.spm/1": (SpatialPyramid, "visual words"),
}
_SAVED_OF_TEXT: dict[str, tuple[Any, str]] = {"quantal.wordllama/1": (WordLlama, "WordLlama")}


def descriptor_for(images: Any, features: str) -> Descriptor:
    """Return the descriptor of a name that suits images.

    Args:
        images: (n, h, w) or (n, h, w, 3).
        features: a key of `DESCRIPTORS`.
    """
    return DESCRIPTORS[features](images)


def descriptor_from(config: Any) -> tuple[Descriptor, str]:
    """Rebuild a descriptor from saved settings; also returns what to call it.

    Args:
        config: What ``to_config`` returned, or anything else: it may come from a file nobody
            vouches for.

    Raises:
        FileFormatError: The settings are of no known descriptor, or damaged.
    """
    return _restored(config, _SAVED)


def text_descriptor_from(settings: Any) -> tuple[RowDescriptor, str]:
    """Return the descriptor of texts of a name or of saved settings, and what to call it.

    Args:
        settings: A key of `TEXT_DESCRIPTORS`, or what ``to_config`` returned.

    Raises:
        FileFormatError: The settings are damaged.
    """
    if isinstance(settings, str):
        return TEXT_DESCRIPTORS[settings](), settings
    return _restored(settings, _SAVED_OF_TEXT)


def is_of_text(settings: Any) -> bool:
    """Tell whether a name or saved settings are those of a descriptor of texts.

    Args:
        settings: What ``features`` takes.
    """
    if isinstance(settings, dict):
        return str(settings.get("schema")) in _SAVED_OF_TEXT
    return settings in TEXT_DESCRIPTORS


def _restored(config: Any, saved: dict[str, tuple[Any, str]]) -> tuple[Any, str]:
    schema = config.get("schema") if isinstance(config, dict) else None
    if not isinstance(schema, str) or schema not in saved:
        raise FileFormatError(
            f"The saved settings of features cannot be used: their schema is {schema!r}, and this "
            f"version of quantal knows {', '.join(saved)}. Fit and save the model again."
        )
    cls, name = saved[schema]
    return cls.from_config(config), name
