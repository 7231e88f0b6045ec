"""The binary indexes of faiss that are offered, with their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError, require_choice, require_range, suggestion


@dataclass(frozen=True)
class IndexKind:
    """One kind of index.

    Attributes:
        defaults: its options with their default values, all integers >= 1 except n_flips >= 0.
        make: (faiss, bits, options) -> a new faiss index.
        tune: (index, options): set what only a search uses.
        class_name: the faiss class, to recognise a file.
        exact: whether it finds the true nearest codes.
        has_radius: whether faiss can search it by radius.
    """

    defaults: Mapping[str, int]
    make: Callable[[Any, int, Mapping[str, int]], Any]
    tune: Callable[[Any, Mapping[str, int]], None]
    class_name: str
    exact: bool = False
    has_radius: bool = True


def options_of(kind: str, given: Mapping[str, Any], n_bits: int) -> dict[str, int]:
    """Return all options of a kind, checked.

    Raises:
        ParameterError: Unknown kind or option, or a value out of range.
    """
    require_choice("kind", kind, KINDS)
    defaults = KINDS[kind].defaults
    for name in given:
        if name not in defaults:
            known = ", ".join(defaults) or "none"
            raise ParameterError(
                f"{name!r} is no option of a {kind!r} index, which has: {known}."
                f"{suggestion(name, defaults)}"
            )
    options = {**defaults, **given}
    for name, value in options.items():
        require_range(name, value, low=0 if name == "n_flips" else 1, integer=True)
    options = {name: int(value) for name, value in options.items()}
    if kind == "multihash":
        _require_bits(options, n_bits)
    return options


def _require_bits(options: Mapping[str, int], n_bits: int) -> None:
    used = options["n_hashes"] * options["hash_bits"]
    if used > n_bits or options["hash_bits"] > 32:
        raise ParameterError(
            f"{options['n_hashes']} hashes of {options['hash_bits']} bits take {used} of {n_bits} "
            "bits; each hash takes bits of its own, at most 32. Lower n_hashes or hash_bits."
        )


def _make_flat(faiss: Any, bits: int, _options: Mapping[str, int]) -> Any:
    return faiss.IndexBinaryFlat(bits)


def _make_ivf(faiss: Any, bits: int, options: Mapping[str, int]) -> Any:
    index = faiss.IndexBinaryIVF(faiss.IndexBinaryFlat(bits), bits, options["n_lists"])
    index.cp.min_points_per_centroid = 1  # no warning on standard error for small data
    return index


def _make_hnsw(faiss: Any, bits: int, options: Mapping[str, int]) -> Any:
    index = faiss.IndexBinaryHNSW(bits, options["n_links"])
    index.hnsw.efConstruction = options["ef_construction"]
    return index


def _make_multihash(faiss: Any, bits: int, options: Mapping[str, int]) -> Any:
    return faiss.IndexBinaryMultiHash(bits, options["n_hashes"], options["hash_bits"])


def _tune_nothing(_index: Any, _options: Mapping[str, int]) -> None:
    pass


def _tune_ivf(index: Any, options: Mapping[str, int]) -> None:
    index.nprobe = options["n_probes"]


def _tune_hnsw(index: Any, options: Mapping[str, int]) -> None:
    index.hnsw.efSearch = options["ef_search"]


def _tune_multihash(index: Any, options: Mapping[str, int]) -> None:
    index.nflip = options["n_flips"]


KINDS = {
    "flat": IndexKind({}, _make_flat, _tune_nothing, "IndexBinaryFlat", exact=True),
    "ivf": IndexKind({"n_lists": 256, "n_probes": 16}, _make_ivf, _tune_ivf, "IndexBinaryIVF"),
    "hnsw": IndexKind(
        {"n_links": 32, "ef_construction": 64, "ef_search": 64},
        _make_hnsw,
        _tune_hnsw,
        "IndexBinaryHNSW",
        has_radius=False,
    ),
    "multihash": IndexKind(
        {"n_hashes": 4, "hash_bits": 8, "n_flips": 1},
        _make_multihash,
        _tune_multihash,
        "IndexBinaryMultiHash",
    ),
}
