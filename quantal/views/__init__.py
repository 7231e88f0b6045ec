"""Random transformations of a batch that should not change its labels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .affine import AffineDistortion
from .gaussian import GaussianNoise

View = Callable[[Tensor, torch.Generator], Tensor]
"""A batch and the generator of its randomness in, a batch of the same shape and dtype out."""

__all__ = ["AffineDistortion", "GaussianNoise", "View"]
