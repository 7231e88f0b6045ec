"""A recipe of classes: what a classifier learns from what a clustering learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ParameterError, require_choice, require_range
from .fingerprint import fingerprint_of
from .recipe_parts import DataOptions, chosen_seeds, from_table, require_fraction

LINEAR = ("pixels", "Y", "FC", "Conv")
TUNED = ("scratch", "pre-trained", "scratch augmented", "pre-trained augmented")


@dataclass(frozen=True)
class ClassRecipe:
    """One comparison of classifiers as data.

    Attributes:
        name: folder and file name, e.g. "iic/cifar10-linear".
        title: the method as the table names it.
        learned_by: recipe of clusters whose estimator, fitted with the same seed, is built on.
        dataset: a named data set.
        variants: runs of every seed. "pixels", "Y", "FC" and "Conv" train a linear classifier on
            frozen features; "pre-trained" and "scratch" the whole network, "... augmented" on
            images that are shifted and mirrored at random.
        learned_from: fingerprint of ``learned_by``, which `load_recipe` fills in.
        seeds: one fit of the clusterer each.
        data: how the rows are made; all rows of the set, as the split needs them.
        n_train: so many first rows are the training rows, the others the test rows; None: as the
            named set has them.
        train_limit: learn from so many training rows only, drawn from ``data.seed``.
        n_epochs: passes over the training rows.
        batch_size: rows of a step.
        learning_rate: Adam's step size.
        scratch_learning_rate: the same where the network starts from scratch.
        mirrored: whether the augmented variants mirror images.
        source: paper and table of the published accuracies.
        published: variant to accuracy, as fractions.
        departures: how the run differs from the paper's, one sentence each.
        order: rows of the table are sorted by this, then by name.
    """

    name: str
    title: str
    learned_by: str
    dataset: str
    variants: tuple[str, ...]
    learned_from: str | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    data: DataOptions = field(default_factory=DataOptions)
    n_train: int | None = None
    train_limit: int | None = None
    n_epochs: int = 300
    batch_size: int = 100
    learning_rate: float = 1e-4
    scratch_learning_rate: float = 1e-3
    mirrored: bool = True
    source: str = ""
    published: dict[str, float] = field(default_factory=dict)
    departures: tuple[str, ...] = ()
    order: int = 100

    def __post_init__(self) -> None:
        for name in ("n_epochs", "batch_size"):
            require_range(name, getattr(self, name), low=1, integer=True)
        for name in ("learning_rate", "scratch_learning_rate"):
            require_range(name, getattr(self, name), low=0, low_open=True)
        for name in ("n_train", "train_limit"):
            if getattr(self, name) is not None:
                require_range(name, getattr(self, name), low=1, integer=True)
        require_choice("mirrored", self.mirrored, (True, False))
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ParameterError(f"seeds must be different integers, got {list(self.seeds)}.")
        if not self.variants or len(set(self.variants)) != len(self.variants):
            raise ParameterError(f"variants must be different, got {list(self.variants)}.")
        for variant in (*self.variants, *self.published):
            require_choice("variants", variant, (*LINEAR, *TUNED))
        for variant, value in self.published.items():
            require_fraction(f"published.{variant}", value)
        chosen = {"limit", "last", "copies", "learned_by"} & set(self.data.settings)
        if chosen:
            raise ParameterError(
                f"data.{min(chosen)} changes which rows there are, and the split needs those of "
                "the set. Use train_limit to learn from fewer."
            )
        self.runs()  # checks the seeds

    @property
    def fingerprint(self) -> str:
        """Hash of what decides the results; texts and further seeds leave it as it is."""
        trained = [self.n_epochs, self.batch_size, self.learning_rate, self.scratch_learning_rate]
        return fingerprint_of(
            {
                "learned_from": self.learned_from,
                "dataset": self.dataset,
                "data": self.data.settings,
                "split": [self.n_train, self.train_limit],
                "trained": [*trained, self.mirrored],
            }
        )

    def runs(self, seeds: Iterable[int] | None = None) -> list[tuple[int, str]]:
        """(seed, variant) of every run.

        Args:
            seeds: instead of the recipe's own.

        Raises:
            ParameterError: if a seed is no integer from 0.
        """
        return [(s, v) for s in chosen_seeds(self.seeds, seeds) for v in self.variants]


def class_recipe_from_dict(name: str, table: Mapping[str, Any]) -> ClassRecipe:
    """Make a recipe of classes of parsed TOML.

    Args:
        name: what the recipe is called.
        table: its keys, as documented at `ClassRecipe`.

    Raises:
        ParameterError: for an unknown or missing key or a value that is not allowed; the message
            starts with the recipe's name.
    """
    values = dict(table)
    try:
        if "data" in values:
            values["data"] = from_table(DataOptions, values["data"], "[data]")
        for key in ("seeds", "departures", "variants"):
            if key in values:
                values[key] = tuple(values[key])
        return from_table(ClassRecipe, {"name": name, **values}, "the recipe")
    except (ParameterError, TypeError, AttributeError) as error:
        raise ParameterError(f"Recipe {name}: {error}") from None
