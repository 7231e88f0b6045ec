"""The terms of self-augmented training: what must not change a prediction, and how much.

A term maps a batch to a penalty KL[p(y|x) || p(y|T(x))]. Terms with weights add up (Hu et al.
2017, Eq. 18); anything with the signature of a view can be one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from ..errors import ParameterError, require_choice, require_range
from ..networks import BoundMLP
from ..objectives import label_divergence, rpt_penalty, vat_penalty
from ..objectives.divergence import Divergence
from ..training.rows import Rows
from ..views import AffineDistortion, View

NAMES = ("vat", "rpt", "affine", "vat+affine")


@dataclass(frozen=True)
class Batch:
    """What a term may use.

    Attributes:
        numbers: Row numbers of the whole batch, whoever computes its rows.
        x: Prepared rows of this process, shape (b, d); of one process, all.
        clean: What ``divergence`` takes of the clean rows, detached: log-probabilities of labels
            or logits of bits, shape (b, k).
        network: The network with this step's weights.
        rows: The data set, for terms that change raw rows.
        generator: Source of every draw.
        divergence: How much a prediction has changed, a mean over the batch.
        share: Which rows of the batch are this process's.
    """

    numbers: Tensor
    x: Tensor
    clean: Tensor
    network: BoundMLP
    rows: Rows
    generator: torch.Generator
    divergence: Divergence = label_divergence
    share: BatchShare = WHOLE

    @property
    def own(self) -> Tensor:
        """Row numbers of this process, shape (b,)."""
        return self.share.mine(self.numbers)

    def perturbed(self, x: Tensor) -> Tensor:
        """Logits at changed rows, normalised by their own batch, averages untouched."""
        return self.network(x, "batch")


Term = Callable[[Batch], Tensor]


@dataclass(frozen=True, eq=False)
class AdversarialTerm:
    """Virtual adversarial training; see `quantal.objectives.vat_penalty`.

    Attributes:
        radius: Length of the perturbation of every row of the data, shape (n,).
        xi: Length of the probing step, a number or shape (n,).
        n_power: Power iterations.
    """

    radius: Tensor
    xi: float | Tensor
    n_power: int

    def __call__(self, batch: Batch) -> Tensor:
        """Return the penalty of a batch."""
        frozen = batch.network.frozen()
        xi = self.xi if isinstance(self.xi, float) else self.xi[batch.own][:, None]
        return vat_penalty(
            batch.perturbed,
            lambda x: frozen(x, "batch"),
            batch.x,
            batch.clean,
            self.radius[batch.own],
            xi=xi,
            n_power=self.n_power,
            generator=batch.generator,
            divergence=batch.divergence,
            share=batch.share,
        )


@dataclass(frozen=True, eq=False)
class RandomTerm:
    """Random perturbation training; see `quantal.objectives.rpt_penalty`.

    Attributes:
        radius: Length of the perturbation of every row of the data, shape (n,).
    """

    radius: Tensor

    def __call__(self, batch: Batch) -> Tensor:
        """Return the penalty of a batch."""
        return rpt_penalty(
            batch.perturbed,
            batch.x,
            batch.clean,
            self.radius[batch.own],
            generator=batch.generator,
            divergence=batch.divergence,
            share=batch.share,
        )


@dataclass(frozen=True, eq=False)
class ViewTerm:
    """Any view of the raw rows: (b, d) rows in the data's own units and a generator in, same out.

    Attributes:
        view: The transformation.
        parameter: Where messages say that it was given.
    """

    view: View
    parameter: str = "augmentation"

    def __call__(self, batch: Batch) -> Tensor:
        """Return the penalty of a batch."""
        # Of the whole batch: a view may mix rows, and must draw alike for any number of processes.
        raw = batch.rows.raw(batch.numbers)
        changed = self.view(raw, batch.generator)
        if not isinstance(changed, Tensor):
            raise ParameterError(
                f"A view in {self.parameter} returned {type(changed).__name__}, not a tensor; it "
                "takes (rows, generator) and must return the changed rows, a tensor of their shape."
            )
        if changed.shape != raw.shape:
            raise ParameterError(
                f"A view in {self.parameter} returned shape {tuple(changed.shape)} for a batch of "
                f"shape {tuple(raw.shape)}; it must keep the shape."
            )
        own = batch.rows.prepare(batch.share.mine(changed))
        return batch.divergence(batch.clean, batch.perturbed(own))


def weighted_names(
    augmentation: Any, parameter: str = "augmentation"
) -> list[tuple[str, Any, float]]:
    """Turn the ``augmentation`` parameter into (name of the term, kind or view, weight).

    Args:
        augmentation: one of `NAMES`, a view, or a list of these or of (one of these, weight)
            pairs. Without weights, the members of a list share 1 equally, as in Eq. 18.
        parameter: what messages call it. Views in another than "augmentation" are named so, that
            two functions of one name are two terms of a history.

    Raises:
        ParameterError: Not of that form.
    """
    if isinstance(augmentation, str):
        require_choice(parameter, augmentation, NAMES)
        parts: Iterable[Any] = augmentation.split("+")
    elif callable(augmentation):
        parts = [augmentation]
    elif isinstance(augmentation, list | tuple) and augmentation:
        parts = augmentation
    else:
        raise ParameterError(
            f"{parameter} must be one of {', '.join(map(repr, NAMES))}, a callable "
            f"(rows, generator) -> rows, or a list of them or of (one, weight) pairs, got "
            f"{augmentation!r}."
        )
    parts = list(parts)
    return [_named(part, 1 / len(parts), place, parameter) for place, part in enumerate(parts)]


def _named(part: Any, weight: float, place: int, parameter: str) -> tuple[str, Any, float]:
    if isinstance(part, list | tuple) and len(part) == 2:
        part, weight = part
        require_range(f"a weight in {parameter}", weight, low=0)
    if callable(part):
        name = getattr(part, "__name__", type(part).__name__)
        where = "" if parameter == "augmentation" else f" of {parameter}"
        return f"view {place} ({name}){where}", part, float(weight)
    require_choice(parameter, part, NAMES[:3])
    return cast(str, part), part, float(weight)


def view_of(
    kind: Any, image_shape: tuple[int, ...] | None, parameter: str = "augmentation"
) -> View:
    """Return the view for "affine" or a callable.

    Args:
        kind: "affine", or the view itself.
        image_shape: of the images that the rows are; None: the rows are vectors.
        parameter: what messages call the parameter that asked for it.

    Raises:
        ParameterError: "affine" of rows that are no grey images.
    """
    if callable(kind):
        return cast(View, kind)
    if image_shape is None or len(image_shape) != 2:
        rows, remedy = f"images of shape {image_shape}", "Convert them to grey"
        if image_shape is None:
            rows, remedy = "vectors", "Pass images of shape (n, h, w), or image_shape=(h, w)"
        raise ParameterError(
            f"{parameter}='affine' moves pixels of grey images, and the rows are {rows}. "
            f"{remedy}, or choose another {parameter}."
        )
    return AffineDistortion(image_shape)
