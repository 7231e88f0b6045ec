"""Tensors in a safetensors file, written whole or not at all and distrusted when read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..data.memory_ceiling import require_memory
from ..errors import FileFormatError

MAX_HEADER_BYTES = 1 << 20
MAX_TENSORS = 4096
MAX_RANK = 8
MAX_FILE_BYTES = 16 << 30
DTYPES = {"F32": 4, "F64": 8, "BF16": 2, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write tensors to ``path`` under a temporary name, then rename."""
    payload = save({name: t.detach().cpu().contiguous() for name, t in tensors.items()})
    write_bytes(path, payload)


def write_bytes(path: Path, payload: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file after checking its header against the file's real size.

    Raises:
        FileFormatError: Missing, a link, too large, truncated, or lying about its contents.
    """
    size = require_plain_file(path, MAX_FILE_BYTES)
    with path.open("rb") as file:
        _require_sound_header(path, file.read(8), size, file.read)
    require_memory(2 * size, str(path))  # the bytes and the tensors
    try:
        loaded: dict[str, Tensor] = load(path.read_bytes())
    except (SafetensorError, ValueError, TypeError) as error:
        raise FileFormatError(f"{path} is not a sound safetensors file: {error}.") from None
    for name, tensor in loaded.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise FileFormatError(f"{path}: tensor {name!r} holds nan or infinity.")
    return loaded


def require_plain_file(path: Path, max_bytes: int) -> int:
    """Return the size of a plain file; refuse links, absent and oversized ones."""
    if path.is_symlink():
        raise FileFormatError(f"{path} is a link; quantal only reads plain files. Copy the file.")
    if not path.is_file():
        raise FileFormatError(f"{path} is missing. Save the model again, or restore the file.")
    size = path.stat().st_size
    if size > max_bytes:
        raise FileFormatError(f"{path} holds {size} bytes, more than the {max_bytes} allowed.")
    return size


def _require_sound_header(path: Path, prefix: bytes, size: int, read: Any) -> None:
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > min(MAX_HEADER_BYTES, size - 8):
        raise FileFormatError(
            f"{path} is truncated or not a safetensors file: its header claims {length} bytes "
            f"and the file has {size}."
        )
    try:
        header = json.loads(read(length))
        entries = {k: v for k, v in header.items() if k != "__metadata__"}
        spans = [_entry_span(entry) for entry in entries.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FileFormatError(f"{path} has a damaged safetensors header.") from None
    claimed = sum(end - begin for begin, end in spans)
    if len(entries) > MAX_TENSORS or claimed != size - 8 - length:
        raise FileFormatError(
            f"{path} lies about its contents: {len(entries)} tensors of {claimed} bytes in all, "
            f"where {size - 8 - length} follow the header."
        )


def _entry_span(entry: dict[str, Any]) -> tuple[int, int]:
    shape, (begin, end) = entry["shape"], entry["data_offsets"]
    count = 1
    for extent in shape:
        if not isinstance(extent, int) or extent < 0:
            raise ValueError
        count *= extent
    if len(shape) > MAX_RANK or end - begin != count * DTYPES[entry["dtype"]] or begin < 0:
        raise ValueError
    return begin, end
