"""How a fit of JULE goes: what it asks for, what it runs, what it leaves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import DataError, require_choice, require_range
from ..estimators import RowReader, blockwise
from ..estimators.image_layout import image_layout
from ..estimators.input_rows import len_of
from ..graph.row_scaling import without_column_means
from ..objectives import TripletLoss
from ..training import Checkpoints, Plan, ProgressBar
from ..training.rows import Rows
from .cluster_order import by_size
from .jule_folder import JuleFolder
from .jule_network import Embedder, embedder_for
from .jule_stages import Merging, Stages
from .natural_number import natural_number

RESULTS = ("rerun", "joint")
OUTLIERS = ("join", "keep")
EXTRACTIONS = ("eval", "train")
COUNTS = ("n_neighbors", "n_nearest", "n_epochs", "rows_together", "batch_size", "n_outputs")


class JuleFit(JuleFolder, RowReader):
    """Mixin with the parts of `JULE.fit`; see there for the parameters and attributes."""

    # The constructor of JULE stores these; annotated here for the parts.
    n_clusters: Any
    unrolling_rate: float
    n_neighbors: int
    n_nearest: int
    local_weight: float
    gamma: float
    margin: float
    n_negatives: int
    positives: str
    n_epochs: int
    rows_together: int
    batch_size: int
    learning_rate: float
    momentum: float
    dampening: float
    weight_decay: float
    result: str
    n_outputs: int
    image_shape: Any
    pools: Any
    padding: Any
    n_channels: int
    hidden_layer_sizes: Any
    update: str
    alpha: float
    partners: str
    local_above: int
    on_exhausted: str
    outliers: str
    centered: bool
    longest_chain: int | None
    scaled_gradient: bool
    extraction: str
    random_state: Any
    checkpoint: str | None
    checkpoint_every: float
    resume: bool
    verbose: int

    def _require_parameters(self) -> tuple[TripletLoss, Merging]:
        if self.n_clusters != "auto":
            require_range("n_clusters", self.n_clusters, low=1, integer=True)
        require_range("unrolling_rate", self.unrolling_rate, low=0, high=1, low_open=True)
        for name in (
            "n_neighbors",
            "n_nearest",
            "n_epochs",
            "rows_together",
            "batch_size",
            "n_outputs",
        ):
            require_range(name, getattr(self, name), low=1, integer=True)
        for name in ("local_weight", "weight_decay", "checkpoint_every"):
            require_range(name, getattr(self, name), low=0)
        for name in ("momentum", "dampening"):
            require_range(name, getattr(self, name), low=0, high=1)
        require_range("learning_rate", self.learning_rate, low=0, low_open=True)
        require_choice("result", self.result, RESULTS)
        require_choice("outliers", self.outliers, OUTLIERS)
        require_choice("centered", self.centered, (True, False))
        require_choice("extraction", self.extraction, EXTRACTIONS)
        options = {
            "update": self.update,
            "alpha": self.alpha,
            "n_nearest": self.n_nearest,
            "local_weight": self.local_weight,
            "local_above": self.local_above,
            "partners": self.partners,
            "on_exhausted": self.on_exhausted,
        }
        merging = Merging(
            self.n_neighbors,
            self.unrolling_rate,
            self.longest_chain,
            self.outliers == "join",
            options,
        )
        loss = TripletLoss(
            self.margin, self.gamma, self.n_negatives, self.positives, self.scaled_gradient
        )
        return loss, merging

    def _least_clusters(self, n_rows: int) -> int:
        """Return the clusters that the stages stop at."""
        if self.n_clusters == "auto":
            return max(2, min(n_rows, math.isqrt(n_rows)))
        if n_rows < self.n_clusters:
            raise DataError(
                f"X has n_samples={n_rows} rows, fewer than n_clusters={self.n_clusters}. "
                "Ask for fewer clusters, or pass more rows."
            )
        return int(self.n_clusters)

    def _new_embedder(self, x: Any) -> Embedder:
        return embedder_for(
            x,
            image_layout(self.image_shape, self.image_shape_, self.n_features_in_),
            pools=self.pools,
            padding=self.padding,
            n_channels=self.n_channels,
            n_outputs=self.n_outputs,
            hidden_layer_sizes=self.hidden_layer_sizes,
        )

    def _plan(self, n_rows: int, seed: int) -> Plan:
        """Return the plan of the first stage."""
        return Plan(
            n_rows=n_rows,
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            dampening=self.dampening,
            seed=seed,
        )

    def _run(self, stages: Stages, x: Any, checkpoints: Checkpoints | None) -> None:
        with ProgressBar(type(self).__name__, 1, shown=bool(self.verbose)) as bar:
            bar.preparing(f"joining {len_of(x)} rows to their nearest")
            pixels = without_column_means(x) if self.centered else x
            stages.labels = stages.merging.first_clusters(pixels, stages.least, bar.prepared)
            bar.training(stages.planned() * stages.plan.n_steps)
            stages.run(bar, checkpoints, resume=self.resume)

    def _embed(self, rows: Rows) -> NDArray[np.float32]:
        return blockwise(
            rows, lambda x: self.embedder_.apply(self.network_, x, "eval", self._dtype)
        )

    def _embed_stage(self, rows: Rows) -> NDArray[np.float32]:
        if self.extraction == "eval":
            return self._embed(rows)
        with torch.no_grad():
            parts = [
                self.embedder_.apply(
                    self.network_,
                    rows.span(start, min(start + self.batch_size, len(rows))),
                    "train",
                    self._dtype,
                )
                for start in range(0, len(rows), self.batch_size)
            ]
        return torch.cat(parts).cpu().numpy()

    def _conclude(self, stages: Stages) -> None:
        """Set labels and figures of the fit."""
        merging, rows = stages.merging, self.embeddings_
        self.history_ = stages.history
        self.stage_sizes_ = stages.sizes
        self.joint_labels_ = by_size(stages.labels)[0]
        is_open = self.n_clusters == "auto"
        self.tree_ = merging.again(rows, 1 if is_open else stages.least)
        found = stages.labels
        if is_open:
            found = merging.cut(self.tree_, natural_number(self.tree_, most=stages.least), rows)
        elif self.result == "rerun":
            found = merging.cut(self.tree_, self.tree_.n_final, rows)
        self.labels_, _ = by_size(found)
        self.cluster_sizes_ = np.bincount(self.labels_)
        self.n_clusters_ = len(self.cluster_sizes_)
