"""The networks of classifiers after clustering, and their training by the one training loop."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..networks import MLP, ImageClassifier
from ..training import Plan, Run, resolve_device
from ..training.randomness import PURPOSES, derived_generator, derived_seed
from ..views import GeometricView
from .class_training import ClassTraining

DEVIATION = 0.02  # of the new output, and of the batch norms' scales from scratch
PADDING = 4  # pixels of black on every side, within which the shifted image is cut out
BLOCK = 256

Change = Callable[[Tensor, torch.Generator], Tensor]


def linear_network(n_features: int, n_classes: int, seed: int) -> MLP:
    """Return a new linear classifier.

    Args:
        n_features: columns of its input.
        n_classes: columns of its output.
        seed: of its weights, which are close to 0.
    """
    return MLP(n_features, (), n_classes, derived_generator(seed, PURPOSES["network"]))


def image_network(trunk: Any, n_classes: int, seed: int, *, anew: bool) -> ImageClassifier:
    """Return a classifier of images with a new output.

    Args:
        trunk: the fitted trunk, of which a copy is taken.
        n_classes: columns of the output.
        seed: of the new weights.
        anew: draw the trunk's weights anew as well.
    """
    generator = derived_generator(seed, PURPOSES["network"])
    trunk = copy.deepcopy(trunk)
    if anew:
        draw_anew(trunk, generator)
    network = ImageClassifier(trunk.cpu(), n_classes, generator)
    with torch.no_grad():
        network.output.normal_(std=DEVIATION, generator=generator)
    return network


def trained(
    network: Any,
    rows: NDArray[np.float32],
    targets: NDArray[np.int64],
    training: ClassTraining,
    change: Change | None = None,
) -> tuple[dict[str, list[float]], float]:
    """Minimise the cross-entropy of labelled rows; return the means of every epoch and the seconds.

    Args:
        network: it is trained in place, on the device of ``training``.
        rows: what it reads, (n, ...).
        targets: number of the class of each row, (n,).
        training: see `ClassTraining`.
        change: what is done to every batch before the network reads it.
    """
    device = resolve_device(training.device)
    network = network.to(device)
    generator = derived_generator(training.seed, PURPOSES["step"])
    classes, inputs = torch.from_numpy(targets), torch.from_numpy(rows)

    def step(numbers: Tensor) -> dict[str, Tensor]:
        x = inputs[numbers].to(device)
        x = x if change is None else change(x, generator)
        loss = functional.cross_entropy(network.bind()(x, "train"), classes[numbers].to(device))
        return {"total": loss}

    plan = Plan(
        n_rows=len(rows),
        n_epochs=training.n_epochs,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        seed=derived_seed(training.seed, PURPOSES["order"]),
    )
    begin = time.perf_counter()
    history = Run(network, step, plan, generator).train().history
    return history, time.perf_counter() - begin


def draw_anew(trunk: Any, generator: torch.Generator) -> None:
    """Give a trunk the weights that training from scratch starts with.

    Args:
        trunk: of convolutions, changed in place.
        generator: source of the draws.
    """
    filters = [torch.empty(f.shape) for f in trunk.filters]
    with torch.no_grad():
        for old, new in zip(trunk.filters, filters, strict=True):
            old.copy_(torch.nn.init.xavier_normal_(new, generator=generator))
        for norm in trunk.norms:
            scale = torch.randn(len(norm.scale), generator=generator)
            norm.scale.copy_(1 + DEVIATION * scale)
            norm.offset.zero_()
            norm.running_mean.zero_()
            norm.running_var.fill_(1)


def shift_and_mirror(sides: tuple[int, ...], mirrored: bool) -> Change:
    """Return a change of images: up to 4 pixels in each direction, half of them mirrored.

    Args:
        sides: height and width.
        mirrored: whether any is mirrored.
    """
    size = (int(sides[0]), int(sides[1]))
    view = GeometricView(
        crops=(size,),
        output=size,
        interpolation="nearest",
        flip_probability=0.5 if mirrored else 0.0,
    )
    return lambda x, generator: view(functional.pad(x, (PADDING,) * 4), generator)


def in_blocks(x: NDArray[np.float32], function: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
    """Apply a function of a batch to all rows, without gradients.

    Args:
        x: rows, (n, ...).
        function: gives as many rows as it takes.
    """
    with torch.no_grad():
        parts = [
            function(torch.from_numpy(x[i : i + BLOCK])).cpu().numpy()
            for i in range(0, len(x), BLOCK)
        ]
    return np.concatenate(parts)
