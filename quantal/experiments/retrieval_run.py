"""Recipe of hash codes to record: one split and one fit a run, stored before the next begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ParameterError
from ..metrics import evaluate_retrieval
from .data import load_rows, load_truth
from .environment import environment_key, environment_of
from .record import Record
from .retrieval_recipe import RetrievalRecipe, scores_of
from .retrieval_result import RETRIEVAL_RECORDS, RetrievalResult

CONSTANT = 0.98  # a bit with a larger share of one value says next to nothing


def run_retrieval(
    recipe: RetrievalRecipe,
    *,
    path: str | Path,
    seeds: Iterable[int] | None = None,
    data_dir: str | Path | None = None,
    again: bool = False,
    build: Callable[..., Any] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Record[RetrievalResult]:
    """Run what is missing of a recipe and return its record.

    Labels draw the queries and score finished codes; no estimator ever sees them.

    Args:
        recipe: what to run.
        path: the record's file; a record of an earlier version of the recipe is replaced.
        seeds: run these instead of the recipe's own.
        data_dir: folder of the real data sets; default: the environment variable QUANTAL_DATA.
        again: run finished seeds anew.
        build: makes the estimator from method and parameters; default `quantal.catalog.build`.
        progress: gets one line of text before and after each run.

    Raises:
        DataError: if the data set is not there, or a class has too few rows for the queries.
        ParameterError: if the method or one of its parameters is unknown.
    """
    runs = recipe.runs(seeds)
    record = RETRIEVAL_RECORDS.saved(recipe.fingerprint, path)
    record = record or Record(recipe.name, recipe.fingerprint)
    pending = [run for run in runs if again or not record.has(run)]
    if not pending:
        progress(f"{recipe.name}: nothing to do, {len(runs)} runs are in the record")
        return record
    data = load_rows(recipe, data_dir=data_dir)
    truth = load_truth(recipe, data, data_dir=data_dir)
    for seed, protocol in pending:
        progress(f"{recipe.name}: seed {seed}, {protocol} protocol ...")
        is_query = query_mask(truth, recipe.queries_per_class, np.random.default_rng(seed))
        result, environment = _run_once(
            recipe, seed, protocol, data.rows, truth, is_query, build=build
        )
        record = record.with_result(result, environment)
        RETRIEVAL_RECORDS.save(record, path)
        progress(
            f"{recipe.name}: seed {seed}, {protocol}: mAP {result.map_trapezoid:.4f} (trapezoid), "
            f"precision@{recipe.n_retrieved} {result.precision_at_n:.4f}, {result.seconds:.1f} s"
        )
    return record


def query_mask(
    truth: NDArray[np.int64], per_class: int, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Mark ``per_class`` random rows of every class.

    Args:
        truth: (n,) classes.
        per_class: rows of each that become queries.
        generator: source of the draw.

    Returns:
        (n,) boolean.

    Raises:
        DataError: A class has no row left for the gallery.

    Source: Hu et al. 2017, section 4.3, and their imsat_hash.py: a random order of all rows, and
        the first of each class.
    """
    classes, sizes = np.unique(truth, return_counts=True)
    if sizes.min() <= per_class:
        raise DataError(
            f"Class {classes[sizes.argmin()]} has {sizes.min()} rows, too few for {per_class} "
            "queries and a gallery. Lower queries_per_class."
        )
    mask = np.zeros(len(truth), bool)
    order = generator.permutation(len(truth))
    for label in classes:
        mask[order[truth[order] == label][:per_class]] = True
    return mask


def _run_once(
    recipe: RetrievalRecipe,
    seed: int,
    protocol: str,
    rows: Any,
    truth: NDArray[np.int64],
    is_query: NDArray[np.bool_],
    *,
    build: Callable[..., Any] | None,
) -> tuple[RetrievalResult, dict[str, Any]]:
    hasher = _hasher(recipe, seed, build)
    start = time.perf_counter()
    hasher.fit(rows if protocol == "published" else rows[~is_query])
    seconds = time.perf_counter() - start
    bits = hasher.transform(rows)
    codes = np.packbits(bits, axis=1, bitorder="little")
    gallery, queries = codes[~is_query], codes[is_query]
    scores = evaluate_retrieval(
        gallery,
        queries,
        truth[~is_query],
        truth[is_query],
        recipe.n_bits,
        n_retrieved=recipe.n_retrieved,
        radius=recipe.radius,
        n_resamples=0,
    )
    shares = bits[~is_query].mean(axis=0)
    environment = environment_of(vars(hasher))
    result = RetrievalResult(
        seed=seed,
        protocol=protocol,
        **scores_of(scores),
        n_constant_bits=int((np.maximum(shares, 1 - shares) >= CONSTANT).sum()),
        seconds=round(seconds, 3),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment_key(environment),
    )
    return result, environment


def _hasher(recipe: RetrievalRecipe, seed: int, build: Callable[..., Any] | None) -> Any:
    if build is None:
        from ..catalog import build as build_method

        build = build_method
    parameters = {"n_bits": recipe.n_bits, "random_state": seed, **recipe.parameters()}
    try:
        return build(recipe.method, **parameters)
    except (ParameterError, TypeError) as error:
        raise ParameterError(f"Recipe {recipe.name}: {error}") from None
