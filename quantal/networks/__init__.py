"""Networks: layers with explicit batch-norm modes, multi-layer perceptrons."""

from .batch_norm import BatchNorm, BatchNormMode
from .mlp import MLP, BoundMLP
from .tanh_mlp import TanhMLP

__all__ = ["MLP", "BatchNorm", "BatchNormMode", "BoundMLP", "TanhMLP"]
