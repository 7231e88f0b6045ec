"""Estimators that give cluster labels, one class a file."""

from .imsat import IMSAT
from .landmark_spectral import LandmarkSpectralClustering
from .locality_preserving_nmf import LocalityPreservingNMF
from .njw_spectral import NJWSpectralClustering
from .normalized_cuts import NormalizedCuts
from .partition_clusterer import PartitionClusterer
from .rim import RIM
from .self_tuning import SelfTuningSpectralClustering

__all__ = [
    "IMSAT",
    "RIM",
    "LandmarkSpectralClustering",
    "LocalityPreservingNMF",
    "NJWSpectralClustering",
    "NormalizedCuts",
    "PartitionClusterer",
    "SelfTuningSpectralClustering",
]
