"""Networks: layers with explicit batch-norm modes, perceptrons, convolutions, users' own."""

from .architectures import Architecture, network_for
from .autoencoder import Autoencoder, BoundAutoencoder
from .batch_norm import BatchNorm, BatchNormMode
from .convolutional import ConvolutionalNetwork, ConvolutionalPlan, plan_for
from .image_classifier import BoundClassifier, ImageClassifier
from .mlp import MLP, BoundMLP
from .own_network import OwnTrunk
from .residual import ResidualTrunk
from .seeded_dropout import dropout
from .sobel_filter import sobel
from .tanh_mlp import TanhMLP
from .trunk import Trunk
from .vgg import VGGTrunk

__all__ = [
    "MLP",
    "Architecture",
    "Autoencoder",
    "BatchNorm",
    "BatchNormMode",
    "BoundAutoencoder",
    "BoundClassifier",
    "BoundMLP",
    "ConvolutionalNetwork",
    "ConvolutionalPlan",
    "ImageClassifier",
    "OwnTrunk",
    "ResidualTrunk",
    "TanhMLP",
    "Trunk",
    "VGGTrunk",
    "dropout",
    "network_for",
    "plan_for",
    "sobel",
]
