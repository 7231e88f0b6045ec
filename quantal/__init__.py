"""Cluster labels and binary hash codes for unlabelled images, text and vectors.

    from quantal.clustering import IMSAT
    labels = IMSAT(n_clusters=10).fit_predict(X)

`quantal.clustering` and `quantal.hashing` hold the estimators; `quantal.load` opens a saved model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import clustering as clustering
    from . import hashing as hashing
    from .catalog import load as load

__version__ = "0.1.0"
__all__ = ["clustering", "hashing", "load"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``import quantal`` does not wait for PyTorch."""
    if name == "load":
        return import_module(".catalog", __name__).load
    if name in {"clustering", "hashing"}:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
