"""Scores of labels and codes against truth. The first unit of the package where labels exist."""

from .average_precision import mean_average_precision
from .clustering import (
    adjusted_rand_index,
    clustering_accuracy,
    match_labels,
    normalized_mutual_information,
    purity,
)
from .evaluation import ClusteringScores, evaluate_clustering
from .ground_truth import exact_neighbors
from .histograms import DistanceHistograms, distance_histograms, neighbor_histograms
from .neighbor_purity import neighbor_purity
from .precision_recall import BallPrecision, precision_at, precision_within, recall_at
from .retrieval import RetrievalScores, evaluate_retrieval
from .score_ranks import ScoreRanks, ranks_of_ids, score_ranks

__all__ = [
    "BallPrecision",
    "ClusteringScores",
    "DistanceHistograms",
    "RetrievalScores",
    "ScoreRanks",
    "adjusted_rand_index",
    "clustering_accuracy",
    "distance_histograms",
    "evaluate_clustering",
    "evaluate_retrieval",
    "exact_neighbors",
    "match_labels",
    "mean_average_precision",
    "neighbor_histograms",
    "neighbor_purity",
    "normalized_mutual_information",
    "precision_at",
    "precision_within",
    "purity",
    "ranks_of_ids",
    "recall_at",
    "score_ranks",
]
