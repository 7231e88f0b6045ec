"""Bootstrap intervals: from resampled scores to two numbers, and to text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DRAWS_AT_ONCE = 4_000_000  # indices drawn at a time: 32 MB


def centred_interval(resampled: NDArray[np.float64], value: float) -> tuple[float, float]:
    """Central 95 % of ``resampled``, moved so that its mean lies on ``value``, at most 1."""
    low, high = np.percentile(resampled, [2.5, 97.5]) - resampled.mean() + value
    return min(float(low), value), float(np.clip(high, value, 1.0))


def mean_interval(
    values: NDArray[np.float64], n_resamples: int, generator: np.random.Generator
) -> tuple[float, float]:
    """Interval of the mean of ``values`` (n,) in [0, 1], by resampling them with replacement."""
    means = []
    step = max(1, _DRAWS_AT_ONCE // len(values))
    for start in range(0, n_resamples, step):
        shape = (min(step, n_resamples - start), len(values))
        means.append(values[generator.integers(len(values), size=shape)].mean(axis=1))
    low, high = centred_interval(np.concatenate(means), float(values.mean()))
    return max(low, 0.0), high


def interval_text(span: tuple[float, float] | None) -> str:
    """Return "[0.1234, 0.5678]", or nothing where no interval was asked for."""
    return f"[{span[0]:z.4f}, {span[1]:z.4f}]" if span else ""
