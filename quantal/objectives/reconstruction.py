"""How far a reconstruction is from what it should be."""

from __future__ import annotations

from torch import Tensor


def reconstruction_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Half of the mean squared difference, over rows and columns.

    Args:
        found: reconstructions, shape (n, d).
        wanted: what they should be, shape (n, d).

    Returns:
        Scalar >= 0, in squared units of the rows.

    Source: Xie, Girshick, Farhadi 2016, Section 3.3, and the Euclidean loss of the Caffe in the
    authors' code, which divides by the columns too. Their learning rate is made for that: with
    the columns summed, as in other Caffes, the first steps kill every ReLU.
    """
    return (found - wanted).square().mean() / 2
