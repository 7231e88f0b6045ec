"""Learning from pairs as an estimator does it: preparation, network, step, judgement, labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from ..data.preparation import learn_preparation
from ..errors import ParameterError, require_choice, require_range
from ..estimators import SelfAugmented, defaults
from ..estimators.image_layout import image_layout
from ..estimators.input_rows import len_of
from ..graph import Progress
from ..training import PassStep, current, resolve_device, resolve_dtype, share_of
from ..training.rows import Rows
from ..views import ColumnSwap, Cutout, GaussianNoise, Mixup
from .balance import information_term
from .head_layout import BoundHead, HeadLayout
from .network_clusterer import NetworkClusterer
from .pair_network import pair_network, require_network
from .pair_terms import CHANGES, INFORMATION, PairTerms, Weighted, weighted
from .paired_changes import Adversary, Change, Mixing, OfRows, OfView, PairBatch
from .row_views import (
    Flat,
    RowViews,
    colours_first,
    image_views,
    pixel_preparation,
    vector_views,
)

CONVOLUTION_WIDTH = 256  # products of a convolution are wide enough for bfloat16
SUBHEADS = ("best", "mean")
IMAGES_ONLY = ("geometric", "cutout")
ADVERSARIES = {"vat": "divergence", "ivat": "information"}


class PairTraining(SelfAugmented, NetworkClusterer):
    """Base of `quantal.clustering.IIC`; see there for the parameters and attributes."""

    information: Any
    transformation: Any
    regularization: Any
    entropy_weight: float
    n_views: int
    n_subheads: int
    n_overclusters: int | None
    overcluster_every: int
    subheads: str
    network: Any
    sobel: bool
    geometry: str
    noise: float
    swap: float

    # What the shared code asks for and this method does not offer.
    augmentation: Any = "vat"
    prior: Any = "uniform"
    prior_tolerance: float | None = None
    init: str = "random"

    _views: RowViews
    _layout: HeadLayout
    _terms_of_fit: PairTerms

    def _require_parameters(self) -> None:
        super()._require_parameters()
        self._require_augmentation()
        weighted("information", self.information, INFORMATION, own=False)
        self._regularizers()
        if not callable(self.transformation):
            require_choice("transformation", self.transformation, ("auto", *CHANGES))
        for name in ("n_views", "n_subheads"):
            require_range(name, getattr(self, name), low=1, high=1000, integer=True)
        require_range("overcluster_every", self.overcluster_every, low=2, integer=True)
        if self.n_overclusters is not None:
            require_range("n_overclusters", self.n_overclusters, low=self.n_clusters, integer=True)
        require_range("entropy_weight", self.entropy_weight, low=0)
        require_range("noise", self.noise, low=0)
        require_range("swap", self.swap, low=0, high=1)
        require_choice("subheads", self.subheads, SUBHEADS)
        require_network(self.network)
        if current() is not None and not isinstance(self.network, str):
            raise ParameterError(
                "a network of your own computes its batch statistics and draws within one process. "
                "Run the fit without torchrun, or name one of quantal's networks."
            )

    def _regularizers(self) -> Weighted:
        if self.regularization is None:
            return []
        return weighted("regularization", self.regularization, CHANGES, own=True)

    def _set_up(self, x: Any, begun: Mapping[str, str]) -> None:
        self._device = resolve_device(begun.get("device", self.device))
        shape = self._image_shape()
        self._set_views(shape)
        if shape is None:
            self.preparation_ = learn_preparation(x, self.scaling)
            self.hidden_layer_sizes_ = self._widths(len_of(x))
        else:
            form, was_last = colours_first(shape)
            self.preparation_ = pixel_preparation(x, form, was_last=was_last)
            self.hidden_layer_sizes_ = ()
        widths = self.hidden_layer_sizes_ if shape is None else (CONVOLUTION_WIDTH,)
        precision = begun.get("precision", self.precision)
        self._dtype = resolve_dtype(precision, self._device, widths)

    def _set_views(self, shape: tuple[int, ...] | None) -> None:
        """Set how rows are seen and which columns of the output are whose."""
        self._layout = HeadLayout(
            self.n_clusters, self.n_subheads, self.n_overclusters, self.overcluster_every
        )
        if shape is None:
            self._views = vector_views(self.swap)
        else:
            self._views = image_views(self.geometry, colours_first(shape)[0])

    def _epoch_note(self, history: dict[str, list[float]]) -> str:
        layout, last = self._layout, len(history["total"])
        while last and layout.in_pass(last - 1) != layout.clusters:  # passes of the other head
            last -= 1
        return super()._epoch_note({k: v[:last] for k, v in history.items()}) if last else ""

    def _image_shape(self) -> tuple[int, ...] | None:
        return image_layout(self.image_shape, self.image_shape_, self.n_features_in_)

    def _has_layout(self) -> bool:
        return self._image_shape() is not None

    def _n_outputs(self) -> int:
        return self._layout.n_outputs

    def _make_network(self, generator: torch.Generator) -> torch.nn.Module:
        shape = self._image_shape()
        return pair_network(
            self.network,
            self._views.image_shape,
            0 if shape is None else colours_first(shape)[0][0],
            self.n_features_in_,
            self.hidden_layer_sizes_,
            self._n_outputs(),
            self.sobel,
            generator,
        )

    def _information_weights(self) -> dict[str, float]:
        """Return the weight of each term of information that is asked for."""
        return dict(weighted("information", self.information, INFORMATION, own=False))

    def _pair_terms(self, rows: Rows, seed: int, progress: Progress | None = None) -> PairTerms:
        """Return what a step minimises, with every radius measured."""
        weights = self._information_weights()
        is_image = self._views.image_shape is not None
        kind = self.transformation
        if isinstance(kind, str) and kind == "auto":
            kind = "geometric" if is_image else "swap"
        kinds = [kind if weights.get("pairs", 0) else None, *(k for k, _ in self._regularizers())]
        adversary = self._adversary(rows, seed, progress, kinds)
        return PairTerms(
            pairs_weight=weights.get("pairs", 0.0),
            inputs_weight=weights.get("inputs", 0.0) * self._trade_off(),
            entropy_weight=float(self.entropy_weight),
            information=lambda k: information_term("uniform", k, self.balance, None, self._device),
            change=self._change(kind, adversary),
            n_copies=int(self.n_views),
            regularizers=[
                (name, weight, self._change(k, adversary))
                for name, (k, weight) in zip(
                    _names_of(k for k, _ in self._regularizers()), self._regularizers(), strict=True
                )
            ],
        )

    def _adversary(
        self, rows: Rows, seed: int, progress: Progress | None, kinds: list[Any]
    ) -> Callable[[str], Adversary]:
        """Return a maker of adversaries; neighbours are looked for only if one is needed."""
        needed = any(isinstance(kind, str) and kind in ADVERSARIES for kind in kinds)
        measured = self.radius is None or self.units == "neighbors"
        distance = torch.ones(len(rows), device=rows.device)
        self.n_compared_ = 0
        if needed and measured:
            distance = self._neighbor_distances(rows, seed, progress) * self._seen_share()
        radius = self.alpha * distance
        if self.radius is not None:
            radius = torch.full((len(rows),), float(self.radius), device=rows.device)
        xi = float(self.xi) if self.units == "absolute" else self.xi * distance
        return lambda against: Adversary(radius, xi, self.n_power, against)

    def _seen_share(self) -> float:
        """Return how a distance between rows shrinks or grows with the size of the views."""
        seen = self._views.image_shape
        if seen is None:
            return 1.0
        return math.sqrt(math.prod(seen) / self.n_features_in_)

    def _change(self, kind: Any, adversary: Callable[[str], Adversary]) -> Change:
        """Return the change for a kind or a callable."""
        shape = self._views.image_shape
        if callable(kind):
            return OfView(kind if shape is None else Flat(kind, shape))
        if shape is None and kind in IMAGES_ONLY:
            raise ParameterError(
                f"{kind!r} moves pixels, and X holds vectors. Pass images, shape (n, h, w) or "
                "(n, h, w, 3), or image_shape=(h, w), or use 'swap', 'gaussian', 'mixup' or 'vat'."
            )
        if kind in ADVERSARIES:
            return adversary(ADVERSARIES[kind])
        if kind == "mixup":
            return Mixing(Mixup())
        if kind == "gaussian":
            return OfView(GaussianNoise(self.noise))
        if kind == "swap":
            return OfView(ColumnSwap(self.swap))
        if kind == "cutout" and shape is not None:
            return OfView(Flat(Cutout.for_images(*shape[1:]), shape))
        if self.geometry == "none":
            raise ParameterError(
                "'geometric' changes need a geometry, and geometry is 'none'. Pass geometry='auto'."
            )
        return OfRows(self._views.second)

    def _trade_off(self) -> float:
        is_linear = self._views.image_shape is None and not self.hidden_layer_sizes_
        return defaults.trade_off(self.trade_off, () if is_linear else (1,))

    def _step_maker(
        self, rows: Rows, seed: int, progress: Progress | None = None
    ) -> Callable[..., Any]:
        terms = self._terms_of_fit = self._pair_terms(rows, seed, progress)
        layout, first = self._layout, self._views.first

        def make(network: Any, stage: object, generator: torch.Generator) -> PassStep:  # noqa: ARG001
            def step(numbers: Tensor, number: int) -> dict[str, Tensor]:
                share = share_of(len(numbers))
                head = BoundHead(network.bind(self._dtype), layout.in_pass(number))
                x = rows.prepared(numbers)
                view = first(x, generator)

                def batch_of(clean: Tensor) -> PairBatch:
                    return PairBatch(numbers, x, view, clean, head, generator, share)

                return terms(head, batch_of, share.mine(view))

            return PassStep(step, lambda number: layout.in_pass(number) == layout.clusters)

        return make


def _names_of(kinds: Iterable[Any]) -> list[str]:
    """Return a name for each kind of change; those of equal names are numbered."""
    names: list[str] = []
    for kind in kinds:
        name = kind if isinstance(kind, str) else getattr(kind, "__name__", type(kind).__name__)
        same = sum(one.split(" ")[0] == name for one in names)
        names.append(f"{name} {same + 1}" if same else name)
    return names
