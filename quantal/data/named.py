"""Named data sets: "name:mnist" wherever a path is expected. Labels come from a separate call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, FileFormatError, ParameterError, suggestion
from .arrays import image_settings
from .dataset import Dataset
from .download import download
from .named_files import Contents, embedded_digits, read_checked, require_checksum
from .named_sets import NAMED, NamedFile, NamedSet
from .options import Options, parse_image_size

ENVIRONMENT = "QUANTAL_DATA"

__all__ = [
    "NAMED",
    "NamedFile",
    "NamedSet",
    "catalogue",
    "data_folder",
    "fetch",
    "find",
    "labels",
    "load",
    "markdown_table",
]

_FACTS = ("name", "kind", "shape", "dtype", "n_classes", "source", "licence", "notes", "sha256")


def load(name: str, data_dir: str | Path | None = None) -> Dataset:
    """Load the rows of a named set, without labels, in the form that its table row states.

    Args:
        name: One of `NAMED`.
        data_dir: Folder of the files; default: the environment variable QUANTAL_DATA, else
            ``~/.cache/quantal``.

    Raises:
        ParameterError: An unknown name.
        DataError: The file is not there; the message says how to get it.
        FileFormatError: The file's checksum is wrong.
    """
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


def find(name: str) -> NamedSet:
    """Return the table row of a named set, or raise ParameterError with the closest name."""
    if name not in NAMED:
        raise ParameterError(
            f"No data set is named {name!r}; known are {', '.join(NAMED)}.{suggestion(name, NAMED)}"
        )
    return NAMED[name]


def data_folder(data_dir: str | Path | None = None) -> Path:
    """Return the folder of the files: the argument, else QUANTAL_DATA, else ~/.cache/quantal."""
    if data_dir is not None:
        return Path(data_dir).expanduser()
    return Path(os.environ.get(ENVIRONMENT) or "~/.cache/quantal").expanduser()


def locate(entry: NamedSet, data_dir: str | Path | None = None) -> tuple[Path, NamedFile] | None:
    """Return the first file of ``entry`` that is in the data folder, or None."""
    folder = data_folder(data_dir)
    for file in entry.files:
        if (folder / file.name).is_file():
            return folder / file.name, file
    return None


def read_named(name: Path, options: Options) -> Dataset:
    """Read "name:..." for `open_source`; a given image size or colour must be the set's own."""
    dataset = load(str(name), options.data_dir)
    wanted = {"image_size": options.image_size, "color": options.color}
    for option, value in wanted.items():
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
        name: One of `NAMED`.
        data_dir: As for `load`; made if missing.

    Returns:
        The file's path; None if the set is embedded and needs no file.

    Raises:
        DataError: No public copy with a checksum is known (the message says where the data come
            from), or the download failed.
        FileFormatError: Other bytes came than expected.
    """
    entry = find(name)
    if not entry.files:
        return None
    located = locate(entry, data_dir)
    if located is not None and _is_intact(*located):
        return located[0]
    public = [file for file in entry.files if file.url is not None]
    if not public:
        raise DataError(missing_message(entry, data_dir))
    file = public[0]
    assert file.url is not None
    return download(file.url, data_folder(data_dir) / file.name, file.sha256)


def _is_intact(path: Path, file: NamedFile) -> bool:
    try:
        require_checksum(path, file)
    except FileFormatError:
        return False
    return True


def catalogue(data_dir: str | Path | None = None) -> list[dict[str, Any]]:
    """Return one row of facts for every named set, for listings.

    Returns:
        Rows with ``name``, ``kind``, ``shape``, ``dtype``, ``n_classes``, ``source``, ``licence``,
        ``notes``, ``files``, ``sha256``, ``path`` (where it was found, else None), ``available``
        (embedded or found) and ``can_fetch``.
    """
    rows = []
    for entry in NAMED.values():
        located = locate(entry, data_dir)
        facts = {field: getattr(entry, field) for field in _FACTS}
        rows.append(
            {
                **facts,
                "files": [file.name for file in entry.files],
                "path": str(located[0]) if located else None,
                "available": located is not None or not entry.files,
                "can_fetch": any(file.url for file in entry.files),
            }
        )
    return rows


def markdown_table() -> str:
    """Return the table of named sets for the documentation."""
    head = ["name", "shape", "dtype", "classes", "files (first 12 digits of SHA-256)"]
    lines = [[*head, "source", "licence", "notes"], ["---"] * 8]
    for entry in NAMED.values():
        files = [f"`{file.name}` ({file.sha256[:12]}{_remark(file)})" for file in entry.files]
        shape = " x ".join(f"{size:,}" for size in entry.shape)
        facts = [f"`{entry.name}`", shape, entry.dtype, str(entry.n_classes)]
        facts += [" or ".join(files) or "embedded", entry.source, entry.licence, entry.notes]
        lines.append(facts)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _remark(file: NamedFile) -> str:
    return (", of its arrays" if file.by_content else "") + (", fetch" if file.url else "")


def _contents(name: str, data_dir: str | Path | None) -> Contents:
    entry = find(name)
    if not entry.files:
        return embedded_digits()
    located = locate(entry, data_dir)
    if located is None:
        raise DataError(missing_message(entry, data_dir))
    return read_checked(*located)


def missing_message(entry: NamedSet, data_dir: str | Path | None = None) -> str:
    """Say where the file of a set was expected and how to get it."""
    folder = data_folder(data_dir)
    names = " or ".join(file.name for file in entry.files)
    remedy = (
        f"Run: quantal data fetch {entry.name}"
        if any(file.url for file in entry.files)
        else f"There is no public copy to download; it comes from: {entry.source}. Put {names} "
        f"there, or name its folder with --data-dir or {ENVIRONMENT}"
    )
    return f"{entry.name}: {names} is not in {folder}. {remedy}."
