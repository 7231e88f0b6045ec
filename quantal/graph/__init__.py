"""Neighbourhoods of the data: exact nearest neighbours and the k-th distance."""

from __future__ import annotations

from .candidates import Progress
from .neighbors import kth_distance, nearest_neighbors, sampled_reference

__all__ = ["Progress", "kth_distance", "nearest_neighbors", "sampled_reference"]
