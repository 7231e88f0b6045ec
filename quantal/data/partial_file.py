"""Files that appear whole or not at all: written under another name, flushed, renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ParameterError

NO_ROOM = os.strerror(errno.ENOSPC)


@contextmanager
def explained(path: Path, outlook: str = "") -> Iterator[None]:
    """Let a file or folder that cannot be written be a user's mistake.

    Args:
        path: what the user knows it by.
        outlook: a sentence on what comes after the remedy.

    Raises:
        ParameterError: The operating system refused, or a library says that the disk is full; the
            error of either is its cause.
    """
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error), outlook) from error
    except RuntimeError as error:  # what faiss and others in C++ make of it
        if NO_ROOM not in str(error):
            raise
        raise _unwritable(path, NO_ROOM, outlook) from error


def _unwritable(path: Path, reason: str, outlook: str) -> ParameterError:
    remedy = f"Choose another path, or make room. {outlook}".rstrip()
    return ParameterError(f"{path} cannot be written ({reason}). {remedy}")


@contextmanager
def partial_file(path: Path) -> Iterator[Path]:
    """Yield a name beside ``path`` to write to; whatever is left there is removed at the end.

    Raises:
        ParameterError: The folder or the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)


def publish(partial: Path, path: Path) -> None:
    """Flush ``partial`` to the disk and give it its name."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def write_whole(path: Path, payload: bytes) -> None:
    """Write a small file."""
    with partial_file(path) as partial:
        partial.write_bytes(payload)
        publish(partial, path)
