"""A record of classifiers: the accuracy of every run of a recipe of classes, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from .class_recipe import LINEAR, TUNED, ClassRecipe
from .json_file import read_json, write_json

SCHEMA = "quantal.classes/1"


@dataclass(frozen=True)
class ClassResult:
    """One finished run.

    Attributes:
        seed: of the clusterer and of the classifier.
        variant: see `ClassRecipe`.
        accuracy: on the test rows after the last epoch, in [0, 1].
        train_accuracy: on the training rows.
        loss: mean cross-entropy of the last epoch, in nats.
        seconds: wall-clock time of the classifier's training.
        finished: UTC time, ISO 8601.
        environment: key of `ClassRecord.environments`.
    """

    seed: int
    variant: str
    accuracy: float
    train_accuracy: float
    loss: float
    seconds: float
    finished: str
    environment: str

    @property
    def run(self) -> tuple[int, str]:
        """What identifies the run within its recipe."""
        return self.seed, self.variant


@dataclass(frozen=True)
class ClassRecord:
    """All finished runs of one recipe of classes.

    Attributes:
        recipe: the recipe's name.
        fingerprint: the recipe's, at the time of the runs.
        results: finished runs in the order of seed and variant.
        environments: software and hardware by key.
    """

    recipe: str
    fingerprint: str
    results: tuple[ClassResult, ...] = ()
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_result(self, result: ClassResult, environment: Mapping[str, Any]) -> ClassRecord:
        """This record and one more run; an earlier result of the same run gives way."""
        kept = [r for r in self.results if r.run != result.run]
        return dataclasses.replace(
            self,
            results=tuple(sorted([*kept, result], key=lambda r: r.run)),
            environments={**self.environments, result.environment: dict(environment)},
        )

    def has(self, seed: int, variant: str) -> bool:
        """Whether this run is finished."""
        return any(r.run == (seed, variant) for r in self.results)


def save_class_record(record: ClassRecord, path: str | Path) -> None:
    """Write a record so that a reader sees the old file or the new one, never half of one.

    Args:
        record: what to write.
        path: the JSON file; its folder is made if need be.
    """
    write_json({"schema": SCHEMA, **dataclasses.asdict(record)}, path)


def load_class_record(path: str | Path) -> ClassRecord:
    """Read and check a record.

    Args:
        path: a file that `save_class_record` wrote.

    Raises:
        FileFormatError: if it is not a record, or one that contradicts itself.
    """
    values = read_json(path, SCHEMA)
    try:
        results = tuple(ClassResult(**row) for row in values.pop("results"))
        record = ClassRecord(**values, results=results)
        for result in results:
            _check(result, record)
    except (TypeError, KeyError, ValueError) as error:
        raise FileFormatError(f"{path} is not a valid record: {error}.") from None
    if len({r.run for r in results}) != len(results):
        raise FileFormatError(f"{path} is not a valid record: a run appears twice.")
    return record


def saved_class_record(recipe: ClassRecipe, path: str | Path) -> ClassRecord | None:
    """The record on disk if it belongs to this version of the recipe.

    Args:
        recipe: whose record.
        path: where it would be.
    """
    if not Path(path).is_file():
        return None
    record = load_class_record(path)
    return record if record.fingerprint == recipe.fingerprint else None


def _check(result: ClassResult, record: ClassRecord) -> None:
    if not all(0 <= share <= 1 for share in (result.accuracy, result.train_accuracy)):
        raise ValueError(f"an accuracy of seed {result.seed} is out of range")
    if result.variant not in (*LINEAR, *TUNED):
        raise ValueError(f"seed {result.seed} has the variant {result.variant!r}")
    if result.environment not in record.environments:
        raise ValueError(f"seed {result.seed} names the unknown environment {result.environment!r}")
