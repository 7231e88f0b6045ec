"""The loss of Deep Hash and the starting point of its network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from torch import Tensor

from ..networks import TanhMLP
from ..threads import one_thread_a_product
from ..training.rows import Rows

SAMPLE_ROWS = 4096  # enough for the leading directions of the rows


@dataclass(frozen=True)
class DeepHashLoss:
    """``1/2 |b - h|^2 - variance/2 var(h) + orthogonality/2 sum_m |W_m' W_m - I|^2``.

    h is the output in (-1, 1), b its sign, recomputed in every step; the first two terms are
    summed over bits and averaged over rows.

    Attributes:
        variance: Weight of the outputs' variance, lambda_1.
        orthogonality: Weight of the distance of the weights from orthonormal ones, lambda_2.

    Source: Erin Liong et al. 2015, as recalled from re-implementations.
    Differs: the variance is taken about the batch's mean, without which a bit that is 1 for every
    row would count as fully spread out.
    """

    variance: float
    orthogonality: float

    def __call__(self, network: TanhMLP, z: Tensor) -> dict[str, Tensor]:
        """Return the named terms for ``z``, what the last tanh takes, shape (n, n_bits)."""
        h = torch.tanh(z)
        quantization = 0.5 * (1 - h.abs()).square().sum(dim=1).mean()
        variance = (h - h.mean(dim=0)).square().sum(dim=1).mean()
        return self.total(quantization, variance, skewness(network))

    def total(self, quantization: Tensor, variance: Tensor, skew: Tensor) -> dict[str, Tensor]:
        """Return the three terms by name, and their weighted sum."""
        value = quantization - self.variance / 2 * variance + self.orthogonality / 2 * skew
        return {
            "quantization": quantization,
            "variance": variance,
            "orthogonality": skew,
            "total": value,
        }


def skewness(network: TanhMLP) -> Tensor:
    """Return the sum over layers of |W' W - I|^2, on the side where W can be orthonormal."""
    total = torch.zeros((), device=network.scale.device)
    for weight in network.weights:
        n_in, n_out = weight.shape
        gram = weight.T @ weight if n_out <= n_in else weight @ weight.T
        total = total + (gram - torch.eye(len(gram), device=gram.device)).square().sum()
    return total


def start_at_principal_directions(network: TanhMLP, rows: Rows, seed: int) -> None:
    """Let the first layer project on the leading directions of the rows, in their unit.

    Args:
        network: changed in place; further units of the first layer keep their random weights.
        rows: the data.
        seed: source of the sample of rows.
    """
    n = len(rows)
    chosen = np.arange(n)
    if n > SAMPLE_ROWS:
        generator = np.random.default_rng(seed)
        chosen = np.sort(generator.choice(n, SAMPLE_ROWS, replace=False))
    sample = rows.prepared(torch.from_numpy(chosen)).cpu().numpy().astype(np.float64)
    first = network.weights[0]
    directions, deviation = leading_directions(sample, first.shape[1])
    with torch.no_grad():
        network.scale.fill_(1 / deviation)
        first[:, : directions.shape[1]] = torch.from_numpy(directions).to(first)


def leading_directions(
    sample: NDArray[np.float64], n_directions: int
) -> tuple[NDArray[np.float64], float]:
    """Return the directions of largest variance and the standard deviation along the first.

    Args:
        sample: rows, shape (m, d).
        n_directions: how many are wanted; fewer are returned where the rows span fewer.

    Returns:
        directions: orthonormal columns, shape (d, k), the largest entry of each positive.
        deviation: standard deviation along the first, > 0.
    """
    m, d = sample.shape
    centred = sample - sample.mean(axis=0)
    k = min(n_directions, m - 1, d)
    products = centred.T @ centred if d <= m else centred @ centred.T
    with one_thread_a_product():  # the last bits depend on the threads
        values, vectors = eigh(products, subset_by_index=[len(products) - k, len(products) - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > 1e-10 * values[0]
    directions = vectors[:, kept]
    if d > m:
        directions = centred.T @ directions / np.sqrt(values[kept])
    largest = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
    return directions * np.sign(largest), float(np.sqrt(values[0] / m))
