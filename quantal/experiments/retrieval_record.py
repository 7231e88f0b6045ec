"""A record of searches: the scores of every run of a recipe of hash codes, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from .json_file import read_json, write_json
from .retrieval_recipe import PROTOCOLS, SCORES

SCHEMA = "quantal.retrieval/1"


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
        environment: key of `RetrievalRecord.environments`.
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


@dataclass(frozen=True)
class RetrievalRecord:
    """All finished runs of one recipe of hash codes.

    Attributes:
        recipe: the recipe's name.
        fingerprint: the recipe's, at the time of the runs.
        results: finished runs in the order of seed and protocol.
        environments: software and hardware by key.
    """

    recipe: str
    fingerprint: str
    results: tuple[RetrievalResult, ...] = ()
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_result(
        self, result: RetrievalResult, environment: Mapping[str, Any]
    ) -> RetrievalRecord:
        """This record and one more run; an earlier result of the same run gives way."""
        kept = [r for r in self.results if r.run != result.run]
        return dataclasses.replace(
            self,
            results=tuple(sorted([*kept, result], key=lambda r: r.run)),
            environments={**self.environments, result.environment: dict(environment)},
        )

    def has(self, seed: int, protocol: str) -> bool:
        """Whether this run is finished."""
        return any(r.run == (seed, protocol) for r in self.results)


def save_retrieval_record(record: RetrievalRecord, path: str | Path) -> None:
    """Write a record so that a reader sees the old file or the new one, never half of one.

    Args:
        record: what to write.
        path: the JSON file; its folder is made if need be.
    """
    write_json({"schema": SCHEMA, **dataclasses.asdict(record)}, path)


def load_retrieval_record(path: str | Path) -> RetrievalRecord:
    """Read and check a record.

    Args:
        path: a file that `save_retrieval_record` wrote.

    Raises:
        FileFormatError: if it is not a record, or one that contradicts itself.
    """
    values = read_json(path, SCHEMA)
    try:
        results = tuple(RetrievalResult(**row) for row in values.pop("results"))
        record = RetrievalRecord(**values, results=results)
        for result in results:
            _check(result, record)
    except (TypeError, KeyError, ValueError) as error:
        raise FileFormatError(f"{path} is not a valid record: {error}.") from None
    if len({r.run for r in results}) != len(results):
        raise FileFormatError(f"{path} is not a valid record: a run appears twice.")
    return record


def _check(result: RetrievalResult, record: RetrievalRecord) -> None:
    if not all(0 <= float(getattr(result, score)) <= 1 for score in SCORES):
        raise ValueError(f"a score of seed {result.seed} is out of range")
    if result.protocol not in PROTOCOLS:
        raise ValueError(f"seed {result.seed} has the protocol {result.protocol!r}")
    if result.environment not in record.environments:
        raise ValueError(f"seed {result.seed} names the unknown environment {result.environment!r}")
