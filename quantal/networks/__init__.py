"""Networks: layers with explicit batch-norm modes, multi-layer perceptrons, initialisers."""

from .batch_norm import BatchNorm, BatchNormMode
from .mlp import MLP, BoundMLP

__all__ = ["MLP", "BatchNorm", "BatchNormMode", "BoundMLP"]
