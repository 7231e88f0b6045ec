"""Generators derived from one seed, so that no draw ever touches the global state."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.utils import check_random_state

from ..errors import ParameterError

PURPOSES = {"network": 2, "step": 3, "radius": 4, "order": 5}
"""What the draws of one fit are for; each gets a generator of its own."""


def seed_from(random_state: object) -> int:
    """Turn scikit-learn's ``random_state`` (None, int or RandomState) into one 63-bit seed."""
    try:
        source = check_random_state(random_state)
    except ValueError:
        raise ParameterError(
            f"random_state must be None, a numpy.random.RandomState or an integer from 0 to "
            f"{2**32 - 1}, got {random_state!r}."
        ) from None
    if random_state is None:  # numpy's global state must stay as it was found
        source = np.random.RandomState()
    high, low = source.randint(0, 2**31 - 1, size=2)
    return (int(high) << 31) | int(low)


def derived_seed(seed: int, *purpose: int) -> int:
    """Return a seed for one purpose (a restart, an epoch), independent of the others."""
    words = np.random.SeedSequence([seed, *purpose]).generate_state(2, np.uint32)
    return (int(words[0]) << 31) ^ int(words[1])


def derived_generator(
    seed: int, *purpose: int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return a generator for one purpose; see `derived_seed`.

    Args:
        seed: that of the fit.
        purpose: numbers that tell this generator from the others.
        device: where its numbers are drawn. A GPU draws others than a processor from one seed.
    """
    return torch.Generator(device).manual_seed(derived_seed(seed, *purpose))
