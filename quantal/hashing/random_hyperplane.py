"""Random hyperplanes: the baseline that needs no training."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import require_choice
from .centred_rows import CentredRows, column_means
from .hasher import Hasher, Layout


class RandomHyperplaneHashing(Hasher):
    """Sign of random projections: which side of each random hyperplane a row lies on.

    Two rows differ in a bit with probability angle / pi, so the Hamming distance estimates the
    angle between them as seen from the centre. Nothing is learnt but that centre, which makes it
    the yardstick at any width, and a strong one at 128 bits and more.

    Args:
        n_bits: bits of a code, 1 to 4096; may exceed the number of columns.
        center: put the hyperplanes through the mean of the rows instead of the origin.
        random_state: seed of the directions.

    Attributes:
        center_: Point that all hyperplanes go through, shape (d,), float64.
        directions_: Their normals, shape (d, n_bits), float32, independent standard normal.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Charikar 2002, Section 3.
    Differs: centred by default, because data that lie on one side of the origin give most bits
    one value for all rows; ``center=False`` is the published form.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import RandomHyperplaneHashing
        >>> hasher = RandomHyperplaneHashing(n_bits=16, random_state=0).fit(load_digits().data)
        >>> hasher.encode(load_digits().data[:3]).shape
        (3, 2)
    """

    fitted_arrays: ClassVar[dict[str, Layout]] = {
        "directions_": ("float32", ("n_features", "n_bits"))
    }

    def __init__(self, n_bits: int = 32, *, center: bool = True, random_state: Any = None) -> None:
        self.n_bits = n_bits
        self.center = center
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_choice("center", self.center, (True, False))

    def _center(self, x: Any) -> NDArray[np.float64]:
        return column_means(x) if self.center else np.zeros(x.shape[1])

    def _fit(self, rows: CentredRows, generator: np.random.Generator) -> None:
        shape = (rows.n_columns, int(self.n_bits))
        self.directions_ = generator.standard_normal(shape, dtype=np.float32)

    def _bits(self, block: NDArray[np.float32]) -> NDArray[Any]:
        return block @ self.directions_ > 0
