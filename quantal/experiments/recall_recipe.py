"""A recipe of recall: codes of several lengths, judged by the true neighbours that they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ParameterError, require_choice, require_range
from .fingerprint import fingerprint_of
from .recall_data import SearchData
from .recipe_parts import chosen_seeds, from_table, with_tuples

CURVES = (1, 10)  # K of the curves of Recall K@N
DEPTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # their N
SCORES = ((10, 10), (10, 100), (1, 100), (100, 100))  # K and N of the tables
ERRORS = ("own_error", "least_squares_error")
BAND_SCORES = (*(f"{k}@{n}" for k, n in SCORES), *ERRORS)


@dataclass(frozen=True)
class Budget:
    """The same fit with several lengths of training: reconstruction against examples seen.

    Attributes:
        parameter: estimator parameter that says how long; its value in ``params`` gives way.
        values: what it is set to, rising.
        examples: rows seen for each unit of the parameter, such as a batch; 0: all rows of the
            gallery, as for turns of a rotation.
    """

    parameter: str
    values: tuple[int, ...]
    examples: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        for value in self.values:
            require_range("budget.values", value, low=1, integer=True)
        if len(self.values) < 2 or list(self.values) != sorted(set(self.values)):
            raise ParameterError(
                f"budget.values must be at least two rising numbers, got {list(self.values)}."
            )
        require_range("budget.examples", self.examples, low=0, integer=True)


@dataclass(frozen=True)
class Band:
    """Where a mean over seeds must lie.

    Attributes:
        score: "10@100" and the like, ranked by Hamming distance with ties expected; or
            "own_error", "least_squares_error".
        n_bits: length of the codes that it is for.
        low: smallest value.
        high: largest value.
    """

    score: str
    n_bits: int
    low: float = 0.0
    high: float = float("inf")

    def __post_init__(self) -> None:
        require_choice("bands.score", self.score, BAND_SCORES)
        require_range("bands.n_bits", self.n_bits, low=1, integer=True)
        if not self.low <= self.high:
            raise ParameterError(
                f"a band needs low <= high, got low = {self.low} and high = {self.high}."
            )


@dataclass(frozen=True)
class RecallRecipe:
    """One method of a table of recall as data.

    Attributes:
        name: folder and file name, e.g. "recall/mnist-itq".
        title: the method as the table names it.
        method: a hashing method of `quantal.catalog`, or one that the caller's ``build`` knows.
        data: gallery and queries.
        bits: lengths of the codes, each a run of its own.
        seeds: one run each.
        params: estimator parameters, all that differ from the estimator's defaults.
        encoding: parameters of ``transform``, such as refine = 3.
        budget: several lengths of training; None: the method's own.
        bands: what means are held to; not with a budget.
        departures: how the run differs from the paper's, one sentence each.
        reason: shown where a band is missed: why, as far as we know.
        order: rows of the table are sorted by this, then by name.
    """

    name: str
    title: str
    method: str
    data: SearchData
    bits: tuple[int, ...] = (8, 16, 32, 64)
    seeds: tuple[int, ...] = (0, 1, 2)
    params: dict[str, Any] = field(default_factory=dict)
    encoding: dict[str, Any] = field(default_factory=dict)
    budget: Budget | None = None
    bands: tuple[Band, ...] = ()
    departures: tuple[str, ...] = ()
    reason: str = ""
    order: int = 100

    def __post_init__(self) -> None:
        for key, low in (("bits", 1), ("seeds", 0)):
            values = getattr(self, key)
            if not values or len(set(values)) != len(values):
                raise ParameterError(f"{key} must be different integers, got {list(values)}.")
            for value in values:
                require_range(key, value, low=low, integer=True)
        for key in sorted({"n_bits", "random_state"} & set(self.params)):
            raise ParameterError(f"params must not set {key}; the recipe's bits and seeds do.")
        if self.budget and self.bands:
            raise ParameterError(
                "bands hold one training, but budget asks for several. Leave one of them out."
            )
        if self.budget and self.data.train and not self.budget.examples:
            raise ParameterError(
                "budget.examples must be given where data.train is: 0 counts the gallery's rows."
            )
        for band in self.bands:
            require_choice("bands.n_bits", band.n_bits, self.bits)

    @property
    def dataset(self) -> str:
        """What the tables call the data."""
        return self.data.title

    @property
    def fingerprint(self) -> str:
        """Hash of what decides the results; texts, bands, lengths and seeds leave it as it is."""
        return fingerprint_of(
            {
                "method": self.method,
                "data": self.data.settings,
                "params": self.params,
                "encoding": self.encoding,
                "budget": self.budget and [self.budget.parameter, self.budget.examples],
            }
        )

    def parameters(self, step: int | None) -> dict[str, Any]:
        """Estimator parameters at a step of the budget, lists as tuples."""
        values = with_tuples(self.params)
        return values if self.budget is None else {**values, self.budget.parameter: step}

    def runs(self, seeds: Iterable[int] | None = None) -> list[tuple[int, int, int | None]]:
        """(length, seed, step of the budget) of every run.

        Args:
            seeds: instead of the recipe's own.

        Raises:
            ParameterError: if a seed is no integer from 0.
        """
        chosen = chosen_seeds(self.seeds, seeds)
        steps: tuple[int | None, ...] = (None,) if self.budget is None else self.budget.values
        return [(n_bits, seed, step) for n_bits in self.bits for seed in chosen for step in steps]


def recall_recipe_from_dict(name: str, table: Mapping[str, Any]) -> RecallRecipe:
    """Make a recipe of recall of parsed TOML.

    Args:
        name: what the recipe is called.
        table: its keys, as documented at `RecallRecipe`.

    Raises:
        ParameterError: for an unknown or missing key or a value that is not allowed; the message
            starts with the recipe's name.
    """
    values = dict(table)
    try:
        if "data" in values:
            values["data"] = from_table(SearchData, values["data"], "[data]")
        if "budget" in values:
            values["budget"] = from_table(Budget, values["budget"], "[budget]")
        if "bands" in values:
            bands = values["bands"]
            values["bands"] = tuple(from_table(Band, band, "[[bands]]") for band in bands)
        for key in ("bits", "seeds", "departures"):
            if key in values:
                values[key] = tuple(values[key])
        return from_table(RecallRecipe, {"name": name, **values}, "the recipe")
    except (ParameterError, TypeError, AttributeError) as error:
        raise ParameterError(f"Recipe {name}: {error}") from None
