"""A recipe of hash codes: what is trained, on which rows, and how its searches are judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ParameterError, require_choice, require_range
from .fingerprint import fingerprint_of
from .recipe_parts import DataOptions, chosen_seeds, from_table, require_fraction, with_tuples

SCORES = (
    "map_trapezoid",
    "map",
    "map_step",
    "precision_at_n",
    "precision_within_radius",
    "empty_balls",
)
PROTOCOLS = ("published", "clean")


@dataclass(frozen=True)
class PublishedScore:
    """A score in the paper, as a fraction.

    Attributes:
        mean: over the paper's runs, in [0, 1].
        std: the deviation that the paper gives with it, if any.
    """

    mean: float
    std: float | None = None

    def __post_init__(self) -> None:
        require_fraction("published.mean", self.mean)
        if self.std is not None:
            require_fraction("published.std", self.std)


@dataclass(frozen=True)
class RetrievalRecipe:
    """One row of a table of hash codes as data.

    Rows of the same class are relevant to one another. Of every class ``queries_per_class`` rows,
    drawn by the seed, are queries; all others are the gallery. Each seed draws its own.

    Attributes:
        name: folder and file name, e.g. "hashing/mnist-imsat-400-16".
        title: the method as the table names it.
        method: a hashing method of `quantal.catalog`.
        dataset: a named data set.
        n_bits: length of the codes.
        seeds: one split and one run each.
        protocols: "published": the queries are among the training rows, as in the IMSAT authors'
            code; "clean": only the gallery is trained on. Each is a run of its own.
        params: estimator parameters, all that differ from the estimator's defaults.
        data: how the rows are made.
        queries_per_class: queries of each class.
        n_retrieved: depth of precision@n.
        radius: of precision within a Hamming ball.
        source: paper, table and row of the published scores.
        published: score name to that score.
        at_least: score name to the lowest mean that counts as reproduced, under "published".
        departures: how the run differs from the paper's, one sentence each.
        reason: shown where a bar is missed: why, as far as we know.
        order: rows of the table are sorted by this, then by name.
        headline: whether the README's short table shows the row.
    """

    name: str
    title: str
    method: str
    dataset: str
    n_bits: int
    seeds: tuple[int, ...] = (0, 1, 2)
    protocols: tuple[str, ...] = PROTOCOLS
    params: dict[str, Any] = field(default_factory=dict)
    data: DataOptions = field(default_factory=DataOptions)
    queries_per_class: int = 100
    n_retrieved: int = 500
    radius: int = 2
    source: str = ""
    published: dict[str, PublishedScore] = field(default_factory=dict)
    at_least: dict[str, float] = field(default_factory=dict)
    departures: tuple[str, ...] = ()
    reason: str = ""
    order: int = 100
    headline: bool = False

    def __post_init__(self) -> None:
        require_range("n_bits", self.n_bits, low=1, integer=True)
        require_range("queries_per_class", self.queries_per_class, low=1, integer=True)
        require_range("n_retrieved", self.n_retrieved, low=1, integer=True)
        require_range("radius", self.radius, low=0, integer=True)
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ParameterError(f"seeds must be different integers, got {list(self.seeds)}.")
        if not self.protocols or len(set(self.protocols)) != len(self.protocols):
            raise ParameterError(f"protocols must be different, got {list(self.protocols)}.")
        for protocol in self.protocols:
            require_choice("protocols", protocol, PROTOCOLS)
        for score in (*self.published, *self.at_least):
            require_choice("a score", score, SCORES)
        for score, value in self.at_least.items():
            require_fraction(f"at_least.{score}", value)
        for key in sorted({"n_bits", "random_state"} & set(self.params)):
            raise ParameterError(f"params must not set {key}; the recipe sets it by its own key.")
        self.runs()  # checks the seeds

    @property
    def fingerprint(self) -> str:
        """Hash of what decides the results; texts, bars and further seeds leave it as it is."""
        return fingerprint_of(
            {
                "method": self.method,
                "dataset": self.dataset,
                "n_bits": self.n_bits,
                "params": self.params,
                "data": self.data.settings,
                "judged": [self.queries_per_class, self.n_retrieved, self.radius],
            }
        )

    def parameters(self) -> dict[str, Any]:
        """Estimator parameters, lists as tuples."""
        return with_tuples(self.params)

    def runs(self, seeds: Iterable[int] | None = None) -> list[tuple[int, str]]:
        """(seed, protocol) of every run.

        Args:
            seeds: instead of the recipe's own.

        Raises:
            ParameterError: if a seed is no integer from 0.
        """
        return [
            (seed, protocol)
            for seed in chosen_seeds(self.seeds, seeds)
            for protocol in self.protocols
        ]


def retrieval_recipe_from_dict(name: str, table: Mapping[str, Any]) -> RetrievalRecipe:
    """Make a recipe of hash codes of parsed TOML.

    Args:
        name: what the recipe is called.
        table: its keys, as documented at `RetrievalRecipe`.

    Raises:
        ParameterError: for an unknown or missing key or a value that is not allowed; the message
            starts with the recipe's name.
    """
    values = dict(table)
    try:
        if "data" in values:
            values["data"] = from_table(DataOptions, values["data"], "[data]")
        if "published" in values:
            values["published"] = {
                score: from_table(PublishedScore, entry, f"[published.{score}]")
                for score, entry in values["published"].items()
            }
        for key in ("seeds", "departures", "protocols"):
            if key in values:
                values[key] = tuple(values[key])
        return from_table(RetrievalRecipe, {"name": name, **values}, "the recipe")
    except (ParameterError, TypeError, AttributeError) as error:
        raise ParameterError(f"Recipe {name}: {error}") from None


def scores_of(result: Any) -> dict[str, float]:
    """The scores of a result or of `quantal.metrics.RetrievalScores`, by name."""
    values = dataclasses.asdict(result)
    return {score: float(values[score]) for score in SCORES}
