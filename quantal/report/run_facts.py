"""What was run: the method, its parameters, the data and what training left."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..catalog import HASHERS, METHODS
from ..clustering.pair_prediction import PairPrediction
from ..training.artifact import MANIFEST
from .charts import LARGEST, LineChart, line_chart
from .shown_rows import ShownRows
from .templating import number

# What the terms of the histories are, in words.
TERMS = {
    "total": "what training minimises",
    "conditional_entropy": "mean entropy of a row's output, nats: 0 when every row is decided",
    "marginal_entropy": "entropy of the mean output, nats: highest when all outputs are used alike",
    "vat": "change of the output under the worst small change of the row, nats",
    "rpt": "change of the output under a random small change of the row, nats",
    "penalty": "regularisation of the weights or of the outputs",
    "redundancy": "information that bits share with each other, nats",
    "triplet": "weighted triplet loss",
    "reconstruction": "squared error of the autoencoder",
    "divergence": "divergence of the assignments from their sharpened target, nats",
    "changed": "share of the rows that changed their cluster",
    "objective": "what is minimised, after each turn",
    "loss": "mean squared error, after each turn",
    "mu": "weight of the constraint, after each turn",
    "quantization": "distance of the outputs from -1 and 1",
    "variance": "variance of the outputs, to be large",
    "orthogonality": "departure of the weights from orthogonal ones",
    "pairs": "loss of the pairs known to belong together or not",
    "description": "reconstruction and code length of the rows",
    "mismatch": "share of the bits that differ from those that the hash function gives",
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a fit.

    Attributes:
        name: Its name.
        value: Its value as text.
        is_default: Whether the method takes this value if nothing is said.
    """

    name: str
    value: str
    is_default: bool


@dataclass(frozen=True)
class RunFacts:
    """What was run.

    Attributes:
        method: Name of the class.
        command_name: The method as the command line calls it.
        summary: One sentence on it.
        facts: Name and value, in order.
        parameters: All of them, those that were changed first.
    """

    method: str
    command_name: str
    summary: str
    facts: list[tuple[str, str]]
    parameters: list[Parameter]


def run_facts(model: Any, folder: Path | None, shown: ShownRows | None) -> RunFacts:
    """Collect what a fitted model knows of its fit.

    Args:
        model: the estimator.
        folder: where it was saved, or None; says which version saved it.
        shown: the rows of the report, or None.
    """
    name = next((n for n, method in METHODS.items() if method is type(model)), "")
    summary = (inspect.getdoc(type(model)) or "").split("\n\n")[0].replace("`", "")
    return RunFacts(
        type(model).__name__,
        name,
        " ".join(summary.split()),
        [
            *_fit_facts(model, folder),
            *_reader_facts(getattr(model, "reader_", {})),
            *_result_facts(model),
            *(_row_facts(model, shown) if shown is not None else []),
        ],
        _parameters(model),
    )


def makes_codes(model: Any) -> bool:
    """Tell a hasher from a clusterer."""
    return type(model) in HASHERS.values()


def seconds_text(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 99.5:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def fit_seconds(model: Any) -> float | None:
    """Return how long the fit took, where that was recorded."""
    seconds = getattr(model, "fit_seconds_", None)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 <= seconds < LARGEST else None


def _fit_facts(model: Any, folder: Path | None) -> list[tuple[str, str]]:
    seconds = fit_seconds(model)
    data = model.data_ if isinstance(model.data_, dict) else {}
    shape = " x ".join(f"{size:,}" for size in data.get("shape", []) if isinstance(size, int))
    facts = [
        ("Saved by", f"quantal {_version(folder)}" if folder else "not saved"),
        ("Report by", f"quantal {__version__}"),
        ("Fit took", "not recorded" if seconds is None else seconds_text(seconds)),
        ("Fitted on", f"{shape} numbers of type {data.get('dtype', 'unknown')}"),
    ]
    if model.image_shape_ is not None:
        facts.append(("Images of", " x ".join(map(str, model.image_shape_))))
    facts.append(("Fingerprint of these rows", str(data.get("sha256_of_rows", "unknown"))))
    return facts


def _version(folder: Path) -> str:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return str(manifest.get("quantal", "of unknown version"))


def _reader_facts(reader: dict[str, Any]) -> list[tuple[str, str]]:
    said = []
    for name, value in reader.items():
        if name == "like":
            continue
        if name == "text" and isinstance(value, dict):
            words = value.get("words", [])
            said.append(f"tf-idf ({value.get('construction')}) of {len(words):,} words")
        elif isinstance(value, dict):
            kind = value.get("name") or value.get("kind") or value.get("schema") or "described"
            said.append(f"{name}: {kind}")
        elif isinstance(value, list) and len(value) > 6:
            said.append(f"{name}: {len(value):,}")
        else:
            listed = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            said.append(f"{name.replace('_', ' ')}: {listed}")
    return [("Read with", "; ".join(said))] if said else []


def _result_facts(model: Any) -> list[tuple[str, str]]:
    names = {
        "n_iter_": "Epochs or turns",
        "objective_": "Objective (lower is better)",
        "loss_": "Loss (lower is better)",
        "balance_": "Balance used",
        "conditional_entropy_": "Conditional entropy, nats",
        "marginal_entropy_": "Marginal entropy, nats",
        "redundancy_": "Redundancy of the bits, nats",
    }
    return [
        (title, number(value.item() if isinstance(value, np.generic) else value))
        for name, title in names.items()
        if (value := getattr(model, name, None)) is not None
    ]


def _row_facts(model: Any, shown: ShownRows) -> list[tuple[str, str]]:
    same = shown.are_those_of_the_fit(model)
    told = "those of the fit" if same else "not those of the fit"
    return [("Rows of this report", f"{shown.dataset.name}: {len(shown):,} rows, {told}")]


def _parameters(model: Any) -> list[Parameter]:
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(type(model).__init__).parameters.items()
    }
    found = [
        Parameter(name, _value_text(value), _same(value, defaults.get(name)))
        for name, value in model.get_params(deep=False).items()
    ]
    return sorted(found, key=lambda p: (p.is_default, p.name))


def _same(value: Any, default: Any) -> bool:
    # A loaded model has lists where tuples were.
    pair = [list(v) if isinstance(v, tuple | np.ndarray) else v for v in (value, default)]
    return type(pair[0]) is type(pair[1]) and bool(pair[0] == pair[1])


def _value_text(value: Any) -> str:
    text = str(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def training_charts(model: Any) -> list[LineChart]:
    """Return a chart of every named term of the training history, the total first."""
    history = getattr(model, "history_", None)
    if not isinstance(history, dict):
        return []
    step = "epoch" if "n_epochs" in model.get_params(deep=False) else "step of the history"
    names = sorted(history, key=lambda name: name != "total")
    return [
        line_chart(str(name), _meaning(model, str(name)), history[name], step)
        for name in names
        if _is_series(history[name])
    ]


def _meaning(model: Any, name: str) -> str:
    if name.startswith("layer_"):
        return "squared error of one layer's denoising autoencoder"
    if isinstance(model, PairPrediction):
        if name == "pairs":
            return "minus the information that copies of a row share, nats"
        return TERMS.get(name, "divergence of the outputs of a row and its changed copy, nats")
    return TERMS.get(name, "")


def _is_series(values: Any) -> bool:
    """Tell numbers, one of them finite at least, from whatever else a folder may hold."""
    if not isinstance(values, list) or not values:
        return False
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return False
    if any(isinstance(v, int) and abs(v) >= LARGEST for v in values):
        return False  # an integer that no float may hold
    return any(abs(v) < LARGEST for v in values)
