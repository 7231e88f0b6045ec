"""Neighbourhoods of the data: exact nearest neighbours and the k-th distance."""

from __future__ import annotations

from .neighbors import kth_distance, nearest_neighbors, sampled_reference

__all__ = ["kth_distance", "nearest_neighbors", "sampled_reference"]
