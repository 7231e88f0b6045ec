"""Rows and a network that the tests of IIC share."""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits

from quantal.networks import MLP

DIGITS = load_digits()
X = DIGITS.data[:200]
QUICK = {"hidden_layer_sizes": (16,), "n_epochs": 2, "n_init": 1, "random_state": 0}


def network(n_outputs=4):
    made = MLP(64, (16,), n_outputs, torch.Generator().manual_seed(3))
    with torch.no_grad():
        made.output.mul_(300)  # decided enough for every term to matter
    return made
