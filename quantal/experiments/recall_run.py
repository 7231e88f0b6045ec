"""Recipe of recall to record: one fit a run, searched and stored before the next begins."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from .environment import environment_key, environment_of
from .recall_data import SearchTask, load_search
from .recall_recipe import RecallRecipe
from .recall_result import RECALL_RECORDS, RecallResult, Run
from .recall_scores import judge_search
from .record import Record


def run_recall(
    recipe: RecallRecipe,
    *,
    path: str | Path,
    seeds: Iterable[int] | None = None,
    data_dir: str | Path | None = None,
    again: bool = False,
    build: Callable[..., Any] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Record[RecallResult]:
    """Run what is missing of a recipe and return its record.

    Methods are trained on the gallery, or on the rows that the recipe names; no query is among
    them.

    Args:
        recipe: what to run.
        path: the record's file; a record of an earlier version of the recipe is replaced.
        seeds: run these instead of the recipe's own.
        data_dir: folder of the data sets; default: the environment variable QUANTAL_DATA.
        again: run finished runs anew.
        build: makes the estimator from method and parameters; default `quantal.catalog.build`.
            What it makes has ``fit`` and what `judge_search` asks for; facts in its attribute
            ``software`` join the record's environment.
        progress: gets one line of text before and after each run.

    Raises:
        DataError: if the data set is not there or too small.
        ParameterError: if the method or one of its parameters is unknown.
        MissingExtraError: if the method needs a library that is not installed.
    """
    runs = recipe.runs(seeds)
    record = RECALL_RECORDS.saved(recipe.fingerprint, path)
    record = record or Record(recipe.name, recipe.fingerprint)
    pending = [run for run in runs if again or not record.has(run)]
    if not pending:
        progress(f"{recipe.name}: nothing to do, {len(runs)} runs are in the record")
        return record
    methods = [_method(recipe, run, build) for run in pending]  # a wrong one fails before reading
    task = load_search(recipe.data, data_dir)
    for run in pending:
        progress(f"{recipe.name}: {_run_text(recipe, run)} ...")
        # Taken off the list, so that a fitted method and its index do not outlive their run.
        result, environment = _run_once(recipe, run, methods.pop(0), task)
        record = record.with_result(result, environment)
        RECALL_RECORDS.save(record, path)
        progress(f"{recipe.name}: {_run_text(recipe, run)}: {_result_text(result)}")
    return record


def _run_once(
    recipe: RecallRecipe, run: Run, method: Any, task: SearchTask
) -> tuple[RecallResult, dict[str, Any]]:
    start, used = time.perf_counter(), time.process_time()
    method.fit(task.training_rows)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    judged = judge_search(method, task, recipe.encoding)
    environment = {**environment_of(vars(method)), **getattr(method, "software", {})}
    n_bits, seed, step = run
    result = RecallResult(
        n_bits=n_bits,
        seed=seed,
        step=step,
        **{f.name: getattr(judged, f.name) for f in dataclasses.fields(judged)},
        mean_error=task.mean_error,
        n_rows=len(task.gallery),
        seconds=round(seconds, 3),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment_key(environment),
        processor_seconds=round(processor, 3),
    )
    return result, environment


def _method(recipe: RecallRecipe, run: Run, build: Callable[..., Any] | None) -> Any:
    n_bits, seed, step = run
    if build is None:
        from ..catalog import HASHERS
        from ..catalog import build as build_method

        if recipe.method not in HASHERS:
            raise ParameterError(
                f"Recipe {recipe.name}: {recipe.method!r} is not a method of quantal "
                f"({', '.join(sorted(HASHERS))}). The peers that it is compared with are run by: "
                f"python -m benchmarks.peers {recipe.name}"
            )
        build = build_method
    try:
        return build(recipe.method, n_bits=n_bits, random_state=seed, **recipe.parameters(step))
    except (ParameterError, TypeError) as error:
        raise ParameterError(f"Recipe {recipe.name}: {error}") from None


def _run_text(recipe: RecallRecipe, run: Run) -> str:
    n_bits, seed, step = run
    budget = f", {recipe.budget.parameter} = {step}" if recipe.budget else ""
    return f"{n_bits} bits, seed {seed}{budget}"


def _result_text(result: RecallResult) -> str:
    parts = []
    for name, side in (("symmetric", result.symmetric), ("asymmetric", result.asymmetric)):
        if side is not None:
            parts.append(f"{name} 10@100 {side.expected['10@100']:.3f}")
    if result.least_squares_error is not None:
        parts.append(f"error {result.least_squares_error:.4g}")
    return ", ".join([*parts, f"{result.seconds:.1f} s"])
