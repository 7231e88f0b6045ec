"""Descriptors of pictures by the names that ``features`` takes, and from saved settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from .gist import Gist
from .local_patterns import LocalPatterns
from .oriented_gradients import Hog, Phog
from .spatial_pyramid import SpatialPyramid


class Descriptor(Protocol):
    """What turns pictures into rows of numbers."""

    white: float

    @property
    def n_features(self) -> int:
        """Numbers a picture."""

    def transform(self, images: Any) -> NDArray[np.float32]:
        """Describe pictures, (n, h, w) or (n, h, w, 3), as (n, n_features)."""

    def to_config(self) -> dict[str, Any]:
        """Return everything `transform` needs, as JSON values."""


# name of ``features`` -> the descriptor that suits some images
DESCRIPTORS: dict[str, Callable[[Any], Descriptor]] = {
    "gist": Gist.for_images,
    "gist-512": lambda images: Gist.for_images(images, 512),
    "gist-960": lambda images: Gist.for_images(images, 960),
    "hog": Hog.for_images,
    "lbp": LocalPatterns.for_images,
    "phog": Phog.for_images,
    "spm": SpatialPyramid.for_images,
}
# schema of saved settings -> class and what to call it
_SAVED: dict[str, tuple[Any, str]] = {
    "quantal.gist/1": (Gist, "GIST"),
    "quantal.hog/1": (Hog, "HOG"),
    "quantal.lbp/1": (LocalPatterns, "LBP"),
    "quantal.phog/1": (Phog, "PHOG"),
    "quantal.spm/1": (SpatialPyramid, "visual words"),
}


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
    schema = config.get("schema") if isinstance(config, dict) else None
    if not isinstance(schema, str) or schema not in _SAVED:
        raise FileFormatError(
            f"The saved settings of features cannot be used: their schema is {schema!r}, and this "
            f"version of quantal knows {', '.join(_SAVED)}. Fit and save the model again."
        )
    cls, name = _SAVED[schema]
    return cls.from_config(config), name
