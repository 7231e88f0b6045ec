"""Small valid files of every kind that `quantal.data` reads."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
from PIL import Image

from quantal.data import open_source

from .verdict import Target, require_sound_rows

ROWS = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
BYTES = np.random.default_rng(1).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
TEXTS = ("alpha beta gamma", "beta gamma delta", "gamma delta alpha epsilon")
IMAGES = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")


def opened(name: str, **options: Any) -> Callable[[Path], None]:
    """Return what opens the file ``name`` of a folder and looks at all of it."""

    def read(folder: Path) -> None:
        dataset = open_source(folder / name, **options)
        if dataset.kind == "text":
            assert all(isinstance(text, str) for text in dataset.texts)
            assert len(dataset.texts) == len(dataset.ids) == len(dataset)
        else:
            require_sound_rows(dataset.x, dataset.ids)
        json.dumps(dataset.reader)

    return read


def npy(array: Any, *, fortran: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asfortranarray(array) if fortran else array, allow_pickle=False)
    return stream.getvalue()


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def zipped(name: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what puts damaged members into a sound archive, past its checksums."""

    def pack(parts: dict[str, bytes]) -> dict[str, bytes]:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in parts.items():
                archive.writestr(member, content)
        return {name: stream.getvalue()}

    return pack


def compressed(parts: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(content, 1, mtime=0) for name, content in parts.items()}


def sparse() -> bytes:
    stream = io.BytesIO()
    sp.save_npz(stream, sp.csr_array(np.where(ROWS > 0, ROWS, 0)))
    return stream.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def parquet(table: Any, **settings: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **settings)
    return stream.getvalue()


def columns() -> Any:
    named = {f"c{i}": ROWS[:, i] for i in range(3)}
    return pa.table({"id": [f"r{i}" for i in range(7)], **named, "n": np.arange(7)})


def lists() -> Any:
    return pa.table({"x": pa.array(ROWS.tolist(), pa.list_(pa.float32()))})


def csv(separator: str = ",", header: bool = True) -> bytes:
    lines = [separator.join(f"{value:.4g}" for value in row) for row in ROWS]
    return "\n".join([separator.join(("id", "b", "c"))] * header + lines).encode() + b"\n"


def hdf5() -> bytes:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_dataset("x", data=ROWS, chunks=(2, 3), compression="gzip")
        file.create_dataset("group/other", data=ROWS[0])
    return stream.getvalue()


def vectors(array: Any) -> bytes:
    heads = np.full((len(array), 1), array.shape[1], "<i4").view("u1")
    return np.hstack([heads, np.ascontiguousarray(array).view("u1")]).tobytes()


def image(array: Any, kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind)
    return stream.getvalue()


def folder_of_images() -> Target:
    suffixes = {"JPEG": "jpg", "TIFF": "tif"}
    files = {"pictures/whole.png": image(BYTES[0], "PNG")}
    for number, kind in enumerate(IMAGES):
        name = f"pictures/deep/{number}.{suffixes.get(kind, kind.lower())}"
        files[name] = image(BYTES[number % len(BYTES)], kind)
    read = opened("pictures", image_size=4, skip_unreadable=True)
    return Target("images", files, read, named="pictures")


def jsonl() -> bytes:
    return b"".join(
        json.dumps({"id": f"d{i}", "text": text, "n": i}).encode() + b"\n"
        for i, text in enumerate(TEXTS)
    )


def _plain(name: str, content: bytes, **options: Any) -> Target:
    return Target(name, {name: content}, opened(name, **options))


ints = np.arange(21, dtype=np.int64).reshape(7, 3)
archive = npz(x=ROWS, other=ROWS[0], y=np.arange(7) % 2)
QUICK = (
    _plain("rows.npy", npy(ROWS)),
    _plain("columns.npy", npy(ROWS.astype(">f8"), fortran=True)),
    _plain("whole.npy", npy(ints)),
    _plain("pictures.npy", npy(BYTES)),
    _plain("one.npy", npy(ROWS[:1]), like="vectors"),
    _plain("rows.fvecs", vectors(ROWS.astype("<f4"))),
    _plain("rows.bvecs", vectors(BYTES.reshape(5, -1))),
    _plain("rows.ivecs", vectors(ints.astype("<i4"))),
    _plain("docs.txt", "\n".join(TEXTS).encode()),
    _plain("docs.jsonl", jsonl()),
)
PACKED = (
    _plain("rows.npz", archive),
    Target("inner.npz", members(archive), opened("inner.npz"), "inner.npz", zipped("inner.npz")),
    _plain("sparse.npz", sparse()),
    Target(
        "insparse.npz",
        members(sparse()),
        opened("insparse.npz"),
        "insparse.npz",
        zipped("insparse.npz"),
    ),
    _plain("docs.txt.gz", gzip.compress("\n".join(TEXTS).encode(), mtime=0)),
    Target("docs.jsonl.gz", {"docs.jsonl": jsonl()}, opened("docs.jsonl.gz"), pack=compressed),
)
TABLES = (
    _plain("rows.csv", csv()),
    _plain("rows.tsv", csv("\t", header=False)),
    _plain("semicolons.csv", csv(";").replace(b".", b",")),
    _plain("chosen.csv", csv(), columns=["c"], drop=["b"]),
    _plain("rows.parquet", parquet(columns())),
    _plain("packed.parquet", parquet(columns(), compression="zstd", row_group_size=3)),
    _plain("lists.parquet", parquet(lists())),
    _plain("dated.parquet", parquet(lists(), data_page_version="2.0", use_dictionary=True)),
)
FOREIGN = (_plain("rows.h5", hdf5()), folder_of_images())
TARGETS = QUICK + PACKED + TABLES + FOREIGN
