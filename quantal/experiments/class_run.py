"""Recipe of classes to record: one clustering a seed, and on it one classifier a variant."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..data import named
from ..errors import ParameterError
from .class_recipe import LINEAR, ClassRecipe
from .class_result import CLASS_RECORDS, ClassResult
from .class_training import ClassScore, ClassSplit, ClassTraining, linear_evaluation
from .data import load_rows, load_truth
from .environment import describe_environment, environment_key
from .fine_tuned_classifier import fine_tuning
from .learned import learned_model
from .record import Record


def run_classes(
    recipe: ClassRecipe,
    *,
    path: str | Path,
    seeds: Iterable[int] | None = None,
    data_dir: str | Path | None = None,
    again: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Record[ClassResult]:
    """Run what is missing of a recipe and return its record.

    The clusterer of ``learned_by`` is fitted without labels, or taken from where fitted ones are
    kept, and stays as it is; labels reach the classifiers on top only.

    Args:
        recipe: what to run.
        path: the record's file; a record of an earlier version of the recipe is replaced.
        seeds: run these instead of the recipe's own.
        data_dir: folder of the real data sets; default: the environment variable QUANTAL_DATA.
        again: train the classifiers of finished runs anew.
        progress: gets one line of text before and after each run.

    Raises:
        DataError: if the data set is not there.
        ParameterError: if the set has no split, or ``learned_by`` is of another kind.
    """
    runs = recipe.runs(seeds)
    record = CLASS_RECORDS.saved(recipe.fingerprint, path)
    record = record or Record(recipe.name, recipe.fingerprint)
    pending = [run for run in runs if again or not record.has(run)]
    if not pending:
        progress(f"{recipe.name}: nothing to do, {len(runs)} runs are in the record")
        return record
    split = class_split(recipe, data_dir=data_dir)
    for seed in dict.fromkeys(seed for seed, _ in pending):
        progress(f"{recipe.name}: seed {seed}, {recipe.learned_by} ...")
        model = learned_model(recipe.learned_by, seed, data_dir=data_dir)
        for variant in [v for s, v in pending if s == seed]:
            result, environment = _run_once(recipe, model, split, seed, variant)
            record = record.with_result(result, environment)
            CLASS_RECORDS.save(record, path)
            progress(
                f"{recipe.name}: seed {seed}, {variant}: accuracy {result.accuracy:.4f}, "
                f"{result.seconds:.1f} s"
            )
    return record


def class_split(recipe: ClassRecipe, *, data_dir: str | Path | None = None) -> ClassSplit:
    """Load the rows of a recipe of classes, and the labels of its training and test rows.

    Args:
        recipe: data set and split.
        data_dir: folder of the data sets.

    Raises:
        ParameterError: neither the set nor the recipe says which rows are for training.
        DataError: the set is not there.
    """
    n_train = recipe.n_train
    if n_train is None:
        n_train = getattr(named.find(recipe.dataset), "n_train", None)
    if n_train is None:
        raise ParameterError(
            f"{recipe.name}: {recipe.dataset} has no published split; say with n_train how many "
            "of its first rows are for training."
        )
    data = load_rows(recipe, data_dir=data_dir)
    truth = load_truth(recipe, data, data_dir=data_dir)
    if n_train >= len(truth):
        raise ParameterError(
            f"{recipe.name}: n_train = {n_train} leaves no test rows of {len(truth)}. Lower it."
        )
    chosen = np.arange(n_train)
    if recipe.train_limit is not None and recipe.train_limit < n_train:
        drawn = np.random.default_rng(recipe.data.seed).choice(
            n_train, recipe.train_limit, replace=False
        )
        chosen = np.sort(drawn)
    return ClassSplit(data.rows[chosen], truth[chosen], data.rows[n_train:], truth[n_train:])


def _run_once(
    recipe: ClassRecipe, model: Any, split: ClassSplit, seed: int, variant: str
) -> tuple[ClassResult, dict[str, Any]]:
    score = _score(recipe, model, split, seed, variant)
    from ..training import resolve_device

    device = resolve_device("auto").type
    environment = describe_environment(device=device, precision="float32")
    result = ClassResult(
        seed=seed,
        variant=variant,
        **{**dataclasses.asdict(score), "seconds": round(score.seconds, 3)},
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment_key(environment),
    )
    return result, environment


def _score(
    recipe: ClassRecipe, model: Any, split: ClassSplit, seed: int, variant: str
) -> ClassScore:
    training = ClassTraining(recipe.learning_rate, recipe.n_epochs, recipe.batch_size, seed)
    if variant in LINEAR:
        return linear_evaluation(model, split, variant, training)
    start, _, augmented = variant.partition(" ")
    if start == "scratch":
        training = dataclasses.replace(training, learning_rate=recipe.scratch_learning_rate)
    return fine_tuning(
        model, split, training, start=start, augmented=bool(augmented), mirrored=recipe.mirrored
    )
