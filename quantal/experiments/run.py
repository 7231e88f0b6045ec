"""Recipe to record: one fit a seed, judged at its last epoch, stored before the next begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..metrics import evaluate_clustering
from .data import ExperimentData, load_rows, load_truth
from .environment import environment_key, environment_of
from .learned import keep_model
from .peers import build_method
from .recipe import Recipe
from .recipe_parts import Baseline
from .record import Record
from .seed_result import CLUSTERING_RECORDS, SeedResult, run_of

RECORDS_DIR = Path("benchmarks/records")


class Clusterer(Protocol):
    """What a run needs of an estimator; every estimator of `quantal.clustering` has it."""

    labels_: NDArray[np.int64]

    def fit(self, X: Any) -> Any:
        """Learn the clusters of the rows."""


Stage = tuple[NDArray[np.float32], NDArray[np.int64]]


@dataclass(frozen=True)
class FittedRun:
    """One fitted estimator, for whoever draws a picture of it.

    Attributes:
        seed: its ``random_state``.
        value: the swept parameter's value; None without a sweep.
        estimator: the fitted estimator.
        data: the rows it was fitted to.
        truth: their classes, for pictures that compare with them.
        stages: embedded rows and clusters after every stage, for a picture of the stages.
    """

    seed: int
    value: Any
    estimator: Any
    data: ExperimentData
    truth: NDArray[np.int64] | None = None
    stages: tuple[Stage, ...] = ()


Progress = Callable[[str], None]
OnFit = Callable[[FittedRun], None]


def _ignore(_: object) -> None:
    return None


def record_path(name: str, records_dir: str | Path = RECORDS_DIR) -> Path:
    """Where the record of a recipe lies.

    Args:
        name: the recipe's name, e.g. "imsat/mnist-vat".
        records_dir: folder of all records.
    """
    return Path(records_dir) / f"{name}.json"


def run_recipe(
    recipe: Recipe,
    *,
    seeds: Iterable[int] | None = None,
    records_dir: str | Path = RECORDS_DIR,
    data_dir: str | Path | None = None,
    again: bool = False,
    build: Callable[..., Clusterer] | None = None,
    progress: Progress = _ignore,
    on_fit: OnFit = _ignore,
) -> Record[SeedResult]:
    """Run what is missing of a recipe and return its record.

    Runs that the record already holds are skipped, so an interrupted call is resumed by repeating
    it. A record of an earlier version of the recipe (another fingerprint) is replaced. Labels are
    read only to score finished runs; no estimator ever sees them.

    Args:
        recipe: what to run.
        seeds: run these instead of the recipe's own; an empty list runs k-means only.
        records_dir: the record is ``<records_dir>/<recipe.name>.json``; k-means baselines lie in
            ``<records_dir>/kmeans/``.
        data_dir: folder of the real data sets; default: the environment variable QUANTAL_DATA.
        again: run finished seeds anew.
        build: makes the estimator from method and parameters; default: of `quantal.catalog`,
            or scikit-learn's for "kmeans" and "average-linkage".
        progress: gets one line of text before and after each run.
        on_fit: gets each estimator right after its fit.

    Raises:
        DataError: if the data set is not there.
        ParameterError: if the method or one of its parameters is unknown.
    """
    runs = recipe.runs(seeds)
    path = record_path(recipe.name, records_dir)
    record = CLUSTERING_RECORDS.saved(recipe.fingerprint, path)
    record = record or Record(recipe.name, recipe.fingerprint)
    pending = [run for run in runs if again or not record.has(run_of(*run))]
    wants_baseline = recipe.baseline is not None and recipe.sweep is None  # curves show none
    baseline_missing = wants_baseline and load_baseline(recipe, records_dir) is None
    if not pending and not baseline_missing:
        progress(f"{recipe.name}: nothing to do, {len(runs)} runs are in the record")
        return record
    data = load_rows(recipe, data_dir=data_dir)
    truth = load_truth(recipe, data, data_dir=data_dir)
    if baseline_missing:
        _run_baseline(recipe, data, truth, records_dir, progress)
    for seed, value in pending:
        estimator = _estimator(recipe, seed, value, build)
        progress(f"{recipe.name}: {_run_text(recipe, seed, value)} ...")
        stages: list[Stage] = []
        fit = _watched(estimator, stages) if _shows_stages(recipe) else estimator.fit
        result, environment = _fit_and_score(estimator, data.rows, truth, seed, value, fit)
        on_disk = CLUSTERING_RECORDS.saved(recipe.fingerprint, path)
        record = record.with_result(result, environment).merged(on_disk)
        CLUSTERING_RECORDS.save(record, path)
        if stages:
            keep_model(estimator, recipe, seed)
        on_fit(FittedRun(seed, value, estimator, data, truth, tuple(stages)))
        progress(
            f"{recipe.name}: {_run_text(recipe, seed, value)}: accuracy {result.accuracy:.4f}, "
            f"NMI {result.nmi_arithmetic:.4f}, {result.seconds:.1f} s"
        )
    return record


def load_baseline(recipe: Recipe, records_dir: str | Path = RECORDS_DIR) -> SeedResult | None:
    """The k-means result on the recipe's rows, or None if it was not run.

    Args:
        recipe: says which rows and how many clusters.
        records_dir: folder of all records.
    """
    path = record_path(_baseline_name(recipe), records_dir)
    record = CLUSTERING_RECORDS.saved(recipe.baseline_fingerprint, path)
    return None if record is None else record.results[0]


def _estimator(
    recipe: Recipe, seed: int, value: Any, build: Callable[..., Clusterer] | None
) -> Clusterer:
    try:
        return (build or build_method)(
            recipe.method,
            n_clusters=recipe.n_clusters,
            random_state=seed,
            **recipe.parameters(value),
        )
    except (ParameterError, TypeError) as error:
        raise ParameterError(f"Recipe {recipe.name}: {error}") from None


def _shows_stages(recipe: Recipe) -> bool:
    return recipe.picture is not None and recipe.picture.kind == "stages"


def _watched(estimator: Any, stages: list[Stage]) -> Callable[[Any], Any]:
    """A fit that notes what every stage gives."""
    return partial(estimator.fit, on_stage=lambda rows, labels: stages.append((rows, labels)))


def _fit_and_score(
    estimator: Clusterer,
    rows: Any,
    truth: ArrayLike,
    seed: int,
    value: Any,
    fit: Callable[[Any], Any] | None = None,
) -> tuple[SeedResult, dict[str, Any]]:
    start = time.perf_counter()
    (fit or estimator.fit)(rows)
    seconds = time.perf_counter() - start
    facts = vars(estimator)  # an estimator without an objective or a precision just lacks them
    environment = environment_of(facts)
    scores = evaluate_clustering(truth, estimator.labels_, n_resamples=0)
    objective = facts.get("objective_", facts.get("inertia_"))
    result = SeedResult(
        seed=seed,
        value=list(value) if isinstance(value, tuple) else value,
        accuracy=scores.accuracy,
        nmi_arithmetic=scores.nmi_arithmetic,
        nmi_geometric=scores.nmi_geometric,
        ari=scores.ari,
        purity=scores.purity,
        objective=None if objective is None else float(objective),
        seconds=round(seconds, 3),
        cluster_sizes=tuple(sorted(scores.cluster_sizes.values(), reverse=True)),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment_key(environment),
    )
    return result, environment


def _baseline_name(recipe: Recipe) -> str:
    return f"kmeans/{recipe.dataset}-{recipe.baseline_fingerprint[:8]}"


def _run_baseline(
    recipe: Recipe, data: ExperimentData, truth: ArrayLike, records_dir: str | Path, say: Progress
) -> None:
    """Run k-means once for every recipe on the same rows; best inertia of its starts."""
    from sklearn.cluster import KMeans

    settings = recipe.baseline or Baseline()
    say(f"{recipe.name}: k-means, best of {settings.n_init} starts ...")
    kmeans = KMeans(recipe.n_clusters, n_init=settings.n_init, random_state=settings.seed)
    result, environment = _fit_and_score(kmeans, data.rows, truth, settings.seed, None)
    name = _baseline_name(recipe)
    empty: Record[SeedResult] = Record(name, recipe.baseline_fingerprint)
    record = empty.with_result(result, environment)
    CLUSTERING_RECORDS.save(record, record_path(name, records_dir))
    say(f"{recipe.name}: k-means: accuracy {result.accuracy:.4f}, {result.seconds:.1f} s")


def _run_text(recipe: Recipe, seed: int, value: Any) -> str:
    return f"seed {seed}" + (f", {recipe.sweep.parameter} = {value}" if recipe.sweep else "")
