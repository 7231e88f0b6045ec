"""The closed registry of methods: names on the command line and in model folders to classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .clustering import (
    DEC,
    IIC,
    IMSAT,
    JULE,
    RIM,
    AutoencoderKMeans,
    GraphDegreeLinkage,
    LandmarkSpectralClustering,
    LocalityPreservingNMF,
    NJWSpectralClustering,
    NormalizedCuts,
    PathIntegralLinkage,
    SelfTuningSpectralClustering,
    ZetaLinkage,
)
from .errors import FileFormatError, ParameterError, require_choice, suggestion
from .hashing import (
    ITQ,
    SGH,
    BinaryAutoencoder,
    DeepHash,
    IMSATHash,
    KMeansHashing,
    RandomHyperplaneHashing,
    RIMHash,
    SpectralHashing,
    SphericalHashing,
)
from .training import read_artifact

# Add yours to the dictionary of its kind.
CLUSTERERS: dict[str, type[Any]] = {
    "autoencoder-kmeans": AutoencoderKMeans,
    "dec": DEC,
    "graph-degree-linkage": GraphDegreeLinkage,
    "iic": IIC,
    "imsat": IMSAT,
    "jule": JULE,
    "landmark-spectral": LandmarkSpectralClustering,
    "locality-preserving-nmf": LocalityPreservingNMF,
    "njw-spectral": NJWSpectralClustering,
    "normalized-cuts": NormalizedCuts,
    "path-integral-linkage": PathIntegralLinkage,
    "rim": RIM,
    "self-tuning-spectral": SelfTuningSpectralClustering,
    "zeta-linkage": ZetaLinkage,
}
HASHERS: dict[str, type[Any]] = {
    "binary-autoencoder": BinaryAutoencoder,
    "deep-hash": DeepHash,
    "imsat-hash": IMSATHash,
    "itq": ITQ,
    "kmeans-hashing": KMeansHashing,
    "random-hyperplane": RandomHyperplaneHashing,
    "rim-hash": RIMHash,
    "sgh": SGH,
    "spectral-hashing": SpectralHashing,
    "spherical-hashing": SphericalHashing,
}
METHODS = {**CLUSTERERS, **HASHERS}
CLASSES = {method.__name__: method for method in METHODS.values()}


def build(method: str, **parameters: Any) -> Any:
    """Make an estimator by its command-line name.

    Args:
        method: a key of `METHODS`.
        parameters: of its constructor.

    Raises:
        ParameterError: Unknown method or parameter; names the closest.
    """
    require_choice("method", method, METHODS)
    estimator = METHODS[method]
    known = estimator._get_param_names()
    for name in parameters:
        if name not in known:
            raise ParameterError(
                f"{method} has no parameter {name!r}.{suggestion(name, known)} "
                f"'quantal methods {method}' lists them."
            )
    return estimator(**parameters)


def load(path: str | Path) -> Any:
    """Load a model that ``save`` or ``quantal fit --out`` wrote.

    Args:
        path: the model's folder.

    Returns:
        The fitted estimator.

    Raises:
        FileFormatError: The folder is not a model, is damaged, or holds an unknown method.
    """
    artifact = read_artifact(path)
    name = artifact.config.get("method")
    if not isinstance(name, str) or name not in CLASSES:
        raise FileFormatError(
            f"{path} holds the method {name!r}; this version of quantal knows "
            f"{', '.join(sorted(CLASSES))}. Install the version that saved it."
        )
    try:
        return CLASSES[name].from_artifact(artifact)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None
