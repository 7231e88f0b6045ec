"""The binary indexes of faiss that are offered, with their options."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError, require_choice
from .index_options import Option, Rule, checked_options, no_rule

MOST_LISTS = 1 << 24  # faiss makes them, empty, at once
MOST_LINKS = 1024
MOST_SEEN = 1_000_000  # codes that a graph keeps in view; faiss takes memory for all at once
MOST_LOOKUPS = 1 << 22  # of one hash for one query


@dataclass(frozen=True)
class IndexKind:
    """One kind of index.

    Attributes:
        known: its options with their defaults and ranges.
        make: (faiss, bits, options) -> a new faiss index.
        tune: (index, options): set what only a search uses.
        class_name: the faiss class, to recognise a file.
        at_search: the options that only a search uses.
        exact: whether it finds the true nearest codes.
        has_radius: whether faiss can search it by radius.
        rule: which options go together.
    """

    known: Mapping[str, Option]
    make: Callable[[Any, int, Mapping[str, int]], Any]
    tune: Callable[[Any, Mapping[str, int]], None]
    class_name: str
    at_search: tuple[str, ...] = ()
    exact: bool = False
    has_radius: bool = True
    rule: Rule = no_rule


def options_of(kind: str, given: Mapping[str, Any], n_bits: int) -> dict[str, int]:
    """Return all options of a kind, checked.

    Raises:
        ParameterError: Unknown kind or option, or a value out of range.
    """
    require_choice("kind", kind, KINDS)
    chosen = KINDS[kind]
    options = checked_options(chosen.known, chosen.rule, given, n_bits, f"a {kind!r} index")
    return {name: int(value) for name, value in options.items()}


def _require_bits(options: Mapping[str, int | bool], n_bits: int) -> None:
    n_hashes, bits, flips = (options[name] for name in ("n_hashes", "hash_bits", "n_flips"))
    if n_hashes * bits > n_bits:
        raise ParameterError(
            f"{n_hashes} hashes of {bits} bits take {n_hashes * bits} of {n_bits} bits; each hash "
            "takes bits of its own. Lower n_hashes or hash_bits."
        )
    if flips > bits:
        raise ParameterError(
            f"n_flips must be at most hash_bits={bits}, the bits there are to flip, got {flips}."
        )
    lookups = sum(math.comb(bits, n) for n in range(flips + 1))
    if lookups > MOST_LOOKUPS:
        raise ParameterError(
            f"n_flips={flips} of hash_bits={bits} are {lookups:,} look-ups a hash for one query, "
            f"of at most {MOST_LOOKUPS:,}. Lower n_flips."
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
    "ivf": IndexKind(
        {"n_lists": Option(256, high=MOST_LISTS), "n_probes": Option(16)},
        _make_ivf,
        _tune_ivf,
        "IndexBinaryIVF",
        at_search=("n_probes",),
    ),
    "hnsw": IndexKind(
        {
            "n_links": Option(32, low=2, high=MOST_LINKS),  # faiss divides by log(n_links)
            "ef_construction": Option(64, high=MOST_SEEN),
            "ef_search": Option(64, high=MOST_SEEN),
        },
        _make_hnsw,
        _tune_hnsw,
        "IndexBinaryHNSW",
        at_search=("ef_search",),
        has_radius=False,
    ),
    "multihash": IndexKind(
        {"n_hashes": Option(4), "hash_bits": Option(8, high=32), "n_flips": Option(1, 0, 32)},
        _make_multihash,
        _tune_multihash,
        "IndexBinaryMultiHash",
        at_search=("n_flips",),
        rule=_require_bits,
    ),
}
