"""Neighbourhoods of the data: exact nearest neighbours, affinities, and agglomeration on them."""

from __future__ import annotations

from .affinity import AffinityGraph, affinity_graph, random_walk
from .agglomeration import agglomerate
from .candidates import Progress
from .exact_linkage import agglomerate_exactly
from .initial_clusters import initial_clusters
from .merge_tree import MergeTree
from .neighbors import kth_distance, nearest_neighbors, sampled_reference
from .outliers import cut_joining_outliers

__all__ = [
    "AffinityGraph",
    "MergeTree",
    "Progress",
    "affinity_graph",
    "agglomerate",
    "agglomerate_exactly",
    "cut_joining_outliers",
    "initial_clusters",
    "kth_distance",
    "nearest_neighbors",
    "random_walk",
    "sampled_reference",
]
