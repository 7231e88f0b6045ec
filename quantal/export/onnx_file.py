"""Writing a graph as an ONNX file that says what it is, once it is shown to be right."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from safetensors.torch import save
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from ..codes.packing import BIT_ORDER
from ..data.partial_file import partial_file, publish
from ..errors import ParameterError, require_extra
from .graph_of_model import graph_of, method_of
from .parity import Parity, measured_parity

OPSET = 17  # of 2022: every runtime of the last years has it
RANDOM_ROWS = 1000
MOST_ROWS = 10_000  # of the given ones, spread evenly
INPUT = "rows"


def export_onnx(model: Any, path: str | Path, *, check: ArrayLike | None = None) -> Parity:
    """Write a fitted model, its pre-processing included, as one ONNX graph.

    The input ``rows`` is float32, shape (n, d), or (n, h, w) or (n, h, w, c) where the model was
    fitted on images, for any n: values as the user has them. The outputs are ``probabilities``
    (n, n_clusters) float32 and ``labels`` (n,) int64 of clusterers (``embeddings`` in place of
    probabilities for `JULE` and `AutoencoderKMeans`, which have none), ``bits`` (n, n_bits) and
    ``codes`` (n, ceil(n_bits / 8)), both uint8, of hashers. The file's metadata name method, sizes,
    order of bits, version of quantal and the model's fingerprint. All is computed in float32, the
    scaling in float64.

    The file is compared with the library under onnxruntime before it appears.

    Args:
        model: fitted; of one of `exportable_methods`.
        path: the file, which ends in ``.onnx``; one there is replaced.
        check: what ``predict`` takes, to compare on at most 10,000 of its rows, spread evenly;
            None: 1,000 random ones.

    Returns:
        How many rows were compared, and how far apart the two are: probabilities at most 1e-4;
        labels and bits are equal but where the next best is within rounding.

    Raises:
        NotFittedError: The model is not fitted.
        ParameterError: The method has no graph, or the path cannot be written.
        DataError: ``check`` cannot be used: no rows, rows of another width, nan.
        QuantalError: The graph does not agree with the library; no file is left.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    target = Path(path)
    if target.suffix.lower() != ".onnx":
        raise ParameterError(f"{target} does not end in .onnx. Name the file FILE.onnx.")
    method = method_of(model)
    check_is_fitted(model)
    onnx: Any = require_extra("onnx", "onnx")
    require_extra("onnxruntime", "onnx")
    shape = model.image_shape_ or (int(model.n_features_in_),)
    if check is None:
        rows = random_rows(model, RANDOM_ROWS)
    else:
        rows = _spread(model._read(check, reset=False))
    graph = graph_of(model)
    with partial_file(target) as partial:
        _trace(graph, shape, partial)
        written = onnx.load(partial)
        _describe(onnx, written, _metadata(model, method))
        onnx.checker.check_model(written)
        onnx.save(written, partial)
        parity = measured_parity(model, graph, partial, rows.reshape(len(rows), *shape))
        publish(partial, target)
    return parity


def random_rows(model: Any, n: int) -> NDArray[np.float32]:
    """Return rows in the model's own units, shape (n, d): normal about the centre of its fit."""
    d = int(model.n_features_in_)
    center, unit = np.zeros(d), np.ones(d)
    embedder = getattr(model, "embedder_", None)
    preparation = embedder.preparation if embedder else getattr(model, "preparation_", None)
    if preparation is not None:
        center[preparation.order] = preparation.center
        unit[preparation.order] = preparation.unit
    elif hasattr(model, "center_"):
        center = model.center_
        unit = np.full(d, float(np.abs(center).mean()) or 1.0)
    generator = np.random.default_rng(0)
    return (center + unit * generator.standard_normal((n, d))).astype(np.float32)


def _spread(rows: Any) -> NDArray[np.float32]:
    n = int(rows.shape[0])
    chosen = np.unique(np.linspace(0, n - 1, min(n, MOST_ROWS)).astype(np.int64))
    part = rows[chosen]
    dense = part if isinstance(part, np.ndarray) else part.toarray()
    return np.ascontiguousarray(dense, np.float32)


def _trace(graph: Any, shape: tuple[int, ...], path: Path) -> None:
    """Write a module as ONNX by following two rows through it."""
    example = torch.zeros(2, *shape)
    names = list(graph.outputs)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of PyTorch's to itself: see docs/decisions/013
        torch.onnx.export(
            graph,
            (example,),
            str(path),
            input_names=[INPUT],
            output_names=names,
            dynamic_axes={name: {0: "n"} for name in (INPUT, *names)},
            opset_version=OPSET,
            dynamo=False,
        )


def _metadata(model: Any, method: str) -> dict[str, str]:
    artifact = model.to_artifact()
    weights = save({k: t.detach().cpu().contiguous() for k, t in artifact.tensors.items()})
    values = {
        "quantal": __version__,
        "quantal.method": method,
        "quantal.model": f"{method} {hashlib.sha256(weights).hexdigest()[:16]}",
        "quantal.features": str(int(model.n_features_in_)),
    }
    if hasattr(model, "n_bits"):
        values |= {"quantal.bits": str(int(model.n_bits)), "quantal.bit_order": BIT_ORDER}
    else:
        n = getattr(model, "n_clusters_", None) or model.n_clusters
        values["quantal.clusters"] = str(int(n))
    if hasattr(model, "reader_"):
        values["quantal.reader"] = json.dumps(model.reader_, default=str)
    return values


def _describe(onnx: Any, written: Any, metadata: dict[str, str]) -> None:
    written.producer_name, written.producer_version = "quantal", __version__
    onnx.helper.set_model_props(written, metadata)
