"""Files that appear whole or not at all: written under another name, flushed, renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ParameterError


@contextmanager
def partial_file(path: Path) -> Iterator[Path]:
    """Yield a name beside ``path`` to write to; whatever is left there is removed at the end.

    Raises:
        ParameterError: The folder or the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ParameterError(
            f"{path} cannot be written ({error.strerror or error}). Choose another path, or make "
            "room."
        ) from None


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
