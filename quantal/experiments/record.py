"""A record: what the runs of a recipe gave, where and when, as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from .json_file import read_json, write_json

SCHEMA = 1


@dataclass(frozen=True)
class SeedResult:
    """One finished run, judged at its last epoch.

    Attributes:
        seed: the estimator's ``random_state``.
        value: the swept parameter's value; None without a sweep.
        accuracy: Hungarian accuracy, in [0, 1].
        nmi_arithmetic: normalised mutual information, arithmetic mean, in [0, 1].
        nmi_geometric: the same by the geometric mean.
        ari: adjusted Rand index.
        purity: purity, in [0, 1].
        objective: the final unsupervised objective (k-means: inertia), if the method has one.
        seconds: wall-clock time of ``fit``.
        cluster_sizes: rows per cluster, largest first; clusters without rows are absent.
        finished: UTC time, ISO 8601.
        environment: key of `Record.environments`.
    """

    seed: int
    value: Any
    accuracy: float
    nmi_arithmetic: float
    nmi_geometric: float
    ari: float
    purity: float
    objective: float | None
    seconds: float
    cluster_sizes: tuple[int, ...]
    finished: str
    environment: str

    @property
    def run(self) -> tuple[int, Any]:
        """What identifies the run within its recipe: seed and sweep value."""
        return self.seed, _tuples_as_lists(self.value)


@dataclass(frozen=True)
class Record:
    """All finished runs of one recipe.

    Attributes:
        recipe: the recipe's name.
        fingerprint: `Recipe.fingerprint` at the time of the runs.
        results: finished runs in the order of seed.
        environments: software and hardware by key; runs made elsewhere have another key.
    """

    recipe: str
    fingerprint: str
    results: tuple[SeedResult, ...] = ()
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_result(self, result: SeedResult, environment: Mapping[str, Any]) -> Record:
        """This record and one more run; an earlier result of the same run gives way."""
        kept = [r for r in self.results if r.run != result.run]
        return dataclasses.replace(
            self,
            results=tuple(sorted([*kept, result], key=lambda r: r.seed)),
            environments={**self.environments, result.environment: dict(environment)},
        )

    def merged(self, other: Record | None) -> Record:
        """This record and the runs of ``other`` that it lacks, if they are of the same recipe."""
        if other is None or other.fingerprint != self.fingerprint:
            return self
        done, record = {str(r.run) for r in self.results}, self
        for result in other.results:
            if str(result.run) not in done:
                record = record.with_result(result, other.environments[result.environment])
        return record

    def result(self, seed: int, value: Any = None) -> SeedResult | None:
        """The finished run of this seed and sweep value, or None."""
        wanted = (seed, _tuples_as_lists(value))
        return next((r for r in self.results if r.run == wanted), None)


def save_record(record: Record, path: str | Path) -> None:
    """Write a record so that a reader sees the old file or the new one, never half of one.

    Args:
        record: what to write.
        path: the JSON file; its folder is made if need be.
    """
    write_json({"schema": SCHEMA, **dataclasses.asdict(record)}, path)


def load_record(path: str | Path) -> Record:
    """Read and check a record.

    Args:
        path: a file that `save_record` wrote.

    Raises:
        FileFormatError: if it is not a record, or one that contradicts itself.
    """
    values = read_json(path, SCHEMA)
    try:
        rows = values.pop("results")
        results = tuple(_result(row) for row in rows)
        record = Record(**values, results=results)
        _check(record)
    except (TypeError, KeyError, ValueError) as error:
        raise FileFormatError(f"{path} is not a valid record: {error}.") from None
    return record


def _result(row: Mapping[str, Any]) -> SeedResult:
    return SeedResult(**{**row, "cluster_sizes": tuple(row["cluster_sizes"])})


def _check(record: Record) -> None:
    """Raise ValueError where a record cannot be true."""
    runs = [str(r.run) for r in record.results]
    if len(set(runs)) != len(runs):
        raise ValueError("a run appears twice")
    for r in record.results:
        scores = (r.accuracy, r.nmi_arithmetic, r.nmi_geometric, r.purity)
        if not all(0 <= float(s) <= 1 for s in scores) or not -1 <= float(r.ari) <= 1:
            raise ValueError(f"a score of seed {r.seed} is out of range")
        if not (math.isfinite(float(r.seconds)) and r.seconds >= 0):
            raise ValueError(f"the seconds of seed {r.seed} are {r.seconds}")
        if r.environment not in record.environments:
            raise ValueError(f"seed {r.seed} names the unknown environment {r.environment!r}")


def _tuples_as_lists(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
