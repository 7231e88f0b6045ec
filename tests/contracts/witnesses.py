"""What tests of a contract watch: labels that nobody may look at, and global random states."""

from __future__ import annotations

import random

import numpy as np
import torch


class Unreadable:
    """Labels that nobody may look at."""

    def __getattribute__(self, name):
        raise AssertionError(f"y was read: {name}")

    def __len__(self):
        raise AssertionError("y was measured")

    def __iter__(self):
        raise AssertionError("y was iterated over")

    def __array__(self, *args, **kwargs):
        raise AssertionError("y was converted")


def global_states():
    """The states of torch's, NumPy's and Python's global generators."""
    _, words, *rest = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), words.tobytes(), rest, random.getstate()
