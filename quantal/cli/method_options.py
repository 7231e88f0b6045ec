"""Which options of ``quantal fit`` a method takes, and the parameters that they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

from ..errors import ParameterError, require_choice
from .setting_values import parse_settings

OPTIONS = {
    "n_clusters": "--clusters",
    "n_bits": "--bits",
    "random_state": "--seed",
    "device": "--device",
    "precision": "--precision",
    "checkpoint": "--checkpoint",
    "checkpoint_every": "--checkpoint-every",
    "resume": "--resume",
    "verbose": "--quiet",
}


def method_parameters(
    method: str, typed: Mapping[str, Any], settings: Iterable[str]
) -> dict[str, Any]:
    """Return the parameters of a method's constructor.

    Args:
        method: as typed.
        typed: value of every option of `OPTIONS` but "verbose", by parameter; None where the user
            did not type it.
        settings: "name=value" strings.

    Raises:
        ParameterError: No such method; its size is missing; or an option that it does not take.
    """
    from ..catalog import HASHERS, METHODS

    require_choice("method", method, METHODS)
    known = METHODS[method]._get_param_names()
    require_size = _require_bits if method in HASHERS else _require_clusters
    require_size(method, typed["n_clusters"], typed["n_bits"])
    given = {name: value for name, value in typed.items() if value is not None}
    for name in given:
        if name not in known:
            others = ", ".join(m for m in METHODS if name in METHODS[m]._get_param_names())
            raise ParameterError(
                f"{method} takes no {OPTIONS[name]}. Leave it out, or use a method that takes it: "
                f"{others}."
            )
    own = {name: option for name, option in OPTIONS.items() if name in known}
    return {**parse_settings(settings, own), **given}


def takes(method: str, parameter: str) -> bool:
    """Tell whether a method's constructor has a parameter."""
    from ..catalog import METHODS

    return parameter in METHODS[method]._get_param_names()


def require_takes_pairs(method: str) -> None:
    """Raise ParameterError unless a method learns from pairs of rows, too."""
    from ..catalog import METHODS

    able = [name for name, cls in METHODS.items() if "pairs" in signature(cls.fit).parameters]
    if method not in able:
        raise ParameterError(
            f"{method} takes no --pairs. Leave it out, or use a method that takes it: "
            f"{', '.join(able)}."
        )


def _require_clusters(method: str, clusters: int | None, bits: int | None) -> None:
    if bits is not None:
        from ..catalog import HASHERS

        raise ParameterError(
            f"{method} makes clusters, not hash codes. Write --clusters K instead of --bits, or "
            f"choose a hasher with --method: {', '.join(HASHERS)}."
        )
    if clusters is None:
        raise ParameterError(
            "--clusters is missing. Say how many clusters to make, for example --clusters 10: "
            "quantal learns without labels, so it never counts their classes for you."
        )


def _require_bits(method: str, clusters: int | None, bits: int | None) -> None:
    if clusters is not None:
        raise ParameterError(
            f"{method} makes hash codes, not clusters. Write --bits B instead of --clusters, for "
            "example --bits 64."
        )
    if bits is None:
        raise ParameterError(
            f"--bits is missing. Say how long the codes of {method} are, for example --bits 64."
        )
