"""Codes that describe their rows better than the encoder's: coordinate descent on the bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TIE = 1e-12  # of a codeword's squared length: rounding must not flip bits to and fro


def refine_bits(
    bits: NDArray[np.uint8],
    projections: NDArray[np.float64],
    gram: NDArray[np.float64],
    n_sweeps: int,
    scales: NDArray[np.float64] | None = None,
    squares: NDArray[np.float64] | None = None,
) -> NDArray[np.uint8]:
    """Minimise ``1/2 h^T gram h - projections^T h`` over bits h of each row, one bit at a time.

    With gram = U U^T and projections = U (x - offset) + rho^2 beta this is, but for what no bit
    changes, rho^2 times -log p(h|x): each bit takes its likelier value given the others, in the
    order of the bits, until a whole sweep changes none. The value never rises. Where it stops no
    single bit can be improved; the best code may still be another.

    Args:
        bits: starting codes, shape (n, l), 0 and 1; left as they are.
        projections: shape (n, l).
        gram: symmetric, shape (l, l).
        n_sweeps: most sweeps over the bits.
        scales: mean by which each codeword is multiplied in each row, shape (n, l): h then stands
            for ``scales * h`` in the product with gram. None: 1.
        squares: what stands for gram's diagonal in each row, shape (n, l): with scales that vary,
            the mean square of a scale times it.

    Returns:
        Codes, shape (n, l), uint8.

    Source: posterior odds of one bit in the model of Dai et al. 2017, Eq. 2. The paper encodes
    without them.
    """
    h = bits.astype(np.float64)
    scale = np.ones((1, h.shape[1])) if scales is None else scales
    own = np.diag(gram) * scale**2  # what a set bit holds of its own attraction
    square = own if squares is None else squares
    scale, own, square = (np.broadcast_to(part, h.shape) for part in (scale, own, square))
    attraction = projections - scale * ((scale * h) @ gram)  # what setting each bit gains, so far
    for _ in range(n_sweeps):
        before = h.copy()
        for k in range(h.shape[1]):
            gain = attraction[:, k] + own[:, k] * h[:, k] - 0.5 * square[:, k]  # of 1 over 0
            wrong = np.flatnonzero((gain > 0) != (h[:, k] > 0))
            wrong = wrong[np.abs(gain[wrong]) > TIE * square[wrong, k]]
            change = (1 - 2 * h[wrong, k]) * scale[wrong, k]
            row = gram[k] if scales is None else scale[wrong] * gram[k]
            attraction[wrong] -= change[:, None] * row
            h[wrong, k] = 1 - h[wrong, k]
        if np.array_equal(before, h):
            break
    return h.astype(np.uint8)
