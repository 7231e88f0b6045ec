"""Loading a model for a command that needs one of a kind: labels or hash codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ParameterError

FINGERPRINT_DIGITS = 16


def load_clusterer(path: Path, data: str) -> Any:
    """Load a model that gives labels.

    Args:
        path: the model's folder.
        data: what the user wants labels of; for the message.

    Raises:
        ParameterError: The model gives hash codes.
    """
    from ..catalog import load

    model = load(path)
    if makes_codes(model):
        raise ParameterError(
            f"{path} holds {type(model).__name__}, which makes hash codes, not labels. "
            f"Write: quantal encode {path} {data} --out codes.npy"
        )
    return model


def load_hasher(path: Path, instead: str) -> Any:
    """Load a model that gives hash codes.

    Args:
        path: the model's folder.
        instead: what to do with a model that gives labels; ends the message.

    Raises:
        ParameterError: The model gives labels.
    """
    from ..catalog import load

    model = load(path)
    if not makes_codes(model):
        raise ParameterError(
            f"{path} holds {type(model).__name__}, which makes cluster labels, not hash codes. "
            f"{instead}"
        )
    return model


def makes_codes(model: Any) -> bool:
    """Tell a hasher from a clusterer."""
    from ..catalog import HASHERS

    return type(model) in HASHERS.values()


def maker_of(path: Path, model: Any) -> str:
    """Return what files of codes say of their origin: the method and which model of it.

    Two models of one method and width give codes that have nothing to do with each other, and
    only their weights tell.
    """
    from ..data.file_hash import file_sha256
    from ..training.artifact import FILES

    return f"{method_name(model)} {file_sha256(path / FILES[1])[:FINGERPRINT_DIGITS]}"


def method_name(model: Any) -> str:
    """Return the method as the command line calls it."""
    from ..catalog import METHODS

    return next(name for name, method in METHODS.items() if method is type(model))
