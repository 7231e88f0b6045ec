"""Estimators that give cluster labels, one class a file."""

from .imsat import IMSAT
from .rim import RIM

__all__ = ["IMSAT", "RIM"]
