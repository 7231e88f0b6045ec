"""Random transformations of a batch that should not change its labels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .affine import AffineDistortion
from .color_jitter import ColorJitter
from .column_swap import ColumnSwap
from .cutout import Cutout
from .gaussian import GaussianNoise
from .geometric import GeometricView
from .geometric_recipes import KINDS, GeometricViews, geometric_views
from .mixup import Mixup

View = Callable[[Tensor, torch.Generator], Tensor]
"""A batch and the generator of its randomness in, as many rows of the same dtype out.

The shape of a row stays as well, but with `GeometricView`, which has an output size of its own.
"""

__all__ = [
    "KINDS",
    "AffineDistortion",
    "ColorJitter",
    "ColumnSwap",
    "Cutout",
    "GaussianNoise",
    "GeometricView",
    "GeometricViews",
    "Mixup",
    "View",
    "geometric_views",
]
