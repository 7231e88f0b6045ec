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
    if located is not None and all(_is_intact(folder, part) for part in located[1].parts):
        return located[0]
    public = [file for file in entry.files if all(part.url for part in file.parts)]
    if not public:
        if located is not None:
            for part in located[1].parts:
                require_checksum(folder / part.name, part)  # says which differs, and what to do
        raise DataError(missing_message(entry, data_dir))
    for part in public[0].parts:
        if part.url is not None and not _is_intact(folder, part):
            download(part.url, folder / part.name, part.sha256)
    return folder / public[0].name


def _is_intact(folder: Path, file: NamedFile) -> bool:
    if not (folder / file.name).is_file():
        return False
    try:
        require_checksum(folder / file.name, file)
    except FileFormatError:
        return False
    return True


def missing_message(entry: NamedSet, data_dir: str | Path | None = None) -> str:
    """Say where the file of a set was expected and how to get it; of parts, those not there."""
    folder = data_folder(data_dir)
    names = " or ".join(_missing_title(folder, file) for file in entry.files)
    remedy = (
        f"Run: quantal data fetch {entry.name}"
        if any(file.url for file in entry.files)
        else f"There is no public copy to download; it comes from: {entry.source}. Put {names} "
        f"there, or name its folder with --data-dir or {ENVIRONMENT}"
    )
    return f"{entry.name}: {names} is not in {folder}. {remedy}."


def _missing_title(folder: Path, file: NamedFile) -> str:
    return " with ".join(p.name for p in file.parts if not (folder / p.name).is_file())
