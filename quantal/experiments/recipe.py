"""A recipe: everything that decides one published number, and how ours is judged against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ParameterError, require_range
from .fingerprint import fingerprint_of
from .recipe_parts import (
    Bar,
    Baseline,
    DataOptions,
    Picture,
    Published,
    PublishedNmi,
    Sweep,
    chosen_seeds,
    from_table,
    with_tuples,
)


@dataclass(frozen=True)
class Recipe:
    """One row of a table (or one curve of a figure) as data.

    Attributes:
        name: folder and file name, e.g. "imsat/mnist-vat".
        title: the method as the table names it.
        method: a method of `quantal.catalog`.
        dataset: a named data set, or "spirals".
        n_clusters: given, never read from the labels.
        seeds: one run each.
        params: estimator parameters, all that differ from the estimator's defaults.
        data: how the rows are made.
        source: paper, table and row of the published number.
        published: that number.
        nmi: the paper's NMI of the same row, where it prints that too.
        bar: when ours counts as reproduced; None: it is reported only.
        baseline: k-means beside the row.
        sweep: the parameter that is varied, if any.
        picture: what is drawn, if anything.
        departures: how the run differs from the paper's, one sentence each.
        reason: shown where the bar is missed: why, as far as we know.
        notes: anything else; not shown.
        order: rows of the table are sorted by this, then by name.
        headline: whether the README's short table shows the row.
    """

    name: str
    title: str
    method: str
    dataset: str
    n_clusters: int
    seeds: tuple[int, ...] = (0, 1, 2)
    params: dict[str, Any] = field(default_factory=dict)
    data: DataOptions = field(default_factory=DataOptions)
    source: str = ""
    published: Published | None = None
    nmi: PublishedNmi | None = None
    bar: Bar | None = None
    baseline: Baseline | None = None
    sweep: Sweep | None = None
    picture: Picture | None = None
    departures: tuple[str, ...] = ()
    reason: str = ""
    notes: str = ""
    order: int = 100
    headline: bool = False

    def __post_init__(self) -> None:
        require_range("n_clusters", self.n_clusters, low=1, integer=True)
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ParameterError(f"seeds must be different integers, got {list(self.seeds)}.")
        self.runs()  # checks the seeds
        for key in sorted({"n_clusters", "random_state"} & set(self.params)):
            raise ParameterError(f"params must not set {key}; the recipe sets it by its own key.")
        if self.bar and len(self.seeds) < self.bar.seeds:
            raise ParameterError(
                f"bar.seeds asks for {self.bar.seeds}, got {len(self.seeds)} seeds."
            )
        if self.bar and self.bar.within and not (self.published and self.published.std):
            raise ParameterError("bar.within needs published.std to count deviations in.")

    @property
    def fingerprint(self) -> str:
        """Hash of what decides the results; texts, bars and further seeds leave it as it is."""
        return fingerprint_of(
            {
                "method": self.method,
                "dataset": self.dataset,
                "n_clusters": self.n_clusters,
                "params": self.params,
                "data": self.data.settings,
                "sweep": [self.sweep.parameter, list(self.sweep.values)] if self.sweep else None,
            }
        )

    @property
    def baseline_fingerprint(self) -> str:
        """Hash of what decides the k-means run; rows on the same data share it."""
        baseline = self.baseline or Baseline()
        return fingerprint_of(
            {
                "dataset": self.dataset,
                "n_clusters": self.n_clusters,
                "data": self.data.settings,
                "kmeans": [baseline.n_init, baseline.seed],
            }
        )

    def parameters(self, value: Any = None) -> dict[str, Any]:
        """Estimator parameters of a run, the sweep's ``value`` included, lists as tuples."""
        several = value if isinstance(value, Mapping) else None
        swept = several or ({self.sweep.parameter: value} if self.sweep else {})
        return with_tuples({**self.params, **swept})

    def runs(self, seeds: Iterable[int] | None = None) -> list[tuple[int, Any]]:
        """(seed, sweep value) of every run; the value is None without a sweep.

        Args:
            seeds: instead of the recipe's own.

        Raises:
            ParameterError: if a seed is no integer from 0.
        """
        values = self.sweep.values if self.sweep else (None,)
        return [(seed, value) for seed in chosen_seeds(self.seeds, seeds) for value in values]


_TABLES: dict[str, type[Any]] = {
    "data": DataOptions,
    "published": Published,
    "nmi": PublishedNmi,
    "bar": Bar,
    "baseline": Baseline,
    "sweep": Sweep,
    "picture": Picture,
}


def recipe_from_dict(name: str, table: Mapping[str, Any]) -> Recipe:
    """Make a recipe of parsed TOML.

    Args:
        name: what the recipe is called.
        table: its keys, as documented at `Recipe`.

    Raises:
        ParameterError: for an unknown or missing key or a value that is not allowed; the message
            starts with the recipe's name.
    """
    values = dict(table)
    try:
        for key, cls in _TABLES.items():
            if key in values:
                values[key] = from_table(cls, values[key], f"[{key}]")
        for key in ("seeds", "departures"):
            if key in values:
                values[key] = tuple(values[key])
        return from_table(Recipe, {"name": name, **values}, "the recipe")
    except (ParameterError, TypeError) as error:
        raise ParameterError(f"Recipe {name}: {error}") from None
