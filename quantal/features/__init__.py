"""Descriptors computed from raw data before anything is learnt."""

from __future__ import annotations

from .gist import Gist
from .local_patterns import LocalPatterns
from .opening import open_features
from .oriented_gradients import Hog, Phog
from .spatial_pyramid import SpatialPyramid
from .tfidf import TfIdf

__all__ = [
    "Gist",
    "Hog",
    "LocalPatterns",
    "Phog",
    "SpatialPyramid",
    "TfIdf",
    "open_features",
]
