"""`.npy` files as memory maps and `.npz` archives, without pickle and without trusting headers."""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from ..errors import DataError, FileFormatError
from .array_choice import ArrayInfo, choose_array
from .arrays import array_dataset
from .dataset import Dataset
from .memory_ceiling import require_memory
from .options import Options
from .sparse_files import MEMBERS, sparse_rows

# What zipfile, numpy and scipy raise for archives cut short, encrypted or with members missing.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, KeyError)


@dataclass(frozen=True)
class NpyHeader:
    """What the header of one ``.npy`` stream says."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    data_start: int

    @property
    def data_bytes(self) -> int:
        """Bytes that the array must take."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(stream: IO[bytes], what: str) -> NpyHeader:
    """Read and check the header at the start of ``stream``.

    Raises:
        FileFormatError: Not an ``.npy`` header, or one that describes no array of numbers.
    """
    try:
        version = npy_format.read_magic(stream)
        read = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}
        if version not in read:
            raise ValueError(f"version {version} of the format")
        shape, fortran_order, dtype = read[version](stream)
    except Exception as error:  # numpy evaluates the text: tokenizer, syntax, type errors and more
        reason = str(error).partition("\n")[0]
        raise FileFormatError(
            f"{what} is not a readable .npy file ({reason}). Write it again with numpy.save."
        ) from None
    if dtype.hasobject:
        raise FileFormatError(
            f"{what} holds Python objects, which only pickle could read, and quantal never loads "
            "pickles. Save numbers: numpy.save(path, np.asarray(rows, dtype='float32'))."
        )
    if any(size < 0 for size in shape):
        raise FileFormatError(f"{what} says it has shape {shape}. Write it again with numpy.save.")
    return NpyHeader(tuple(int(s) for s in shape), fortran_order, dtype, stream.tell())


def read_npy(path: Path, options: Options) -> Dataset:
    """Open an ``.npy`` file as a read-only memory map; the rows stay on disk."""
    return array_dataset(map_npy(path), path.stem, options, what=path.name)


def map_npy(path: Path) -> NDArray[Any]:
    """Map the array of an ``.npy`` file, whose length must be what its header says.

    Raises:
        FileFormatError: Not such a file, truncated, of objects, or with more behind it.
    """
    with path.open("rb") as stream:
        header = read_npy_header(stream, path.name)
    held = path.stat().st_size - header.data_start
    if held != header.data_bytes:
        fault = "is truncated" if held < header.data_bytes else "holds more than one array"
        raise FileFormatError(
            f"{path.name} {fault}: its header says shape {header.shape} of {header.dtype}, "
            f"{header.data_bytes} bytes, but {held} bytes follow. Write it again with numpy.save."
        )
    if header.data_bytes == 0:  # the system cannot map nothing
        return np.empty([min(size, 1) for size in header.shape], header.dtype)
    order = "F" if header.fortran_order else "C"
    x: NDArray[Any] = np.memmap(path, header.dtype, "r", header.data_start, header.shape, order)  # type: ignore[call-overload]
    return x


def npz_headers(path: Path) -> dict[str, NpyHeader]:
    """Return what the arrays of an ``.npz`` archive say they are, by name; nothing is unpacked.

    Raises:
        FileFormatError: A damaged archive, or one of objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _member_headers(archive, path.name)
    except _DAMAGED as error:
        raise _damaged(path, error) from None


def read_npz(path: Path, options: Options) -> Dataset:
    """Read one array of an ``.npz`` archive, or a matrix saved by ``scipy.sparse.save_npz``."""
    headers = npz_headers(path)
    if headers.keys() >= MEMBERS and not headers["format"].shape:
        return array_dataset(_load_sparse(path, headers), path.stem, options, what=path.name)
    infos = [ArrayInfo(key, header.shape, header.dtype.kind) for key, header in headers.items()]
    key = choose_array(infos, options.key, path.name)
    x = load_npz_array(path, key)
    what = f"{path.name}, array {key!r},"
    return array_dataset(x, path.stem, options, what=what, reader={"key": key})


def load_npz_array(path: Path, key: str) -> Any:
    """Load the array ``key`` of ``path``, its size checked before anything is allocated.

    Raises:
        DataError: No such array, or one too large for this machine.
        FileFormatError: A damaged archive, objects, or a header that lies about the size.
    """
    what = f"{path.name}, array {key!r},"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as stream:
            header = read_npy_header(stream, what)
            held = archive.getinfo(f"{key}.npy").file_size - header.data_start
            if held != header.data_bytes:
                raise FileFormatError(
                    f"{what} is damaged: its header says {header.data_bytes} bytes, but the "
                    f"archive holds {held}. Write the file again with numpy.savez."
                )
            require_memory(header.data_bytes, what)
        with np.load(path, allow_pickle=False) as arrays:
            return arrays[key]
    except KeyError:
        raise DataError(f"{path.name} holds no array {key!r}.") from None
    except (DataError, FileFormatError):
        raise
    except _DAMAGED as error:
        raise _damaged(path, error) from None


def _member_headers(archive: zipfile.ZipFile, what: str) -> dict[str, NpyHeader]:
    headers = {}
    for name in archive.namelist():
        if name.endswith(".npy"):
            with archive.open(name) as stream:
                key = name.removesuffix(".npy")
                headers[key] = read_npy_header(stream, f"{what}, array {key!r},")
    return headers


def _load_sparse(path: Path, headers: dict[str, NpyHeader]) -> Any:
    def load(key: str) -> Any:
        if key not in headers:
            raise KeyError(key)
        return load_npz_array(path, key)

    require_memory(sum(header.data_bytes for header in headers.values()), path.name)
    try:
        return sparse_rows(load, path.name)
    except KeyError as error:
        raise FileFormatError(
            f"{path.name} holds a sparse matrix without its array {error}. Write it again with "
            "scipy.sparse.save_npz."
        ) from None


def _damaged(path: Path, error: BaseException) -> FileFormatError:
    if isinstance(error, FileFormatError):
        return error
    reason = str(error).partition("\n")[0]
    return FileFormatError(
        f"{path.name} is truncated or damaged ({reason}). Write it again with numpy.savez."
    )
