"""Descriptors of data sets that are computed again and again, kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import open_source
from ..data.memory_map import row_chunks
from ..errors import QuantalError, QuantalWarning
from .descriptors import RowDescriptor

ENVIRONMENT = "QUANTAL_CACHE"


def cache_folder() -> Path:
    """Return where descriptors are kept: in QUANTAL_CACHE, else in the user's cache folder.

    That is ``$XDG_CACHE_HOME/quantal``, else ``~/.cache/quantal``; the folder in it is "features".
    Nothing there is needed for anything but speed, so it may be deleted at any time.
    """
    base = os.environ.get(ENVIRONMENT)
    if not base:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "quantal")  # noqa: PTH118
    return Path(base).expanduser() / "features"


def cached_features(
    descriptor: RowDescriptor,
    rows: NDArray[Any] | Sequence[str],
    folder: str | Path | None = None,
    on_rows: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Return ``descriptor.transform(rows)``, computed only if it is not in the cache.

    The file's name is a hash of every pixel, their type and shape (of every text), and of the
    settings with the version of their definition; so what is found is what would be computed.

    Args:
        descriptor: Of pictures or texts.
        rows: As for its ``transform``.
        folder: Where to look and keep; default: `cache_folder`.
        on_rows: As for ``transform``.

    Returns:
        (n, n_features) float32, read-only and mapped to the file where it was found.

    Warns:
        QuantalWarning: The folder cannot be written; the descriptors are returned all the same.
    """
    place = cache_folder() if folder is None else Path(folder)
    name = descriptor.to_config()["schema"].removeprefix("quantal.").partition("/")[0]
    path = place / f"{name}-{descriptor.n_features}-{_key(descriptor, rows)}.npy"
    found = _found(path, (len(rows), descriptor.n_features))
    if found is not None:
        return found
    x = descriptor.transform(rows) if on_rows is None else descriptor.transform(rows, on_rows)
    try:
        _keep(x, path)
    except OSError as error:
        warnings.warn(
            f"{place} cannot be written ({error.strerror or error}), so features will be computed "
            f"again next time. Set {ENVIRONMENT} to a folder that can be written.",
            QuantalWarning,
            stacklevel=2,
        )
    return x


def _key(descriptor: RowDescriptor, rows: NDArray[Any] | Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(descriptor.to_config(), sort_keys=True).encode())
    for part in _pixels(rows) if isinstance(rows, np.ndarray) else _documents(rows):
        digest.update(part)
    return digest.hexdigest()[:32]


def _pixels(images: NDArray[Any]) -> Iterator[Any]:
    yield f"{images.dtype.str} {images.shape}".encode()
    for _, rows in row_chunks(images):
        yield np.ascontiguousarray(rows).data


def _documents(texts: Sequence[str]) -> Iterator[bytes]:
    """Yield each text behind its length, so that no other texts give the same bytes."""
    for text in texts:
        content = text.encode()
        yield len(content).to_bytes(8, "little") + content


def _found(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return a kept array, or None where there is none or something else lies there."""
    try:
        x: Any = open_source(path, like="vectors").x  # checks header, length and values
    except (OSError, QuantalError):
        return None
    return x if (x.shape, x.dtype) == (shape, np.float32) else None


def _keep(x: NDArray[np.float32], path: Path) -> None:
    """Write under another name and rename, so that no reader meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, x, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
