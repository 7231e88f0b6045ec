"""Folders that appear whole or not at all: filled under another name, flushed, renamed."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from ...data.file_hash import file_sha256
from ...data.partial_file import explained
from ...errors import FileFormatError, ParameterError
from .address import Address
from .description import MAX_BYTES, StoreDescription, is_description

DESCRIPTION = "store.json"
WRITTEN = (  # all that any store of ours puts into a folder; load.sh leaves an answer.json
    *(DESCRIPTION, "ids.npy", "ids.json"),
    *("codes.lance", "codes.faiss", "codes.faiss.json", "codes.usearch"),
    *("codes.tsv", "load.sql", "query.sql"),
    *("mapping.json", "bulk-*.ndjson", "query-exact.json", "query-knn.json"),
    *("load.sh", "answer.json"),
)


@contextmanager
def new_folder(address: Address) -> Iterator[Path]:
    """Yield a folder to fill; it gets its name when the block ends without an error.

    A store that quantal wrote before is replaced; anything else at that path is refused.

    Raises:
        ParameterError: Something else stands there, or the folder cannot be written.
    """
    target = Path(address.place)
    require_replaceable(address)
    # Not the process id: in a container that is the same in every run, killed ones too.
    partial = target.absolute().with_name(f".{target.name}.{secrets.token_hex(8)}.partial")
    with explained(target):
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        try:
            yield partial
            _flush(partial)
            _swap(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def require_replaceable(address: Address) -> None:
    """Raise ParameterError if something stands at the path that quantal has not written there."""
    target = Path(address.place)
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise ParameterError(f"{target} is a file or a link. Name a folder for {address.store}.")
    names = sorted(path.name for path in target.iterdir())
    if names and not is_description(_head(target / DESCRIPTION)):
        raise ParameterError(
            f"{target} is a folder that quantal did not write. Choose another path, or delete it."
        )
    others = [name for name in names if not any(fnmatchcase(name, own) for own in WRITTEN)]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise ParameterError(
            f"{target} also holds {others[0]!r}{more}, which quantal did not write and would "
            "delete. Move it elsewhere, or choose another path."
        )


def read_description(address: Address) -> StoreDescription:
    """Read the description in a folder.

    Raises:
        FileFormatError: There is none, or not one of this store.
    """
    folder = Path(address.place)
    if not folder.is_dir():
        raise FileFormatError(
            f"{address} is not a folder. Check the path, or write it: quantal store CODES --to "
            f"{address}"
        )
    return StoreDescription.from_json(_head(folder / DESCRIPTION), str(address), address.store)


def write_description(folder: Path, description: StoreDescription) -> None:
    """Write the description, the last file of a folder."""
    (folder / DESCRIPTION).write_bytes(description.to_json())


def require_checksums(address: Address, description: StoreDescription, *names: str) -> None:
    """Raise FileFormatError unless files are what the description says they are."""
    for name in names:
        path = Path(address.place) / name
        if not path.is_file() or file_sha256(path) != description.sha256.get(name):
            raise FileFormatError(
                f"{path} is missing or differs from what {DESCRIPTION} says it is. Restore the "
                "file, or write the codes again."
            )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError:
        return b""


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _swap(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.replace(target)
        return
    retired = partial.with_suffix(".old")  # a full folder cannot be renamed over
    target.replace(retired)
    try:
        partial.replace(target)
    except BaseException:
        retired.replace(target)
        raise
    shutil.rmtree(retired, ignore_errors=True)
