"""Estimators that give bits, one class a file."""

from .deep_hash import DeepHash
from .hasher import Hasher
from .imsat_hash import IMSATHash
from .random_hyperplane import RandomHyperplaneHashing
from .rim_hash import RIMHash

__all__ = [
    "DeepHash",
    "Hasher",
    "IMSATHash",
    "RIMHash",
    "RandomHyperplaneHashing",
]
