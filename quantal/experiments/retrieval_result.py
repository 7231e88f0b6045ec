"""What a run of a recipe of hash codes gave: the scores of its searches."""

from __future__ import annotations

from dataclasses import dataclass

from .record import RecordFormat
from .retrieval_recipe import PROTOCOLS, SCORES


@dataclass(frozen=True)
class RetrievalResult:
    """One finished run.

    Attributes:
        seed: the estimator's ``random_state`` and the source of the split.
        protocol: "published" or "clean", see `RetrievalRecipe`.
        map_trapezoid: mean average precision by the trapezoid rule, in [0, 1].
        map: the same in expectation over random order of ties.
        map_step: the same by scikit-learn's rule.
        precision_at_n: expected share of relevant rows among the first n.
        precision_within_radius: share of relevant rows in the Hamming ball; 0 where it is empty.
        empty_balls: share of queries with an empty ball.
        n_constant_bits: bits that are the same for 98 % of the gallery or more.
        seconds: wall-clock time of ``fit``.
        finished: UTC time, ISO 8601.
        environment: key of `Record.environments`.
    """

    seed: int
    protocol: str
    map_trapezoid: float
    map: float
    map_step: float
    precision_at_n: float
    precision_within_radius: float
    empty_balls: float
    n_constant_bits: int
    seconds: float
    finished: str
    environment: str

    @property
    def run(self) -> tuple[int, str]:
        """What identifies the run within its recipe."""
        return self.seed, self.protocol

    @property
    def order(self) -> tuple[int, str]:
        """What results are sorted by."""
        return self.run


def _check(result: RetrievalResult) -> None:
    if not all(0 <= float(getattr(result, score)) <= 1 for score in SCORES):
        raise ValueError(f"a score of seed {result.seed} is out of range")
    if result.protocol not in PROTOCOLS:
        raise ValueError(f"seed {result.seed} has the protocol {result.protocol!r}")


RETRIEVAL_RECORDS = RecordFormat("quantal.retrieval/1", lambda row: RetrievalResult(**row), _check)
