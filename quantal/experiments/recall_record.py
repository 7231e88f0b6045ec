"""A record of recall: the scores of every run of a recipe of recall, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from .json_file import read_json, write_json
from .recall_recipe import SCORES
from .recall_scores import RecallScores

SCHEMA = "quantal.recall/1"
Run = tuple[int, int, int | None]


@dataclass(frozen=True)
class RecallResult:
    """One finished run.

    Attributes:
        n_bits: length of the codes.
        seed: the estimator's ``random_state``.
        step: step of the budget, see `RecallRecipe`; None without one.
        symmetric: see `Judged`, as are the next three.
        asymmetric: likewise.
        own_error: likewise, in the squared unit of the rows.
        least_squares_error: likewise.
        mean_error: the error of the gallery's mean, for comparison.
        n_rows: rows of the gallery; trained on too, unless the recipe names others.
        seconds: wall-clock time of ``fit``.
        finished: UTC time, ISO 8601.
        environment: key of `RecallRecord.environments`.
        processor_seconds: of ``fit``, over all threads; None in records without it. On a machine
            that does other work it says more than the clock.
    """

    n_bits: int
    seed: int
    step: int | None
    symmetric: RecallScores | None
    asymmetric: RecallScores | None
    own_error: float | None
    least_squares_error: float | None
    mean_error: float
    n_rows: int
    seconds: float
    finished: str
    environment: str
    processor_seconds: float | None = None

    @property
    def run(self) -> Run:
        """What identifies the run within its recipe."""
        return self.n_bits, self.seed, self.step

    def value(self, score: str) -> float | None:
        """One of a recipe's band scores; None where the method has none."""
        if score.endswith("error"):
            found: float | None = getattr(self, score)
            return found
        return None if self.symmetric is None else self.symmetric.expected[score]


@dataclass(frozen=True)
class RecallRecord:
    """All finished runs of one recipe of recall.

    Attributes:
        recipe: the recipe's name.
        fingerprint: the recipe's, at the time of the runs.
        results: finished runs in the order of length, seed and step.
        environments: software and hardware by key.
    """

    recipe: str
    fingerprint: str
    results: tuple[RecallResult, ...] = ()
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_result(self, result: RecallResult, environment: Mapping[str, Any]) -> RecallRecord:
        """This record and one more run; an earlier result of the same run gives way."""
        kept = [r for r in self.results if r.run != result.run]
        ordered = sorted([*kept, result], key=lambda r: (r.n_bits, r.seed, r.step or 0))
        return dataclasses.replace(
            self,
            results=tuple(ordered),
            environments={**self.environments, result.environment: dict(environment)},
        )

    def has(self, run: Run) -> bool:
        """Whether this run is finished."""
        return any(r.run == run for r in self.results)


def save_recall_record(record: RecallRecord, path: str | Path) -> None:
    """Write a record so that a reader sees the old file or the new one, never half of one.

    Args:
        record: what to write.
        path: the JSON file; its folder is made if need be.
    """
    write_json({"schema": SCHEMA, **dataclasses.asdict(record)}, path)


def load_recall_record(path: str | Path) -> RecallRecord:
    """Read and check a record.

    Args:
        path: a file that `save_recall_record` wrote.

    Raises:
        FileFormatError: if it is not a record, or one that contradicts itself.
    """
    values = read_json(path, SCHEMA)
    try:
        results = tuple(_result(row) for row in values.pop("results"))
        record = RecallRecord(**values, results=results)
        for result in results:
            _check(result, record)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path} is not a valid record: {error}.") from None
    if len({r.run for r in results}) != len(results):
        raise FileFormatError(f"{path} is not a valid record: a run appears twice.")
    return record


def _result(row: Mapping[str, Any]) -> RecallResult:
    values = dict(row)
    for side in ("symmetric", "asymmetric"):
        if values[side] is not None:
            values[side] = RecallScores(**values[side])
    return RecallResult(**values)


def _check(result: RecallResult, record: RecallRecord) -> None:
    where = f"{result.n_bits} bits, seed {result.seed}"
    for side in (result.symmetric, result.asymmetric):
        if side is None:
            continue
        for scores in (side.expected, side.by_id):
            if set(scores) != {f"{k}@{n}" for k, n in SCORES}:
                raise ValueError(f"{where} has the scores {sorted(scores)}")
        curves = [number for curve in side.curves.values() for number in curve]
        numbers = [*side.expected.values(), *side.by_id.values(), *curves]
        if not all(0 <= float(number) <= 1 for number in numbers):
            raise ValueError(f"a score of {where} is out of range")
    errors = (result.own_error, result.least_squares_error, result.mean_error)
    if not all(error is None or error >= 0 for error in errors):
        raise ValueError(f"an error of {where} is negative")
    if result.environment not in record.environments:
        raise ValueError(f"{where} names the unknown environment {result.environment!r}")
