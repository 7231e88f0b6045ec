"""One linear classifier for each bit, all trained together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from .ordered_products import in_order

BLOCK = 4096  # rows of one product
Values = NDArray[np.float32]


def squared_hinge(margins: Values) -> tuple[Values, Values]:
    """Return max(0, 1 - m)^2 and its derivative, both of the shape of ``margins``."""
    short = np.maximum(np.float32(1) - margins, np.float32(0)).astype(np.float32, copy=False)
    return short * short, np.float32(-2) * short


def logistic(margins: Values) -> tuple[Values, Values]:
    """Return log(1 + exp(-m)) and its derivative, both of the shape of ``margins``."""
    with np.errstate(over="ignore"):
        falling: Values = np.float32(-1) / (np.float32(1) + np.exp(margins))
    return np.logaddexp(np.float32(0), -margins), falling


LOSSES: dict[str, Callable[[Values], tuple[Values, Values]]] = {
    "svm": squared_hinge,
    "logistic": logistic,
}


def train_classifiers(
    rows: Values,
    bits: NDArray[np.uint8],
    start: NDArray[np.float64],
    *,
    loss: str,
    C: float,
    max_iter: int,
    n_threads: int = 1,
) -> NDArray[np.float64]:
    """Minimise 1/2 ||w||^2 + C sum_n loss(y_n (w x_n + b)) for every bit, y = +1 or -1.

    Bits share nothing but the products with the rows, which are taken for all of them at once.

    Args:
        rows: x, (n, d) float32.
        bits: (n, m) of 0 and 1; a constant bit gives a classifier that always says so.
        start: (d + 1, m), weights and, in the last row, biases b to begin with.
        loss: "svm" (squared hinge) or "logistic".
        C: Weight of the losses.
        max_iter: Most steps of L-BFGS.
        n_threads: Blocks of rows multiplied side by side; the result does not depend on it.

    Returns:
        As ``start``.
    """
    n, d = rows.shape
    signs = np.where(bits, 1, -1).astype(np.float32)
    of_margin = LOSSES[loss]
    decay = 1 / (C * n)  # the sum divided by C n has the same minimum, and values that stay small
    starts = range(0, n, BLOCK)

    def value_and_slope(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        parameters = flat.reshape(d + 1, -1)
        weights, biases = parameters[:d].astype(np.float32), parameters[d].astype(np.float32)

        def of_block(start: int) -> tuple[float, Values, NDArray[np.float64]]:
            block, own = rows[start : start + BLOCK], signs[start : start + BLOCK]
            values, slopes = of_margin(own * (block @ weights + biases))
            slopes *= own
            total = float(values.sum(dtype=np.float64))
            return total, block.T @ slopes, slopes.sum(axis=0, dtype=np.float64)

        value, slope = (
            n * decay / 2 * float(np.square(parameters[:d]).sum()),
            np.zeros_like(parameters),
        )
        slope[:d] = n * decay * parameters[:d]
        for part, of_weights, of_biases in in_order(of_block, starts, min(n_threads, len(starts))):
            value += part
            slope[:d] += of_weights
            slope[d] += of_biases
        return value / n, slope.ravel() / n

    found = minimize(
        value_and_slope, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": max_iter}
    )
    return np.asarray(found.x.reshape(d + 1, -1))
