"""What every worker must know to process any shard, and what it says afterwards."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from .shards import Columns, Shard

TASKS = ("encode", "predict")
KEY = b"quantal shard"


@dataclass(frozen=True)
class Job:
    """One folder to be turned into another; the same for all shards.

    Attributes:
        task: "encode" or "predict".
        model_folder: Where the model lies, as every worker sees it.
        maker: Method and fingerprint of the model.
        device: Type of the device that the model runs on, "cpu" or "cuda".
        source: Input folder.
        out: Output folder.
        columns: What is read.
    """

    task: str
    model_folder: str
    maker: str
    device: str
    source: str
    out: str
    columns: Columns

    def mark(self, shard: Shard) -> bytes:
        """Return what a finished output says of its origin: it tells a shard of another run."""
        values = {
            "task": self.task,
            "model": self.maker,
            "device": self.device,
            "columns": asdict(self.columns),
            "input": [shard.name, shard.n_bytes, shard.fingerprint],
        }
        return json.dumps(values, sort_keys=True).encode()

    def output(self, shard: Shard) -> Path:
        """Return where the result of a shard goes."""
        return Path(self.out) / shard.name

    def is_finished(self, shard: Shard) -> bool:
        """Tell whether a sound output of this very shard is there."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.output(shard)
        if not path.is_file():
            return False
        try:
            with pq.ParquetFile(path) as file:
                metadata = file.schema_arrow.metadata or {}
                n_rows = int(file.metadata.num_rows)
        except (pa.ArrowException, OSError, EOFError):
            return False
        return n_rows == shard.n_rows and metadata.get(KEY) == self.mark(shard)


@dataclass(frozen=True)
class Outcome:
    """What became of a shard.

    Attributes:
        name: The shard.
        damage: Why its rows cannot be used; the other shards go on.
        fatal: Why no shard can be processed: the model is another, the disk is full.
    """

    name: str
    damage: str | None = None
    fatal: str | None = None


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A fitted model with what tells it from others.

    Attributes:
        model: The estimator.
        maker: Method and fingerprint, as files of codes state it.
        device: Type of the device that it runs on.
    """

    model: Any
    maker: str
    device: str


def load_model(folder: Path, task: str) -> LoadedModel:
    """Load a model that can do ``task`` to rows it has not seen.

    Raises:
        FileFormatError: The folder is no sound model.
        ParameterError: The model gives codes where labels are wanted, or the reverse, or labels
            only the rows of its fit.
    """
    from ..catalog import HASHERS, METHODS, load
    from ..training import read_artifact
    from ..training.artifact import FILES

    model = load(folder)
    makes_codes = type(model) in HASHERS.values()
    name = type(model).__name__
    if makes_codes != (task == "encode"):
        gives, use = ("hash codes", "encode") if makes_codes else ("cluster labels", "predict")
        raise ParameterError(
            f"{folder} holds {name}, which makes {gives}. Use: quantal {use} {folder} FOLDER"
        )
    if not makes_codes and not hasattr(model, "predict"):
        raise ParameterError(
            f"{folder} holds {name}, which labels only the rows that it was fitted on. Choose a "
            "method that labels new rows: imsat, rim, iic, landmark-spectral."
        )
    method = next(key for key, known in METHODS.items() if known is type(model))
    digest = read_artifact(folder).manifest["sha256"][FILES[1]]
    device = getattr(model, "_device", None)
    return LoadedModel(model, f"{method} {digest[:16]}", "cpu" if device is None else device.type)
