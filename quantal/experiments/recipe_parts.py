"""The tables inside a recipe, each checked as it is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..data.options import FEATURES, TEXT_FEATURES
from ..errors import ParameterError, require_choice, require_range, suggestion

METRICS = ("accuracy", "nmi_arithmetic", "nmi_geometric", "ari", "purity")
T = TypeVar("T")


@dataclass(frozen=True)
class DataOptions:
    """How the rows of a data set become the rows that are clustered.

    Attributes:
        scaling: "pixels" for x/128 - 1 (the IMSAT code's [-1, 1]), "unit" for the set's smallest
            value at -1 and its largest at 1, "none" for the values as read.
        text: construction of the tf-idf columns of a text set, "20news" or "reuters".
        centered: subtract the mean image.
        unit_rows: then bring every image to length 1.
        features: descriptor or encoder that takes the place of the pixels, or encoder that takes
            that of the words, as ``--features`` names it; not with ``scaling``, ``copies`` or
            ``text``.
        learned_by: recipe whose network, fitted with its first seed to its own rows, embeds these;
            the rows are what that embedding gives.
        learned_from: that recipe's fingerprint, which `load_recipe` fills in, so that results are
            out of date once it changes.
        copies: random affine distortions of each image that replace it (0: the images
            themselves), drawn from ``seed``.
        copy_shift: largest shift of the copies along x and y, in pixels; None for the view's own.
        limit: keep only so many rows, drawn from ``seed``; for time-boxed runs.
        last: keep only the last so many rows, such as the test images of a set; not with
            ``limit``.
        seed: of the copies, the limited rows and the toy data.
        arcs: number of arcs of the toy set "spirals".
        per_arc: points on each arc.
        noise: standard deviation around the arc, in the unit of the coordinates.
    """

    scaling: str = "none"
    text: str | None = None
    centered: bool = False
    unit_rows: bool = False
    features: str | None = None
    learned_by: str | None = None
    learned_from: str | None = None
    copies: int = 0
    copy_shift: float | None = None
    limit: int | None = None
    last: int | None = None
    seed: int = 0
    arcs: int = 2
    per_arc: int = 300
    noise: float = 0.05

    def __post_init__(self) -> None:
        require_choice("data.scaling", self.scaling, ("none", "unit", "pixels"))
        require_choice("data.text", self.text, (None, "20news", "reuters"))
        for name in ("centered", "unit_rows"):
            require_choice(f"data.{name}", getattr(self, name), (True, False))
        require_range("data.copies", self.copies, low=0, integer=True)
        if self.copy_shift is not None:
            require_range("data.copy_shift", self.copy_shift, low=0)
            if not self.copies:
                raise ParameterError("data.copy_shift needs data.copies, which is 0.")
        require_range("data.seed", self.seed, low=0, integer=True)
        require_range("data.arcs", self.arcs, low=1, integer=True)
        require_range("data.per_arc", self.per_arc, low=2, integer=True)
        require_range("data.noise", self.noise, low=0)
        for name in ("limit", "last"):
            if getattr(self, name) is not None:
                require_range(f"data.{name}", getattr(self, name), low=2, integer=True)
        if self.limit is not None and self.last is not None:
            raise ParameterError("data.limit and data.last both choose rows; keep one of them.")
        if self.features is not None:
            require_choice("data.features", self.features, (*FEATURES, *TEXT_FEATURES))

    @property
    def settings(self) -> dict[str, Any]:
        """Options that are not at their default, so that a new option changes no old hash."""
        default = dataclasses.asdict(DataOptions())
        return {k: v for k, v in dataclasses.asdict(self).items() if v != default[k]}


@dataclass(frozen=True)
class Published:
    """The number in the paper, as a fraction: 0.984, not 98.4.

    Attributes:
        mean: over the paper's runs, in [0, 1].
        std: the deviation that the paper gives with it, if any.
        n: number of runs behind it, if the paper says so.
        metric: which score it is.
    """

    mean: float
    std: float | None = None
    n: int | None = None
    metric: str = "accuracy"

    def __post_init__(self) -> None:
        require_choice("published.metric", self.metric, METRICS)
        require_fraction("published.mean", self.mean)
        if self.std is not None:
            require_fraction("published.std", self.std)


@dataclass(frozen=True)
class PublishedNmi:
    """The paper's NMI of a row whose table gives the accuracy.

    Attributes:
        mean: normalised by the geometric mean of the entropies, in [0, 1].
        source: where it is printed, if elsewhere than the row's number.
    """

    mean: float
    source: str = ""

    def __post_init__(self) -> None:
        require_fraction("nmi.mean", self.mean)


@dataclass(frozen=True)
class Bar:
    """When our number counts as reproduced; every condition given must hold.

    Attributes:
        within: published standard deviations that our mean may be away, on either side.
        at_least: lowest mean.
        no_seed_below: lowest value of any one seed.
        seeds: the fewest seeds that the recipe may name.
    """

    within: float | None = None
    at_least: float | None = None
    no_seed_below: float | None = None
    seeds: int = 3

    def __post_init__(self) -> None:
        require_range("bar.seeds", self.seeds, low=1, integer=True)
        if self.within is not None:
            require_range("bar.within", self.within, low=0, low_open=True)
        for name in ("at_least", "no_seed_below"):
            if getattr(self, name) is not None:
                require_fraction(f"bar.{name}", getattr(self, name))
        if self.within is None and self.at_least is None:
            raise ParameterError(
                "bar needs `within` (published deviations) or `at_least` (a mean); "
                "leave bar out for a row that is only reported."
            )


@dataclass(frozen=True)
class Baseline:
    """K-means on the same rows: the best of ``n_init`` runs by inertia.

    Attributes:
        n_init: starts; labels are those of the lowest inertia.
        seed: of the starts.
        published: the paper's k-means accuracy as a fraction, if it gives one.
        within: how far ours may be from it (0.01 is one point).
    """

    n_init: int = 12
    seed: int = 0
    published: float | None = None
    within: float | None = None

    def __post_init__(self) -> None:
        require_range("baseline.n_init", self.n_init, low=1, integer=True)
        if self.published is not None:
            require_fraction("baseline.published", self.published)


@dataclass(frozen=True)
class Sweep:
    """The same run at several values of one parameter.

    Attributes:
        parameter: an estimator parameter; its value in ``params``, if any, gives way.
        values: what it is set to, in the order of the curve; a table sets several parameters, and
            ``parameter`` only gives the curve its name.
        measures: what is shown of the runs: scores of `METRICS`, and "seconds".
        panel: sweeps of one panel (one per data set) share a selected value (Eq. 21).
        selected: the value that the paper selects for the panel; None: nothing is selected.
    """

    parameter: str
    values: tuple[Any, ...]
    panel: str = ""
    selected: Any = None
    measures: tuple[str, ...] = ("accuracy",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        object.__setattr__(self, "measures", tuple(self.measures))
        for measure in self.measures:
            require_choice("sweep.measures", measure, (*METRICS, "seconds"))
        if len(self.values) < 2:
            raise ParameterError(
                f"sweep.values needs at least two values of {self.parameter}, "
                f"got {list(self.values)}."
            )


@dataclass(frozen=True)
class Picture:
    """What is drawn from the first seed.

    Attributes:
        kind: "grid" (random members of random clusters, one cluster a row), "regions" (the
            plane coloured by cluster, one panel a sweep value), "curve" (a sweep's scores) or
            "stages" (JULE's embeddings and clusters stage by stage, and the purity of
            neighbourhoods before and after).
        rows: clusters in the grid.
        columns: members of each.
    """

    kind: str
    rows: int = 10
    columns: int = 20

    def __post_init__(self) -> None:
        require_choice("picture.kind", self.kind, ("grid", "regions", "curve", "stages"))
        require_range("picture.rows", self.rows, low=1, integer=True)
        require_range("picture.columns", self.columns, low=1, integer=True)


def from_table(cls: type[T], table: Any, where: str) -> T:
    """Make a frozen dataclass of a parsed table, or say which key is unknown or lacking."""
    if not isinstance(table, Mapping):
        raise ParameterError(f"{where} must be a table of keys, got {table!r}.")
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            known = ", ".join(sorted(fields))
            raise ParameterError(
                f"{where} has no key {key!r}.{suggestion(key, fields)} It knows {known}."
            )
    for key, spec in fields.items():
        required = spec.default is dataclasses.MISSING
        if required and spec.default_factory is dataclasses.MISSING and key not in table:
            raise ParameterError(f"{where} lacks the key {key!r}.")
    return cls(**table)


def require_fraction(name: str, value: Any) -> None:
    """Raise ParameterError where ``value`` is no number in [0, 1]."""
    hint = ""
    if isinstance(value, (int, float)) and 1 < value <= 100:
        hint = f" Write {value / 100:g} for {value:g} %."
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ParameterError(f"{name} must be a fraction in [0, 1], got {value!r}.{hint}")


def with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return estimator parameters with TOML's lists as tuples."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}


def chosen_seeds(own: tuple[int, ...], instead: Iterable[int] | None) -> tuple[int, ...]:
    """Return a recipe's ``own`` seeds, or those asked for ``instead``.

    Raises:
        ParameterError: if a seed is no integer from 0.
    """
    chosen = own if instead is None else tuple(instead)
    for seed in chosen:
        require_range("seeds", seed, low=0, integer=True)
    return chosen
