"""Vectors with published queries and true neighbours: SIFT1M, GIST1M and SIFT1B, as published.

"name:sift1m" is the base, which is searched; "name:sift1m:learn" and "name:sift1m:query" are the
other parts. The first rows of SIFT1B, for which neighbours are published too, are parts such as
"name:sift1b:10M". Files are mapped from the disk where they lie; nothing is downloaded or copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, FileFormatError, ParameterError, suggestion
from .dataset import Dataset, Kind
from .options import Options
from .vector_files import read_vectors

PARTS = ("base", "learn", "query")
COLLECTION = "TEXMEX, http://corpus-texmex.irisa.fr"


@dataclass(frozen=True)
class VectorSet:
    """One published collection of vectors.

    Attributes:
        name: What follows "name:".
        prefix: With what its files' names begin.
        suffix: Of the files of vectors.
        shape: Rows and columns of the published base.
        dtype: dtype of the rows.
        source: Where the files come from.
        licence: As stated by the source.
        notes: What the rows are.
        truth: File of the numbers of the base's true neighbours, relative to the folder.
        distances: File of their squared distances, or None.
        folders: Folders within the data folder where the published archive may have put the files.
        subsets: Part -> how many first rows of the base it is.
    """

    name: str
    prefix: str
    suffix: str
    shape: tuple[int, int]
    dtype: str
    source: str
    licence: str
    notes: str
    truth: str
    distances: str | None
    folders: tuple[str, ...]
    subsets: Mapping[str, int] = field(default_factory=dict)

    kind: Kind = "vectors"
    n_classes: int = 0
    sha256: str | None = None  # users cut these files; a checksum would read 132 GB each time

    @property
    def parts(self) -> tuple[str, ...]:
        """What may follow the name: "base", "learn", "query" and the subsets."""
        return (*PARTS, *self.subsets)

    @property
    def files(self) -> tuple[str, ...]:
        """Published names of the base, what is learned from, the queries and the neighbours."""
        return (*map(self.file_name, PARTS), self.truth)

    def file_name(self, part: str) -> str:
        """Return the published name of the file that holds a part."""
        return f"{self.prefix}_{'base' if part in self.subsets else part}{self.suffix}"

    def truth_names(self, part: str) -> tuple[str, str | None]:
        """Return the files of a part's true neighbours: numbers, and squared distances or None."""
        if part in self.subsets:
            return self.truth.replace("1000M", part), (self.distances or "").replace("1000M", part)
        return self.truth, self.distances


def _texmex(name: str, title: str, n_features: int, archive: str) -> VectorSet:
    return VectorSet(
        name,
        archive,
        ".fvecs",
        (1_000_000, n_features),
        "float32",
        f"{COLLECTION} ({archive}.tar.gz)",
        "none stated there",
        f"{title}; 100 true neighbours of each query.",
        f"{archive}_groundtruth.ivecs",
        None,
        (archive, name),
    )


_MILLIONS = (1, 2, 5, 10, 20, 50, 100, 200, 500)

_SETS = (
    _texmex("sift1m", "SIFT descriptors, 100,000 to learn from, 10,000 queries", 128, "sift"),
    _texmex("gist1m", "GIST descriptors, 500,000 to learn from, 1,000 queries", 960, "gist"),
    VectorSet(
        "sift1b",
        "bigann",
        ".bvecs",
        (1_000_000_000, 128),
        "uint8",
        f"{COLLECTION} (bigann_base, bigann_learn, bigann_query, bigann_gnd)",
        "none stated there",
        "SIFT descriptors, 100 million to learn from, 10,000 queries; 1,000 true neighbours of "
        "each among the first 1, 2, 5, ... 1000 million rows: name:sift1b:1M and so on.",
        "gnd/idx_1000M.ivecs",
        "gnd/dis_1000M.fvecs",
        ("bigann", "sift1b"),
        {f"{millions}M": millions * 1_000_000 for millions in _MILLIONS},
    ),
)

VECTOR_SETS: dict[str, VectorSet] = {entry.name: entry for entry in _SETS}


def split_name(name: str) -> tuple[VectorSet, str] | None:
    """Return the set and the part that "sift1m" or "sift1m:query" names, or None for others.

    Raises:
        ParameterError: The set has no such part.
    """
    title, _, part = name.partition(":")
    entry = VECTOR_SETS.get(title)
    if entry is None:
        return None
    part = part or "base"
    if part not in entry.parts:
        raise ParameterError(
            f"{title} has no part {part!r}; it has {', '.join(entry.parts)}. Write for example "
            f"name:{title}:query.{suggestion(part, entry.parts)}"
        )
    return entry, part


def locate_file(entry: VectorSet, file: str, folder: Path) -> Path | None:
    """Return the path of a published file of a set in the data folder, or None."""
    for place in (folder, *(folder / inner for inner in entry.folders)):
        if (place / file).is_file():
            return place / file
    return None


def read_part(entry: VectorSet, part: str, folder: Path, options: Options) -> Dataset:
    """Map a part of a set.

    Args:
        entry: The set.
        part: One of its parts.
        folder: The data folder.
        options: As for `open_source`.

    Raises:
        DataError: The file is not there, or has too few rows for the part.
        FileFormatError: It is damaged, or its rows have another width than the published ones.
    """
    path = require_file(entry, part, folder)
    wanted = entry.subsets.get(part)
    dataset = read_vectors(path, options, first_rows=wanted)
    if dataset.n_features != entry.shape[1]:
        raise FileFormatError(
            f"{path} has rows of {dataset.n_features} components, but those of {entry.name} have "
            f"{entry.shape[1]}. It is another file under this name; get the published one."
        )
    if wanted is not None and len(dataset) < wanted:
        raise DataError(
            f"{path.name} holds {len(dataset):,} rows, fewer than the {wanted:,} of "
            f"{entry.name}:{part}. Get the rest of it, or use a smaller part."
        )
    name = entry.name if part == "base" else f"{entry.name}:{part}"
    return Dataset(dataset.x, name, "vectors", reader=dataset.reader)


def published_neighbors(
    entry: VectorSet, part: str, folder: Path
) -> tuple[NDArray[np.int32], NDArray[np.float32] | None] | None:
    """Read the published true neighbours of a set's queries, nearest first.

    They are used as they are: neighbours at one distance stand in the order of the publication.

    Args:
        entry: The set.
        part: "base" or a subset, in which the neighbours are.
        folder: The data folder.

    Returns:
        Numbers of rows, shape (q, k), and squared distances of the same shape where they are
        published and there. None where the file of numbers is not in the folder.

    Raises:
        FileFormatError: They are not of these queries and rows.
    """
    numbers, distances = entry.truth_names(part)
    path = locate_file(entry, numbers, folder)
    if path is None:
        return None
    like = Options(like="vectors")
    ids = np.array(read_vectors(path, like).x)
    n_rows = len(read_part(entry, part, folder, like))
    n_queries = len(read_part(entry, "query", folder, like))
    if len(ids) != n_queries:
        raise FileFormatError(
            f"{path} has neighbours of {len(ids):,} queries, but {entry.file_name('query')} has "
            f"{n_queries:,} rows. One of them is cut; get the published files."
        )
    if ids.min() < 0 or ids.max() >= n_rows:
        raise FileFormatError(
            f"{path} names rows {ids.min()} to {ids.max()}, but {entry.name}:{part} has "
            f"{n_rows:,} rows. Get the whole {entry.file_name(part)}, or move the file of "
            "neighbours away to have them computed."
        )
    beside = locate_file(entry, distances, folder) if distances else None
    if beside is None:
        return ids, None
    squared = np.array(read_vectors(beside, like).x)
    if squared.shape != ids.shape:
        raise FileFormatError(
            f"{beside} has shape {squared.shape}, but {path.name} has {ids.shape}. Get the "
            "published files."
        )
    return ids, squared


def require_file(entry: VectorSet, part: str, folder: Path) -> Path:
    """Return the path of the file that holds a part, or raise DataError that says how to get it."""
    file = entry.file_name(part)
    path = locate_file(entry, file, folder)
    if path is not None:
        return path
    packed = locate_file(entry, file + ".gz", folder)
    if packed is not None:
        raise DataError(
            f"{entry.name}: {packed} is compressed, and rows are mapped from the disk as they "
            f"are. Unpack it: gunzip {packed}"
        )
    inner = " or ".join(f"{name}/" for name in entry.folders)
    raise DataError(
        f"{entry.name}: {file} is not in {folder} (nor there in {inner}). quantal does not "
        f"download it; it comes from: {entry.source}. Unpack it there, or name its folder with "
        "--data-dir or QUANTAL_DATA."
    )
