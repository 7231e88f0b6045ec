"""Networks: layers with explicit batch-norm modes, multi-layer perceptrons, convolutions."""

from .batch_norm import BatchNorm, BatchNormMode
from .convolutional import ConvolutionalNetwork, ConvolutionalPlan, plan_for
from .mlp import MLP, BoundMLP
from .tanh_mlp import TanhMLP

__all__ = [
    "MLP",
    "BatchNorm",
    "BatchNormMode",
    "BoundMLP",
    "ConvolutionalNetwork",
    "ConvolutionalPlan",
    "TanhMLP",
    "plan_for",
]
