"""Whose edits a file holds: fingerprints of the model and of the data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ...data import Dataset
from ...errors import ParameterError
from ...estimators import data_fingerprint


def identity_of(model: Any, data: Dataset) -> dict[str, str]:
    """Return names and fingerprints of a model and its data, as a file of edits keeps them.

    The model's fingerprint covers all that it learned; the data's covers their shape, all ids, and
    the numbers that `data_fingerprint` reads (texts without vectors: every text).

    Args:
        model: a fitted estimator.
        data: its rows.
    """
    return {
        "model_name": type(model).__name__,
        "model": _model_digest(model),
        "data_name": f"{data.name}, {len(data):,} rows",
        "data": _data_digest(data),
    }


def require_same(path: Path, found: dict[str, str], given: dict[str, str]) -> None:
    """Raise unless a file of edits belongs to this model and these data.

    Args:
        path: the file.
        found: what the file says.
        given: `identity_of` the model and data at hand.

    Raises:
        ParameterError: It belongs to another model, or to other data.
    """
    for part, what in (("data", "other data"), ("model", "another model")):
        if found.get(part) != given[part]:
            theirs, ours = found.get(f"{part}_name", "unknown"), given[f"{part}_name"]
            raise ParameterError(
                f"{path} holds edits of {what} ({theirs}; fingerprint {found.get(part, '')[:12]}) "
                f"than these ({ours}; fingerprint {given[part][:12]}). Open what it belongs to, or "
                "choose another file for the edits."
            )


def _model_digest(model: Any) -> str:
    artifact = model.to_artifact()
    digest = hashlib.sha256(type(model).__name__.encode())
    for name, tensor in sorted(artifact.tensors.items()):
        array = np.ascontiguousarray(tensor.detach().cpu().numpy())
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _data_digest(data: Dataset) -> str:
    digest = hashlib.sha256(json.dumps(data_fingerprint(data.x), sort_keys=True).encode())
    for names in (data.ids, data.texts if data.n_features == 0 else None):
        for name in names if names is not None else ():
            digest.update(str(name).encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()
