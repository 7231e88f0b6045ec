"""Where the files of named sets are looked for, and how they come there."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError, FileFormatError
from .download import download
from .named_files import require_checksum
from .named_sets import NamedFile, NamedSet

ENVIRONMENT = "QUANTAL_DATA"


def data_folder(data_dir: str | Path | None = None) -> Path:
    """Return the folder of the files: the argument, else QUANTAL_DATA, else ~/.cache/quantal."""
    if data_dir is not None:
        return Path(data_dir).expanduser()
    return Path(os.environ.get(ENVIRONMENT) or "~/.cache/quantal").expanduser()


def locate(entry: NamedSet, data_dir: str | Path | None = None) -> tuple[Path, NamedFile] | None:
    """Return the first file of ``entry`` that is, with its rest, in the data folder, or None."""
    folder = data_folder(data_dir)
    for file in entry.files:
        if all((folder / part.name).is_file() for part in file.parts):
            return folder / file.name, file
    return None


def fetch_files(entry: NamedSet, data_dir: str | Path | None = None) -> Path | None:
    """Bring the files of ``entry`` into the data folder; see `quantal.data.named.fetch`."""
    if not entry.files:
        return None
    folder = data_folder(data_dir)
    located = locate(entry, data_dir)
    there = () if located is None else located[1].parts
    damages = [damage for part in there if (damage := _damage(folder, part))]
    if located is not None and not damages:
        return located[0]
    public = [file for file in entry.files if all(part.url for part in file.parts)]
    if not public and damages:
        raise FileFormatError(f"{damages[0]} {_no_public_copy(entry)}.")
    if not public:
        raise DataError(missing_message(entry, data_dir))
    for part in public[0].parts:
        path = folder / part.name
        if part.url is not None and not (path.is_file() and _damage(folder, part) is None):
            download(part.url, path, part.sha256)
    return folder / public[0].name


def _damage(folder: Path, file: NamedFile) -> FileFormatError | None:
    """Return what is wrong with a file that is there."""
    try:
        require_checksum(folder / file.name, file)
    except FileFormatError as error:
        return error
    return None


def missing_message(entry: NamedSet, data_dir: str | Path | None = None) -> str:
    """Say where the file of a set was expected and how to get it; of parts, those not there."""
    folder = data_folder(data_dir)
    names = " or ".join(_missing_title(folder, file) for file in entry.files)
    remedy = (
        f"Run: quantal data fetch {entry.name}"
        if any(file.url for file in entry.files)
        else f"{_no_public_copy(entry)}. Put {names} "
        f"there, or name its folder with --data-dir or {ENVIRONMENT}"
    )
    return f"{entry.name}: {names} is not in {folder}. {remedy}."


def _no_public_copy(entry: NamedSet) -> str:
    return f"There is no public copy to download; it comes from: {entry.source}"


def _missing_title(folder: Path, file: NamedFile) -> str:
    return " with ".join(part.name for part in file.parts if not (folder / part.name).is_file())
