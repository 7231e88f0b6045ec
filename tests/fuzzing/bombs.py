"""Files that are small and claim, or unpack to, far more than a process may hold."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .model_targets import CONFIG, MANIFEST, WEIGHTS, model

MIB = 1 << 20


def write_bombs(folder: Path) -> None:
    """Write one file or folder of each kind; names say what they do."""
    (folder / "rows.npy").write_bytes(claiming(999_999_999_999, 3) + bytes(84))
    (folder / "empty.npy").write_bytes(claiming(0, 1 << 62))
    with (folder / "holes.npy").open("wb") as file:  # a terabyte of nothing
        file.write(claiming(1 << 37, 2))
        file.truncate(file.tell() + (1 << 40))
    _archives(folder)
    _tables(folder)
    _documents(folder)
    (folder / "wide.fvecs").write_bytes(struct.pack("<i", 1 << 20) + bytes(64))
    _picture(folder, 30_000, 1, "many")
    _picture(folder, 9_400, 8, "most")  # below Pillow's limit, and 252 MiB in colour
    _models(folder)


def claiming(*shape: int) -> bytes:
    """Return the header of a float32 array of any shape."""
    stream = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def _archives(folder: Path) -> None:
    zeros = claiming(300 * MIB // 12, 3) + bytes(300 * MIB)
    with zipfile.ZipFile(folder / "zeros.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("x.npy", zeros)
    with zipfile.ZipFile(folder / "many.npz", "w") as file:
        for number in range(2000):
            file.writestr(f"a{number}.npy", claiming(9, 9) + bytes(4))
    members = {
        "format": np.array(b"csr"),
        "shape": np.array([2, 1 << 50]),
        "data": np.ones(2, np.float32),
        "indices": np.array([0, 1]),
        "indptr": np.array([0, 1, 2]),
    }
    np.savez(folder / "sparse.npz", **members)


def _tables(folder: Path) -> None:
    constant = pa.array(np.zeros(MIB, np.float32))
    columns = pa.table({f"c{i}": constant for i in range(85)})
    pq.write_table(columns, folder / "constant.parquet", row_group_size=MIB)
    import h5py

    with h5py.File(folder / "claimed.h5", "w") as file:
        file.create_dataset("x", shape=(1 << 40, 64), dtype="f4", chunks=(1024, 64))


def _documents(folder: Path) -> None:
    (folder / "line.txt.gz").write_bytes(gzip.compress(b"a" * (100 * MIB), 1))
    lines = b"".join(b"%05d\n" % number for number in range(100_000))
    (folder / "lines.txt.gz").write_bytes(gzip.compress(lines * 40, 1))
    nested = b'{"text": ' + b"[[]," * (5 * MIB) + b"[]" + b"]" * 9 + b"}\n"
    (folder / "nested.jsonl.gz").write_bytes(gzip.compress(nested, 1))


def _picture(folder: Path, side: int, depth: int, name: str) -> None:
    """Write a white PNG of side x side points row by row."""
    (folder / name).mkdir()
    packer, row = zlib.compressobj(1), b"\x00" + b"\xff" * (side * depth // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, depth, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, content in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b"")):
        check = zlib.crc32(kind + content)
        parts.append(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check))
    (folder / name / "picture.png").write_bytes(b"".join(parts))


def _models(folder: Path) -> None:
    def save(name: str, weights: bytes, config: bytes | None = None, size: int = 0) -> None:
        parts = dict(model("RIM"))
        parts[WEIGHTS], parts[CONFIG] = weights, config or parts[CONFIG]
        manifest = json.loads(parts[MANIFEST])
        for part in (CONFIG, WEIGHTS):
            manifest["sha256"][part] = hashlib.sha256(parts[part]).hexdigest()
        parts[MANIFEST] = json.dumps(manifest).encode()
        (folder / name).mkdir()
        for part, content in parts.items():
            (folder / name / part).write_bytes(content)
        if size:
            with (folder / name / WEIGHTS).open("r+b") as file:
                file.truncate(size)

    def header(**entry: object) -> bytes:
        text = json.dumps({"network.weights.0": {"dtype": "F32", **entry}}).encode()
        return len(text).to_bytes(8, "little") + text

    save("m-header", (1 << 62).to_bytes(8, "little") + bytes(64))
    save("m-shape", header(shape=[1 << 40, 1 << 40], data_offsets=[0, 64]) + bytes(64))
    claimed = header(shape=[1 << 30], data_offsets=[0, 1 << 32])
    save("m-holes", claimed, size=len(claimed) + (1 << 32))
    save("m-config", model("RIM")[WEIGHTS], b'{"a": [' + b"[]," * (20 * MIB) + b"[]]}")
