"""Descriptors computed from raw data before anything is learnt."""

from __future__ import annotations

from .gist import Gist
from .image_encoder import EfficientNetLite0
from .local_patterns import LocalPatterns
from .opening import open_features
from .oriented_gradients import Hog, Phog
from .spatial_pyramid import SpatialPyramid
from .text_encoder import WordLlama
from .tfidf import TfIdf

__all__ = [
    "EfficientNetLite0",
    "Gist",
    "Hog",
    "LocalPatterns",
    "Phog",
    "SpatialPyramid",
    "TfIdf",
    "WordLlama",
    "open_features",
]
