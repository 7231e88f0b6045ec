"""Estimators that give cluster labels, one class a file."""

from .autoencoder_kmeans import AutoencoderKMeans
from .dec import DEC
from .graph_degree_linkage import GraphDegreeLinkage
from .iic import IIC
from .imsat import IMSAT
from .information_merging import merge_by_information
from .jule import JULE
from .landmark_spectral import LandmarkSpectralClustering
from .locality_preserving_nmf import LocalityPreservingNMF
from .njw_spectral import NJWSpectralClustering
from .normalized_cuts import NormalizedCuts
from .partition_clusterer import PartitionClusterer
from .path_integral_linkage import PathIntegralLinkage
from .rim import RIM
from .self_tuning import SelfTuningSpectralClustering
from .zeta_linkage import ZetaLinkage

__all__ = [
    "DEC",
    "IIC",
    "IMSAT",
    "JULE",
    "RIM",
    "AutoencoderKMeans",
    "GraphDegreeLinkage",
    "LandmarkSpectralClustering",
    "LocalityPreservingNMF",
    "NJWSpectralClustering",
    "NormalizedCuts",
    "PartitionClusterer",
    "PathIntegralLinkage",
    "SelfTuningSpectralClustering",
    "ZetaLinkage",
    "merge_by_information",
]
