"""Descriptors computed from raw data before anything is learnt."""

from __future__ import annotations

from .gist import Gist
from .opening import open_features
from .tfidf import TfIdf

__all__ = ["Gist", "TfIdf", "open_features"]
