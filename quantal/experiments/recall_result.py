"""What a run of a recipe of recall gave: the scores and errors of its codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .recall_recipe import SCORES
from .recall_scores import RecallScores
from .record import RecordFormat

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
        environment: key of `Record.environments`.
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

    @property
    def order(self) -> tuple[int, int, int]:
        """What results are sorted by."""
        return self.n_bits, self.seed, self.step or 0

    def value(self, score: str) -> float | None:
        """One of a recipe's band scores; None where the method has none."""
        if score.endswith("error"):
            found: float | None = getattr(self, score)
            return found
        return None if self.symmetric is None else self.symmetric.expected[score]


def _read(row: Mapping[str, Any]) -> RecallResult:
    values = dict(row)
    for side in ("symmetric", "asymmetric"):
        if values[side] is not None:
            values[side] = RecallScores(**values[side])
    return RecallResult(**values)


def _check(result: RecallResult) -> None:
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


RECALL_RECORDS = RecordFormat("quantal.recall/1", _read, _check)
