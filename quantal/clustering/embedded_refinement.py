"""Deep embedded clustering: codes and centres trained towards a sharper assignment of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..estimators import blockwise
from ..networks import Autoencoder
from ..objectives import embedded_clustering_loss, sharpened_target, student_assignment
from ..training import Plan, RunSequence, Step
from ..training.batches import batches_per_epoch
from ..training.randomness import PURPOSES, derived_generator, derived_seed
from ..training.rows import Rows
from .layerwise_pretraining import BIAS_RATE

TARGET, LABELS = "dec.log_target", "dec.labels"


class EmbeddedClusters(nn.Module):
    """An autoencoder and centres among its codes, trained together.

    Args:
        autoencoder: whose encoder is trained; the decoder stays as it is.
        centers: first centres, shape (k, n_components).
    """

    def __init__(self, autoencoder: Autoencoder, centers: Tensor) -> None:
        super().__init__()
        self.autoencoder = autoencoder
        self.centers = nn.Parameter(centers)


def log_assignments(
    network: Autoencoder,
    centers: Tensor,
    rows: Rows,
    degrees: float,
    dtype: torch.dtype = torch.float32,
) -> NDArray[np.float32]:
    """Return the logarithm of the soft assignments of all rows, shape (n, k), float32."""
    bound = network.bind(dtype)
    return blockwise(rows, lambda x: student_assignment(bound.encode(x), centers, degrees))


@dataclass(frozen=True)
class Refinement:
    """How codes and centres are trained.

    Attributes:
        learning_rate: Of gradient descent.
        momentum: Of gradient descent.
        batch_size: Rows of a step.
        update_interval: Steps between two refreshes of the target.
        max_iterations: Most steps.
        tolerance: Stop when a smaller share of the labels changed between two refreshes.
        degrees: Degrees of freedom of Student's t.
        seed: Source of the order of rows.
        dtype: Type of the wide products.

    Source: Xie, Girshick, Farhadi 2016, Section 3.1.
    """

    learning_rate: float
    momentum: float
    batch_size: int
    update_interval: int
    max_iterations: int
    tolerance: float
    degrees: float
    seed: int
    dtype: torch.dtype

    def run(self, clusters: EmbeddedClusters, rows: Rows, sequence: RunSequence) -> int:
        """Train ``clusters`` in place and return how many steps that took.

        Args:
            clusters: with the centres of k-means; where the sequence is resumed in these stages,
                everything is taken from the checkpoint.
            rows: the data.
            sequence: each interval between two refreshes is a stage of it.
        """
        target, labels = sequence.kept(TARGET), sequence.kept(LABELS)
        done = sequence.history.setdefault("changed", [])  # one a refresh but the first
        while True:
            if target is None or labels is None:
                log_q = torch.from_numpy(self._log_q(clusters, rows))
                found = log_q.argmax(dim=1)
                if labels is not None:
                    done.append(float((found != labels).double().mean()))
                n_done = self._steps_after(len(done))
                if n_done >= self.max_iterations or (done and done[-1] < self.tolerance):
                    return n_done
                target, labels = sharpened_target(log_q), found
            self._train(clusters, rows, target, labels, len(done), sequence)
            target = None

    def _steps_after(self, n_intervals: int) -> int:
        return min(self.max_iterations, n_intervals * self.update_interval)

    def _train(
        self,
        clusters: EmbeddedClusters,
        rows: Rows,
        target: Tensor,
        labels: Tensor,
        interval: int,
        sequence: RunSequence,
    ) -> None:
        n_steps = self._steps_after(interval + 1) - self._steps_after(interval)
        size = min(self.batch_size, len(rows))
        plan = Plan(
            n_rows=len(rows),
            n_epochs=-(-n_steps // batches_per_epoch(len(rows), size)),
            batch_size=size,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            bias_rate=BIAS_RATE,
            most_steps=n_steps,
            seed=derived_seed(self.seed, PURPOSES["order"], sequence.number),
        )
        sequence.train(
            clusters,
            self._step(clusters, rows, target.to(rows.device)),
            plan,
            derived_generator(self.seed, PURPOSES["step"], sequence.number),
            tensors={TARGET: target, LABELS: labels},
        )

    def _step(self, clusters: EmbeddedClusters, rows: Rows, target: Tensor) -> Step:
        def step(numbers: Tensor) -> dict[str, Tensor]:
            codes = clusters.autoencoder.bind(self.dtype).encode(rows.prepared(numbers))
            log_p = target[numbers.to(target.device)]
            value = embedded_clustering_loss(codes, clusters.centers, log_p, self.degrees)
            return {"divergence": value, "total": value}

        return step

    def _log_q(self, clusters: EmbeddedClusters, rows: Rows) -> NDArray[np.float32]:
        centers = clusters.centers.detach()
        return log_assignments(clusters.autoencoder, centers, rows, self.degrees, self.dtype)
