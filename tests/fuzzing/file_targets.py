"""Small valid files of what quantal writes itself, and of the labels and pairs that users write."""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from quantal.cli.pair_files import read_pair_file, row_pairs
from quantal.cli.truth_files import read_labels
from quantal.codes import CodeIndex, read_codes, write_codes
from quantal.networks import MLP
from quantal.training import Plan, Run
from quantal.training.checkpoint import Checkpoints, restore_run

from .data_targets import npy, npz, parquet
from .model_targets import harmed
from .verdict import Target

CODES = np.random.default_rng(0).integers(0, 256, (9, 2), dtype=np.uint8)
CODES[:, 1] &= 0x0F  # 12 bits: the rest of the second byte is padding
NAMES = [f"row {i}" for i in range(9)]
STATE, TENSORS = "step-000000000007/state.json", "step-000000000007/state.safetensors"


@cache
def written(name: str, kind: str) -> dict[str, bytes]:
    """Write codes, and return what is in the folder then."""
    ids = {"strings": NAMES, "integers": np.arange(9) * 7, "none": None}[kind]
    with tempfile.TemporaryDirectory() as place:
        write_codes(Path(place) / name, CODES, 12, ids=ids, method="itq")
        return {path.name: path.read_bytes() for path in Path(place).iterdir()}


def codes(name: str, kind: str) -> Target:
    def read(folder: Path) -> None:
        found = read_codes(folder / name)
        assert found.packed.shape == (len(found), -(-found.n_bits // 8))
        assert found.packed.dtype == np.uint8
        assert found.ids is None or len(found.ids) == len(found)
        int(found.packed.sum())

    return Target(f"{kind} {name}", written(name, kind), read)


@cache
def index_files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as place:
        index = CodeIndex(16, "flat")
        index.add(CODES)
        index.save(Path(place) / "codes.index")
        return {path.name: path.read_bytes() for path in Path(place).iterdir()}


def index() -> Target:
    """Return an index of faiss, with the hash that its description must have."""

    def vouched(parts: dict[str, bytes]) -> dict[str, bytes]:
        try:
            description = json.loads(parts["codes.index.json"])
            description["sha256"] = hashlib.sha256(parts["codes.index"]).hexdigest()
        except (ValueError, TypeError, RecursionError):
            return parts
        return {**parts, "codes.index.json": json.dumps(description).encode()}

    def read(folder: Path) -> None:
        found = CodeIndex.load(folder / "codes.index")
        found.search(CODES[:2], 3)

    return Target("codes.index", index_files(), read, pack=vouched, harm=harmed)


def run() -> Run:
    """Make a run that has not begun."""
    generator = torch.Generator().manual_seed(0)
    network = MLP(3, (4,), 2, generator)

    def step(rows: Any) -> dict[str, torch.Tensor]:
        return {"total": network(torch.ones(4, 3)).square().mean()}

    return Run(network, step, Plan(8, 2, 4, 0.01), generator, [])


@cache
def checkpoint_files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as place:
        started = run()
        started.progress.step = 7
        started.train()
        started.progress.step = 7
        Checkpoints(Path(place), "owner", 0).write(started)
        found = [path for path in Path(place).rglob("*") if path.is_file()]
        return {str(path.relative_to(place)): path.read_bytes() for path in found}


def checkpoint() -> Target:
    def vouched(parts: dict[str, bytes]) -> dict[str, bytes]:
        try:
            state = json.loads(parts[STATE])
            state["sha256"] = hashlib.sha256(parts[TENSORS]).hexdigest()
        except (ValueError, TypeError, RecursionError):
            return parts
        return {**parts, STATE: json.dumps(state).encode()}

    def read(folder: Path) -> None:
        found = Checkpoints(folder, "owner", 1).latest()
        if found is not None:
            resumed = run()
            restore_run(resumed, found[0], found[1]["progress"])
            assert resumed.progress.step >= 0

    return Target(
        "checkpoint", checkpoint_files(), read, named="heckpoint", pack=vouched, harm=harmed
    )


def labels(name: str, content: bytes) -> Target:
    def read(folder: Path) -> None:
        found = read_labels(str(folder / name))
        assert found.values.ndim == 1
        assert found.ids is None or len(found.ids) == len(found.values)

    return Target(f"labels {name}", {name: content}, read)


def pairs(name: str, content: bytes) -> Target:
    def read(folder: Path) -> None:
        columns = read_pair_file(folder / name)
        found = row_pairs(columns, NAMES, name)
        assert len({len(column) for column in found}) == 1

    return Target(f"pairs {name}", {name: content}, read)


y = np.array([0, 1, 2, 1, 0])
pairs_table = np.array([[0, 1, 1], [2, 3, 0], [4, 5, 1]])
named_pairs = b"a,b,same\nrow 0,row 1,1\nrow 2,row 3,0\n"
label_table = pa.table({"id": ["a", "b", "c"], "label": [1, 2, 1], "probability": [0.5, 0.4, 0.9]})
TARGETS: tuple[Target, ...] = (
    *(codes("codes.npy", kind) for kind in ("strings", "integers", "none")),
    *(codes("codes.parquet", kind) for kind in ("strings", "integers", "none")),
    checkpoint(),
    labels("y.npy", npy(y)),
    labels("y.npz", npz(y=y, x=np.zeros((5, 2)))),
    labels("y.csv", b"id,label\na,1\nb,2\nc,1\n"),
    labels("y.tsv", b"1\n2\n1\n"),
    labels("y.parquet", parquet(label_table)),
    pairs("p.npy", npy(pairs_table)),
    pairs("p.csv", b"0,1,1\n2,3,0\n4,5,1\n"),
    pairs("named.csv", named_pairs),
    pairs("p.parquet", parquet(pa.table({"a": [0, 2], "b": [1, 3], "s": [1, 0]}))),
    index(),
)
