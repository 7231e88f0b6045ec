"""Scores of labels against truth. The first unit of the package where labels exist."""

from .clustering import (
    adjusted_rand_index,
    clustering_accuracy,
    match_labels,
    normalized_mutual_information,
    purity,
)
from .evaluation import ClusteringScores, evaluate_clustering

__all__ = [
    "ClusteringScores",
    "adjusted_rand_index",
    "clustering_accuracy",
    "evaluate_clustering",
    "match_labels",
    "normalized_mutual_information",
    "purity",
]
