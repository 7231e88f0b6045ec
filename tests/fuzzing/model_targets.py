"""Small models of every method, whose files are damaged and then vouched for by a true manifest."""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

import quantal
from quantal.catalog import CLASSES

from .damage import KINDS, Step, damaged
from .verdict import Target

ROWS = np.random.default_rng(0).normal(size=(24, 6))
IMAGES = np.random.default_rng(1).random((24, 8, 8))
CONFIG, WEIGHTS, MANIFEST = "config.json", "weights.safetensors", "manifest.json"

QUICK = {"n_epochs": 1, "random_state": 0}
CODER = {"hidden_layer_sizes": (5,), "n_components": 2, "pretrain_iterations": 2, "n_init": 1}
SETTINGS: dict[str, dict[str, Any]] = {
    "IMSAT": {"n_clusters": 3, "hidden_layer_sizes": (5,), "n_init": 1, **QUICK},
    "RIM": {"n_clusters": 3, "n_init": 1, **QUICK},
    "IIC": {"n_clusters": 3, "hidden_layer_sizes": (5,), "n_init": 1, **QUICK},
    "JULE": {"n_clusters": 3, "n_neighbors": 3, "hidden_layer_sizes": (5,), **QUICK},
    "DEC": {"n_clusters": 3, **CODER, "max_iterations": 2, "random_state": 0},
    "AutoencoderKMeans": {"n_clusters": 3, **CODER, "random_state": 0},
    "IMSATHash": {"n_bits": 6, "hidden_layer_sizes": (5,), **QUICK},
    "RIMHash": {"n_bits": 6, **QUICK},
    "SGH": {"n_bits": 6, **QUICK},
    "DeepHash": {"n_bits": 4, "hidden_layer_sizes": (5,), **QUICK},
}
CLUSTERS = {"n_clusters": 3}
BITS = {"n_bits": 4}
# What a config might claim in place of any of its values.
JUNK: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2, 1 << 31, 1 << 62, 10**30, 0.5, -1e308, "", "x", "../../outside"),
    *(float("nan"), float("inf"), [], [[]], [1 << 60], [5] * 500, {}, {"a": 1}, "\u20ac", ["a", 2]),
    *("gist", "auto", "vectors", {"data_dir": "/"}, [[1, 2], [3]], "cuda:9", 1e-320, "a callable"),
)


@cache
def model(name: str) -> dict[str, bytes]:
    """Fit a small model and return its three files."""
    settings = SETTINGS.get(name, BITS if "n_bits" in _parameters(name) else CLUSTERS)
    rows = IMAGES if name == "IIC" else ROWS
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = CLASSES[name](**settings).fit(rows)
        fitted.reader_ = {"like": "images" if name == "IIC" else "vectors"}
        if name == "IIC":
            fitted.reader_ |= {"image_size": [8, 8], "color": "grey"}
        fitted.save(Path(place) / "m")
        return {f.name: f.read_bytes() for f in sorted((Path(place) / "m").iterdir())}


def _parameters(name: str) -> list[str]:
    return list(CLASSES[name]._get_param_names())


def used(rows: Any) -> Callable[[Path], None]:
    """Return what loads the model in a folder and asks it for everything it can give."""

    def read(folder: Path) -> None:
        found = quantal.load(folder)
        for ask in ("predict", "predict_proba", "encode"):
            if hasattr(found, ask):
                assert len(getattr(found, ask)(rows)) == len(rows)
        if hasattr(found, "labels_"):
            assert found.labels_.ndim == 1
        json.dumps(getattr(found, "reader_", {}))

    return read


def vouched(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Write the true hashes of damaged files into the manifest, as a stranger would."""
    try:
        manifest = json.loads(parts[MANIFEST])
        for name in (CONFIG, WEIGHTS):
            manifest["sha256"][name] = hashlib.sha256(parts[name]).hexdigest()
    except (ValueError, KeyError, TypeError, RecursionError):
        return parts
    return {**parts, MANIFEST: json.dumps(manifest).encode()}


def target(name: str) -> Target:
    """Return the target of one method."""
    rows = IMAGES[:3] if name == "IIC" else ROWS[:3]
    return Target(name, model(name), used(rows), named="model", pack=vouched, harm=harmed)


def harmed(name: str, content: bytes, steps: list[Step]) -> bytes:
    """Damage values rather than bytes, every other time."""
    if steps[0][0] % 2:
        return damaged(content, steps)
    change = _claimed if name.endswith(".json") else _tensors_changed
    for step in steps:
        content = change(content, step)
    return content


def _claimed(content: bytes, step: Step) -> bytes:
    """Put something else in place of one value of a JSON object, or take it away."""
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        return content
    places = list(_places(table))
    if not places:
        return content
    inside, key = places[step[1] % len(places)]
    choice = step[2] % (len(JUNK) + 2)
    if choice < len(JUNK):
        inside[key] = JUNK[choice]
    elif choice == len(JUNK):
        del inside[key]
    elif isinstance(inside, list):
        inside.insert(0, inside[key])
    else:
        inside[f"{key}_"] = inside.pop(key)
    return json.dumps(table).encode()


def _places(node: Any) -> Any:
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(pairs):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _tensors_changed(content: bytes, step: Step) -> bytes:
    """Change type, shape or values of one tensor, take it away, or add one."""
    try:
        tensors = load(content)
    except (SafetensorError, ValueError):
        return content
    if not tensors:
        return content
    name = sorted(tensors)[step[1] % len(tensors)]
    changed = CHANGES[step[2] % len(CHANGES)](tensors[name], step[2] // len(CHANGES))
    tensors.pop(name)
    if changed is not None:
        tensors[name if step[0] < len(KINDS) - 1 else f"{name}.more"] = changed.contiguous()
    return save(tensors)


def _with(tensor: torch.Tensor, place: int, value: float) -> torch.Tensor:
    flat = tensor.clone().reshape(-1)
    if len(flat):
        flat[place % len(flat)] = value
    return flat.reshape(tensor.shape)


CHANGES: tuple[Callable[[torch.Tensor, int], torch.Tensor | None], ...] = (
    lambda t, v: None,
    lambda t, v: t.double() if t.dtype != torch.float64 else t.float(),
    lambda t, v: t.to(torch.int64),
    lambda t, v: t.to(torch.bool),
    lambda t, v: t.reshape(-1),
    lambda t, v: t[None],
    lambda t, v: t[:0] if t.ndim else t,
    lambda t, v: t[:-1] if t.ndim else t,
    lambda t, v: torch.cat([t, t]) if t.ndim else t,
    lambda t, v: t.T if t.ndim == 2 else t,
    lambda t, v: _with(t, v, 1) if t.dtype == torch.bool else _with(t, v, 120),
    lambda t, v: _with(t, v, -1) if t.dtype not in {torch.bool, torch.uint8} else t,
    lambda t, v: _with(t, v, 1 << 40) if t.dtype == torch.int64 else t,
    lambda t, v: _with(t, v, float("nan")) if t.is_floating_point() else t,
    lambda t, v: _with(t, v, 1e37) if t.is_floating_point() else t,
    lambda t, v: torch.zeros_like(t),
    lambda t, v: t[..., None].expand(*t.shape, 3),
)
NAMES = tuple(CLASSES)
