"""The written graph against the library, row by row."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import QuantalError, require_extra
from .hash_graphs import HASHED

BATCH = 1000
PROBABILITY_BOUND = 1e-4  # absolute; also of the lead that a label may lose to rounding
RELATIVE_BOUND = 1e-4  # of embeddings and of scores, in units of their largest entry


@dataclass(frozen=True)
class Parity:
    """How far the graph is from the library on the same rows.

    Attributes:
        n_rows: Rows compared.
        output: What is compared by size: "probabilities", "embeddings", or "bits".
        max_difference: Largest difference of an entry; of bits 0 or 1.
        n_ties: Labels or bits that differ because the two best clusters, or the two values of the
            bit, are within rounding of each other.
    """

    n_rows: int
    output: str
    max_difference: float
    n_ties: int


def measured_parity(model: Any, graph: nn.Module, path: Path, rows: NDArray[np.float32]) -> Parity:
    """Run the file on rows in a batch of 1 and in batches of 1,000, and compare with the library.

    Args:
        model: the fitted model.
        graph: its graph, for the scores of bits that differ.
        path: the file.
        rows: as the graph takes them, at least one.

    Raises:
        QuantalError: They differ by more than rounding.
        MissingExtraError: onnxruntime is not installed.
    """
    first, second = _run(path, rows)
    model = _without_column_names(model)
    rows = np.concatenate([rows[:1], rows])  # the first one alone, then all
    names: tuple[str, str] = graph.outputs  # type: ignore[assignment]
    flat = rows.reshape(len(rows), -1)
    if names == HASHED:
        return _of_bits(model, graph, rows, first, second)
    library = _in_float32(model)
    if names[0] == "probabilities":
        wanted, labels = library.predict_proba(flat), library.predict(flat)
        bound = PROBABILITY_BOUND
    else:
        wanted, labels = library.transform(flat), library.predict(flat)
        bound = RELATIVE_BOUND * float(np.abs(wanted).max())
    difference = float(np.abs(first - wanted).max())
    _require(difference <= bound, f"{names[0]} differ by {difference:.3g}, more than {bound:.3g}")
    differ = np.flatnonzero(second != labels)
    lead = _leads(library, wanted[differ], labels[differ], second[differ])
    _require(
        bool((lead <= 2 * bound).all()),
        f"labels of {len(differ)} of {len(rows)} rows differ",
    )
    return Parity(len(rows) - 1, names[0], difference, len(differ))


def _run(path: Path, rows: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
    runtime: Any = require_extra("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # its hints are not the user's
    graph = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    parts = [rows[:1], *(rows[start : start + BATCH] for start in range(0, len(rows), BATCH))]
    results = [graph.run(None, {"rows": part}) for part in parts]
    first, second = (np.concatenate(values) for values in zip(*results, strict=True))
    return first, second


def _of_bits(
    model: Any, graph: Any, rows: NDArray[np.float32], bits: NDArray[Any], codes: NDArray[Any]
) -> Parity:
    wanted = model.transform(rows.reshape(len(rows), -1))
    packed = np.packbits(bits, axis=1, bitorder="little")
    _require(np.array_equal(packed, codes), "codes are not the packed bits")
    differ = bits != wanted
    if differ.any():
        with torch.no_grad():
            scores = graph.scores(torch.from_numpy(rows)).numpy()
        near = np.abs(scores) <= RELATIVE_BOUND * np.abs(scores).max(axis=0)
        _require(bool(near[differ].all()), f"{int(differ.sum())} of {differ.size} bits differ")
    return Parity(len(rows) - 1, "bits", float(differ.any()), int(differ.sum()))


def _without_column_names(model: Any) -> Any:
    """Return the model as fitted on an array: the rows, already checked, are one."""
    nameless = copy.copy(model)
    vars(nameless).pop("feature_names_in_", None)
    return nameless


def _in_float32(model: Any) -> Any:
    """Return the model as it predicts in float32: some take bfloat16 where that is fast."""
    library = copy.copy(model)
    library._dtype = torch.float32
    return library


def _leads(
    library: Any, values: NDArray[Any], ours: NDArray[Any], theirs: NDArray[Any]
) -> NDArray[Any]:
    """Return by how much the library's label leads the graph's, in the unit of ``values``."""
    if hasattr(library, "predict_proba"):
        every = np.arange(len(values))
        return np.asarray(values[every, ours] - values[every, theirs])
    return np.array(
        [
            _distance(library, row, label) - _distance(library, row, own)
            for row, own, label in zip(values, ours, theirs, strict=True)
        ]
    )


def _distance(library: Any, row: NDArray[Any], label: int) -> float:
    """Return the distance of an embedding to the nearest thing that has this label."""
    if hasattr(library, "cluster_centers_"):
        near = library.cluster_centers_[[label]]
    else:
        near = library.embeddings_[library.labels_ == label]
    return float(np.sqrt(np.square(near - row).sum(axis=1, dtype=np.float64)).min())


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise QuantalError(
            f"The ONNX graph does not agree with the library: {what}. No file was written; this "
            "is a bug in quantal or in the ONNX runtime, please report it."
        )
