"""Estimators that give bits, one class a file."""

from .hasher import Hasher
from .random_hyperplane import RandomHyperplaneHashing

__all__ = ["Hasher", "RandomHyperplaneHashing"]
