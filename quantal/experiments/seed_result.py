"""What a clustering run of a recipe gave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .record import RecordFormat


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
        return run_of(self.seed, self.value)

    @property
    def order(self) -> int:
        """Results are sorted by seed; sweep values stay as they came."""
        return self.seed


def run_of(seed: int, value: Any = None) -> tuple[int, Any]:
    """What identifies the run of a seed and a sweep value; JSON has no tuples.

    Args:
        seed: the estimator's ``random_state``.
        value: the swept parameter's value; None without a sweep.
    """
    return seed, list(value) if isinstance(value, tuple) else value


def _read(row: Mapping[str, Any]) -> SeedResult:
    return SeedResult(**{**row, "cluster_sizes": tuple(row["cluster_sizes"])})


def _check(r: SeedResult) -> None:
    scores = (r.accuracy, r.nmi_arithmetic, r.nmi_geometric, r.purity)
    if not all(0 <= float(s) <= 1 for s in scores) or not -1 <= float(r.ari) <= 1:
        raise ValueError(f"a score of seed {r.seed} is out of range")
    if not (math.isfinite(float(r.seconds)) and r.seconds >= 0):
        raise ValueError(f"the seconds of seed {r.seed} are {r.seconds}")


CLUSTERING_RECORDS = RecordFormat(1, _read, _check)
