"""Approximate Hamming search: faiss's binary indexes with our conventions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ..data.file_hash import file_sha256
from ..data.partial_file import partial_file, publish, write_whole
from ..errors import DataError, FileFormatError, ParameterError, require_extra, require_range
from .faiss_kinds import KINDS, options_of
from .ordering import first_by_score
from .packing import bytes_per_code, require_packed, require_zero_padding

FORMAT = "quantal code index"
VERSION = 1
_MAX_DESCRIPTION = 1 << 20


class CodeIndex:
    """An index of packed codes in faiss, needs ``pip install 'quantal[search]'``.

    `hamming_search` compares every code and needs no index. This is for more codes or queries than
    that can serve, at the price of missing some neighbours; "flat" misses none and returns exactly
    what `hamming_search` does.

    Distances, ids and radii mean what they mean there. faiss fills missing results with -1 and
    2147483647, searches radii that exclude the radius, and wants whole bytes; none of that shows.

    Args:
        n_bits: bits per code; widths that fill no byte are filled up with zeros, as `pack_bits`
            does.
        kind: "flat" (exact); "ivf" (k-means lists, trained by the first `add`); "hnsw" (graph,
            fast but far larger than short codes, and poor where many codes are equal);
            "multihash" (tables of parts of the code, for small radii on long codes).
        options: by kind. ivf: n_lists (256), n_probes (16, lists looked into). hnsw: n_links (32),
            ef_construction (64), ef_search (64). multihash: n_hashes (4), hash_bits (8, of each
            hash), n_flips (1, bits by which a table entry may differ).

    Raises:
        MissingExtraError: faiss is not installed.
        ParameterError: Unknown kind or option, or a value out of range.
    """

    def __init__(
        self,
        n_bits: int,
        kind: Literal["flat", "ivf", "hnsw", "multihash"] = "flat",
        **options: int,
    ) -> None:
        self.n_bytes = bytes_per_code(n_bits)
        self.n_bits, self.kind = int(n_bits), kind
        self.options = options_of(kind, options, self.n_bits)
        faiss = require_extra("faiss", "search")
        self._index = KINDS[kind].make(faiss, 8 * self.n_bytes, self.options)
        KINDS[kind].tune(self._index, self.options)

    def __len__(self) -> int:
        """Return the number of codes added."""
        return int(self._index.ntotal)

    def train(self, codes: NDArray[np.uint8]) -> Self:
        """Divide the lists of an "ivf" index; the other kinds need no training.

        Args:
            codes: (n, n_bytes) uint8, a sample of those that will be added.

        Returns:
            The index itself.

        Raises:
            DataError: Not packed codes of this width, or fewer than there are lists.
        """
        self._train(self._rows(codes))
        return self

    def add(self, codes: NDArray[np.uint8]) -> Self:
        """Add codes; they get the next row numbers. The first ones train an untrained "ivf" index.

        Args:
            codes: (n, n_bytes) uint8.

        Returns:
            The index itself.

        Raises:
            DataError: Not packed codes of this width, or fewer than an "ivf" index has lists.
        """
        rows = self._rows(codes)
        self._train(rows)
        self._index.add(rows)
        return self

    def tune(self, **options: int) -> Self:
        """Change what only a search uses: n_probes, ef_search or n_flips.

        Args:
            options: by name, as when the index is made.

        Returns:
            The index itself.

        Raises:
            ParameterError: An unknown option, a value out of range, or another value of an option
                that the index was made with.
        """
        kind = KINDS[self.kind]
        chosen = options_of(self.kind, {**self.options, **options}, self.n_bits)
        for name, value in chosen.items():
            if name not in kind.at_search and value != self.options[name]:
                raise ParameterError(
                    f"{name} is {self.options[name]} since this index was made, got {value}. Make "
                    f"a new index with it; tune changes {' and '.join(kind.at_search)}."
                )
        self.options = chosen
        kind.tune(self._index, self.options)
        return self

    def search(
        self, queries: NDArray[np.uint8], k: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Find the k nearest codes that the index can find.

        Args:
            queries: (q, n_bytes) uint8.
            k: codes per query, from 1 to the number of codes.

        Returns:
            distances: (q, k) int32, ascending; n_bits + 1 where nothing more was found.
            ids: (q, k) int64 row numbers, ties by the lower; -1 where nothing more was found.

        Raises:
            DataError: Not packed codes of this width.
            ParameterError: ``k`` is out of range.
        """
        asked = self._queries(queries)
        require_range("k", k, low=1, integer=True)
        if k > len(self):
            raise ParameterError(
                f"k must be at most {len(self)}, the number of codes, got {k}. "
                "Pass a smaller k or add more codes."
            )
        distances, ids = self._index.search(asked, int(k))
        distances = np.where(ids < 0, np.int32(self.n_bits + 1), distances)
        return first_by_score(distances, ids, int(k))

    def radius(
        self, queries: NDArray[np.uint8], radius: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Find the codes within a radius, the radius included, that the index can find.

        Args:
            queries: (q, n_bytes) uint8.
            radius: largest distance that counts, at least 0.

        Returns:
            offsets, ids and distances as of `hamming_radius`.

        Raises:
            DataError: Not packed codes of this width.
            ParameterError: ``radius`` is out of range, or the kind is "hnsw", which cannot do this.
        """
        asked = self._queries(queries)
        require_range("radius", radius, low=0, integer=True)
        if not KINDS[self.kind].has_radius:
            able = ", ".join(repr(name) for name, kind in KINDS.items() if kind.has_radius)
            raise ParameterError(
                f"faiss cannot search a {self.kind!r} index by radius. Use one of {able}, or "
                "quantal.codes.hamming_radius."
            )
        inclusive = min(int(radius), self.n_bits) + 1  # faiss wants d < radius
        limits, distances, ids = self._index.range_search(asked, inclusive)
        offsets = limits.astype(np.int64)
        query = np.repeat(np.arange(len(asked)), np.diff(offsets))
        order = np.lexsort((ids, distances, query))
        return offsets, ids[order].astype(np.int64), distances[order].astype(np.int32)

    def save(self, path: str | Path) -> None:
        """Write the index to ``path`` and its description to ``PATH.json``, the latter last.

        Args:
            path: a file; one that exists is replaced.

        Raises:
            ParameterError: The path cannot be written.
        """
        faiss = require_extra("faiss", "search")
        target = Path(path)
        beside = _description_path(target)
        with partial_file(target) as partial:
            faiss.write_index_binary(self._index, str(partial))
            description = {
                "format": FORMAT,
                "version": VERSION,
                "n_bits": self.n_bits,
                "kind": self.kind,
                "options": self.options,
                "sha256": file_sha256(partial),
            }
            beside.unlink(missing_ok=True)
            publish(partial, target)
        write_whole(beside, json.dumps(description, indent=1).encode())

    @classmethod
    def load(cls, path: str | Path) -> CodeIndex:
        """Read what `save` wrote.

        Args:
            path: the file; ``PATH.json`` must stand beside it.

        Raises:
            FileFormatError: Missing, damaged, or not what the description says.
            MissingExtraError: faiss is not installed.
        """
        source = Path(path)
        faiss = require_extra("faiss", "search")
        description = _read_description(source)
        if not source.is_file() or file_sha256(source) != description.get("sha256"):
            raise FileFormatError(
                f"{source} is missing or differs from what {_description_path(source).name} says "
                "it is. Restore the file, or save the index again."
            )
        try:
            index = cls(description["n_bits"], description["kind"], **description["options"])
            index._index = faiss.read_index_binary(str(source))
        except (KeyError, TypeError, ParameterError, RuntimeError, MemoryError) as error:
            reason = str(error).partition("\n")[0]
            raise FileFormatError(
                f"{source} cannot be read as an index ({reason}). Save the index again."
            ) from None
        expected = KINDS[index.kind].class_name
        if type(index._index).__name__ != expected or index._index.d != 8 * index.n_bytes:
            raise FileFormatError(
                f"{source} holds a {type(index._index).__name__} of {index._index.d} bits, not a "
                f"{expected} of {8 * index.n_bytes}. Save the index again."
            )
        KINDS[index.kind].tune(index._index, index.options)
        return index

    def _rows(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rows = np.ascontiguousarray(require_packed(codes, "codes", self.n_bits))
        require_zero_padding(rows, self.n_bits, "codes")
        return rows

    def _train(self, rows: NDArray[np.uint8]) -> None:
        if self._index.is_trained:
            return
        if len(rows) < self.options["n_lists"]:
            raise DataError(
                f"{len(rows)} codes cannot be divided into n_lists={self.options['n_lists']}. "
                "Add more codes first, or make the index with fewer lists."
            )
        self._index.train(rows)

    def _queries(self, queries: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(require_packed(queries, "queries", self.n_bits))


def _description_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read_description(path: Path) -> dict[str, Any]:
    beside = _description_path(path)
    try:
        with beside.open("rb") as file:
            values = json.loads(file.read(_MAX_DESCRIPTION))
    except (OSError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise FileFormatError(
            f"{beside} does not describe an index. Pass the file that CodeIndex.save() wrote, with "
            "its .json file beside it."
        )
    if values.get("version") != VERSION:
        raise FileFormatError(
            f"{beside} is version {values.get('version')!r} of the format; this version of quantal "
            f"reads {VERSION}. Install the version that wrote it."
        )
    return values
