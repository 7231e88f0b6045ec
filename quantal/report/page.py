"""One self-contained HTML file about a fitted model: `write_report`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..catalog import CLASSES, load
from ..data.partial_file import write_whole
from ..errors import ParameterError, require_choice, require_extra, require_range
from ..training import Collapse
from .assignment import assign
from .bit_section import bit_balance, bit_section
from .bit_use import dead_bits
from .cluster_section import cluster_section, size_table
from .findings import bit_findings, cluster_findings
from .palette import palette
from .run_facts import fit_seconds, makes_codes, run_facts, seconds_text, training_charts
from .shown_rows import OnRows, ShownRows, shown_rows
from .templating import render
from .truth_figures import cluster_truth, code_truth, require_truth

SUFFIXES = (".html", ".htm")
N_COLORS = 24


def write_report(
    model: Any,
    path: str | os.PathLike[str],
    data: Any = None,
    *,
    truth: ArrayLike | None = None,
    pictures: ArrayLike | None = None,
    seed: int = 0,
    on_rows: OnRows | None = None,
) -> Path:
    """Write what a fitted model did with its data as one HTML file that needs nothing else.

    The page holds no script and loads nothing: styles are inside, images are data URIs, drawings
    are SVG. It prints, fits a phone, and follows the reader's choice of light or dark. Rows are
    read block by block; whatever needs many of them at once takes a seeded sample and says so.

    Args:
        model: a fitted estimator of the catalogue, or the folder of a saved one.
        path: the file, ending in .html; replaced whole or not at all.
        data: the rows to show: a Dataset, an array, a list of texts, a path or "name:digits",
            read as the model's own were. None for what the model alone tells.
        truth: (n,) true labels of ``data``, integers or strings; -1, None, nan and "" are unknown.
        pictures: (n, h, w) or (n, h, w, 3) images of the rows, where these are features; those of
            a path or an array of images are found without it.
        seed: of every sample; the same seed gives the same file.
        on_rows: called with what is done, the rows done and all rows, after every block.

    Returns:
        The path written.

    Raises:
        DataError: The rows cannot be read by the model, the method labels only the rows of its
            fit and these are others, or the truth does not fit.
        ParameterError: ``truth`` without ``data``, another ending, or no model of the catalogue.
        FileFormatError: The folder is no model, or is damaged.
        MissingExtraError: jinja2 is not installed.
    """
    target = Path(path)
    require_choice("the ending of a report", target.suffix.lower(), SUFFIXES)
    require_range("seed", seed, low=0, integer=True)
    require_extra("jinja2", "report")
    folder = Path(model) if isinstance(model, str | os.PathLike) else None
    fitted = load(folder) if folder is not None else model
    if type(fitted) not in CLASSES.values():
        raise ParameterError(
            f"model must be a fitted estimator of quantal or its folder, got "
            f"{type(fitted).__name__}."
        )
    if not hasattr(fitted, "data_"):
        raise ParameterError(f"model is a {type(fitted).__name__} that was not fitted. Call fit.")
    if data is None and (truth is not None or pictures is not None):
        raise ParameterError(
            "truth and pictures belong to rows, and no data was given. Pass data too."
        )
    shown = None if data is None else shown_rows(fitted, data, pictures)
    known = None if shown is None or truth is None else require_truth(truth, len(shown))
    values = _common(fitted, folder, shown)
    generator = np.random.default_rng(int(seed))
    describe = _describe_codes if makes_codes(fitted) else _describe_clusters
    values |= describe(fitted, shown, known, generator, on_rows)
    write_whole(target, render("page.html.j2", **values, seed=int(seed)))
    return target


def _common(model: Any, folder: Path | None, shown: ShownRows | None) -> dict[str, Any]:
    """Return what every page has, and None for what only some have."""
    facts = run_facts(model, folder, shown)
    hashes = makes_codes(model)
    seconds = fit_seconds(model)
    return {
        "facts": facts,
        "makes_codes": hashes,
        "size": f"{int(model.n_bits)} bits" if hashes else None,
        "data_name": None if shown is None else shown.dataset.name,
        "n_rows": None if shown is None else len(shown),
        "same_rows": shown is not None and shown.are_those_of_the_fit(model),
        "has_probabilities": hasattr(model, "predict_log_proba"),
        "can_label": hashes or hasattr(model, "predict"),
        "fit_time": None if seconds is None else seconds_text(seconds),
        "charts": training_charts(model),
        "colors": ["#{:02x}{:02x}{:02x}".format(*color) for color in palette(N_COLORS)],
        "findings": [],
        "sizes": None,
        "clusters": None,
        "balance": None,
        "bits": None,
        "truth": None,
        "maps": [],
    }


def _describe_clusters(
    model: Any,
    shown: ShownRows | None,
    truth: NDArray[Any] | None,
    generator: np.random.Generator,
    on_rows: OnRows | None,
) -> dict[str, Any]:
    found = None if shown is None else assign(model, shown, generator, on_rows)
    sizes = found.sizes if found is not None else getattr(model, "cluster_sizes_", None)
    k = len(sizes) if sizes is not None else int(model.n_clusters)
    values: dict[str, Any] = {
        "size": f"{k} clusters",
        "findings": _told(cluster_findings(model, found)),
        "sizes": None if sizes is None else size_table(model, np.asarray(sizes)),
    }
    if shown is None or found is None:
        return values
    section = cluster_section(model, shown, found, generator)
    values |= {"clusters": section, "maps": section.maps}
    if truth is not None:
        values["truth"] = cluster_truth(truth, found.labels)
    return values


def _describe_codes(
    model: Any,
    shown: ShownRows | None,
    truth: NDArray[Any] | None,
    generator: np.random.Generator,
    on_rows: OnRows | None,
) -> dict[str, Any]:
    if shown is None:
        shares = getattr(model, "bit_means_", None)
        if shares is None:
            return {}
        return {
            "findings": _told(bit_findings(model, shares)),
            "balance": bit_balance(shares, dead_bits(shares)),
        }
    use, section = bit_section(model, shown, generator, truth, on_rows)
    values: dict[str, Any] = {
        "findings": _told(bit_findings(model, use.shares, section.repeated)),
        "balance": bit_balance(use.shares, dead_bits(use.shares)),
        "bits": section,
        "maps": section.maps,
    }
    if truth is not None:
        was_seen = shown.are_those_of_the_fit(model)
        values["truth"] = code_truth(truth, model, shown, was_seen, generator)
    return values


def _told(findings: list[Collapse]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.message) for finding in findings]
