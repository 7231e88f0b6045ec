"""Named data sets: "name:mnist" wherever a path is expected. Labels come from a separate call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ParameterError, suggestion
from .arrays import image_settings
from .dataset import Dataset
from .named_files import Contents, embedded_digits, read_checked
from .named_location import data_folder, fetch_files, locate, missing_message
from .named_sets import NAMED, NamedFile, NamedSet
from .options import Options, parse_image_size
from .vector_sets import (
    VECTOR_SETS,
    VectorSet,
    locate_file,
    published_neighbors,
    read_part,
    require_file,
    split_name,
)

__all__ = [
    "NAMED",
    "VECTOR_SETS",
    "NamedFile",
    "NamedSet",
    "VectorSet",
    "catalogue",
    "data_folder",
    "fetch",
    "find",
    "labels",
    "load",
    "locate",
    "markdown_table",
    "neighbors",
]

_FACTS = ("name", "kind", "shape", "dtype", "n_classes", "source", "licence", "notes", "sha256")


def load(name: str, data_dir: str | Path | None = None) -> Dataset:
    """Load the rows of a named set, without labels, in the form that its table row states.

    Args:
        name: One of `NAMED` or of `VECTOR_SETS`, those also with a part as in "sift1m:query".
        data_dir: Folder of the files; default: the environment variable QUANTAL_DATA, else
            ``~/.cache/quantal``.

    Raises:
        ParameterError: An unknown name or part.
        DataError: The file is not there; the message says how to get it.
        FileFormatError: The file's checksum is wrong, or it is damaged.
    """
    return _load(name, data_dir, Options())


def _load(name: str, data_dir: str | Path | None, options: Options) -> Dataset:
    vectors = split_name(name)
    if vectors is not None:
        return read_part(*vectors, data_folder(data_dir), options)
    contents = _contents(name, data_dir)
    if contents.texts is not None:
        empty = np.empty((len(contents.texts), 0), dtype=np.float32)
        reader = {"like": "text"}
        return Dataset(empty, name, "text", contents.ids, contents.texts, reader=reader)
    x = contents.x
    assert x is not None  # a layout gives rows or texts
    return Dataset(x, name, "images", reader={**image_settings(x), "like": "images"})


def labels(
    name: str, data_dir: str | Path | None = None, *, ids: Sequence[str] | None = None
) -> NDArray[np.int64]:
    """Return the labels of a named set, for evaluation only.

    Args:
        name: One of `NAMED`.
        data_dir: As for `load`.
        ids: Names of the rows wanted, as in ``Dataset.ids``: features may have dropped documents.
            Default: every row that `load` returns, in its order.

    Returns:
        (n,) labels from 0 to n_classes - 1.
    """
    if split_name(name) is not None:
        raise DataError(f"{name} has no labels; `neighbors` gives what its queries should find.")
    contents = _contents(name, data_dir)
    if ids is None:
        return contents.labels
    if contents.ids is None:
        raise ParameterError(f"{name} has no row names; leave out ids to get every label.")
    row_of = {name: row for row, name in enumerate(contents.ids)}
    unknown = [name for name in ids if name not in row_of]
    if unknown:
        raise ParameterError(f"{name} has no row named {unknown[0]!r}; pass ids of its Dataset.")
    return contents.labels[[row_of[name] for name in ids]]


def neighbors(
    name: str, data_dir: str | Path | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float32] | None] | None:
    """Return the published true neighbours of a vector set's queries, for evaluation only.

    They are used as they are: of neighbours at one distance the publication chose one.

    Args:
        name: One of `VECTOR_SETS`, or a part of one whose rows are searched: "sift1b:10M".
        data_dir: As for `load`.

    Returns:
        Row numbers, nearest first, shape (q, k), and squared distances of the same shape or None
        where they are not there. None where the file of neighbours is not in the folder.

    Raises:
        ParameterError: Another set, or a part that is not searched.
        DataError: Queries or rows are not there.
        FileFormatError: The files do not belong together.
    """
    vectors = split_name(name)
    if vectors is None or vectors[1] in {"learn", "query"}:
        raise ParameterError(
            f"No neighbours are published in {name!r}; pass one of {', '.join(VECTOR_SETS)}."
        )
    return published_neighbors(*vectors, data_folder(data_dir))


def find(name: str) -> NamedSet | VectorSet:
    """Return the table row of a named set, or raise ParameterError with the closest name."""
    vectors = split_name(name)
    return _entry(name) if vectors is None else vectors[0]


def _entry(name: str) -> NamedSet:
    if name not in NAMED:
        known = [*NAMED, *VECTOR_SETS]
        raise ParameterError(
            f"No data set is named {name!r}; known are {', '.join(known)}.{suggestion(name, known)}"
        )
    return NAMED[name]


def read_named(name: Path, options: Options) -> Dataset:
    """Read "name:..." for `open_source`; a given image size or colour must be the set's own."""
    dataset = _load(str(name), options.data_dir, options)
    wanted = {"image_size": options.image_size, "color": options.color}
    for option, value in wanted.items():
        if dataset.kind == "vectors" and options.like is None and value not in {None, "auto"}:
            raise ParameterError(
                f"{option} does not concern {dataset.name}, whose rows are vectors; omit it."
            )
        has = dataset.reader.get(option)
        has = parse_image_size(has) if option == "image_size" else has
        if options.like is None and value not in {None, "auto", has}:
            raise ParameterError(f"{option} of {dataset.name} is {has!r}, got {value!r}; omit it.")
    if options.text is not None:
        dataset.reader["text"] = options.text
    return dataset


def fetch(name: str, data_dir: str | Path | None = None) -> Path | None:
    """Bring the file of a named set into the data folder; an intact one there is left alone.

    Args:
        name: One of `NAMED` or of `VECTOR_SETS`; those are only looked for.
        data_dir: As for `load`; made if missing.

    Returns:
        The file's path; None if the set is embedded and needs no file.

    Raises:
        DataError: No public copy with a checksum is known (the message says where the data come
            from), or the download failed.
        FileFormatError: Other bytes came than expected, or the file there is damaged and no public
            copy is known.
    """
    vectors = split_name(name)
    if vectors is not None:
        return require_file(*vectors, data_folder(data_dir))
    return fetch_files(_entry(name), data_dir)


def catalogue(data_dir: str | Path | None = None) -> list[dict[str, Any]]:
    """Return one row of facts for every named set, for listings.

    Returns:
        Rows with ``name``, ``kind``, ``shape``, ``dtype``, ``n_classes``, ``source``, ``licence``,
        ``notes``, ``files``, ``sha256``, ``path`` (where it was found, else None), ``available``
        (embedded or found) and ``can_fetch``. Vector sets have 0 classes; the shape is the base's.
    """
    rows = []
    for entry in NAMED.values():
        located = locate(entry, data_dir)
        files = [part.name for file in entry.files for part in file.parts]
        fetched = any(file.url for file in entry.files)
        rows.append(_facts(entry, files, located[0] if located else None, fetched))
    for vectors in VECTOR_SETS.values():
        path = locate_file(vectors, vectors.file_name("base"), data_folder(data_dir))
        rows.append(_facts(vectors, list(vectors.files), path, False))
    return rows


def _facts(
    entry: NamedSet | VectorSet, files: list[str], path: Path | None, can_fetch: bool
) -> dict[str, Any]:
    return {
        **{field: getattr(entry, field) for field in _FACTS},
        "files": files,
        "path": None if path is None else str(path),
        "available": path is not None or not files,
        "can_fetch": can_fetch,
    }


def markdown_table() -> str:
    """Return the table of named sets for the documentation."""
    head = ["name", "shape", "dtype", "classes", "files (first 12 digits of SHA-256)"]
    lines = [[*head, "source", "licence", "notes"], ["---"] * 8]
    for entry in NAMED.values():
        files = [" with ".join(map(_cell, file.parts)) for file in entry.files]
        lines.append(_line(entry, " or ".join(files) or "embedded"))
    for vectors in VECTOR_SETS.values():
        lines.append(_line(vectors, ", ".join(f"`{file}`" for file in vectors.files)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(entry: NamedSet | VectorSet, files: str) -> list[str]:
    shape = " x ".join(f"{size:,}" for size in entry.shape)
    facts = [f"`{entry.name}`", shape, entry.dtype, str(entry.n_classes or "none"), files]
    return [*facts, entry.source, entry.licence, entry.notes]


def _cell(file: NamedFile) -> str:
    remark = (", of its arrays" if file.by_content else "") + (", fetch" if file.url else "")
    return f"`{file.name}` ({file.sha256[:12]}{remark})"


def _contents(name: str, data_dir: str | Path | None) -> Contents:
    entry = _entry(name)
    if not entry.files:
        return embedded_digits()
    located = locate(entry, data_dir)
    if located is None:
        raise DataError(missing_message(entry, data_dir))
    return read_checked(*located)
