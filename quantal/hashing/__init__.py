"""Estimators that give bits, one class a file."""

from .binary_autoencoder import BinaryAutoencoder
from .deep_hash import DeepHash
from .hasher import Hasher
from .imsat_hash import IMSATHash
from .itq import ITQ
from .kmeans_hashing import KMeansHashing
from .random_hyperplane import RandomHyperplaneHashing
from .rim_hash import RIMHash
from .sgh import SGH
from .spectral_hashing import SpectralHashing
from .spheres import spherical_distance
from .spherical_hashing import SphericalHashing

__all__ = [
    "ITQ",
    "SGH",
    "BinaryAutoencoder",
    "DeepHash",
    "Hasher",
    "IMSATHash",
    "KMeansHashing",
    "RIMHash",
    "RandomHyperplaneHashing",
    "SpectralHashing",
    "SphericalHashing",
    "spherical_distance",
]
