"""JULE's stages: train the network on the clusters, embed the rows, merge clusters, again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import FileFormatError, NonFiniteLossError
from ..graph import (
    MergeTree,
    Progress,
    affinity_graph,
    agglomerate,
    cut_joining_outliers,
    initial_clusters,
)
from ..objectives import TripletLoss
from ..training import Checkpoints, Plan, ProgressBar, Run
from ..training.attempts import train_or_keep
from ..training.batches import Groups
from ..training.checkpoint import restore_run
from ..training.loop import Listener
from ..training.randomness import PURPOSES, derived_generator, derived_seed

LABELS = "jule.labels"
OnStage = Callable[[NDArray[np.float32], NDArray[np.int64]], None]
RATE_SLOPE, RATE_POWER = 1e-4, 0.75  # lr_t = lr (1 + 1e-4 t)^-0.75


@dataclass(frozen=True)
class Merging:
    """How clusters are merged; see `quantal.graph.agglomerate` for the names it passes on.

    Attributes:
        n_neighbors: Neighbours of each row in the graph (K_s).
        share: Share of the clusters that a stage merges away (eta).
        longest_chain: Cut of the first clusters' chains, or None.
        joins_outliers: Whether a few outliers join the nearest mean instead of being a cluster.
        options: Arguments of `agglomerate`.
    """

    n_neighbors: int
    share: float
    longest_chain: int | None
    joins_outliers: bool
    options: dict[str, Any]

    def first_clusters(
        self, rows: Any, least: int, progress: Progress | None = None
    ) -> NDArray[np.int64]:
        """Join rows, (n, d), to their nearest; or leave them alone where that is too coarse."""
        neighbors = affinity_graph(rows, 1, progress=progress).neighbors
        labels = initial_clusters(neighbors, longest_chain=self.longest_chain)
        return labels if labels.max() + 1 >= least else np.arange(len(labels))

    def stage_target(self, n_clusters: int, least: int) -> int:
        """Return how many clusters a stage leaves."""
        return max(least, n_clusters - math.ceil(self.share * n_clusters))

    def merge(self, rows: NDArray[np.float32], labels: NDArray[np.int64], target: int) -> MergeTree:
        """Merge clusters of embedded rows, (n, d), until ``target`` are left."""
        return agglomerate(
            affinity_graph(rows, self.n_neighbors).weights,
            labels,
            target,
            rows=rows,
            regrow=lambda k: affinity_graph(rows, k).weights,
            **self.options,
        )

    def cut(self, tree: MergeTree, n_clusters: int, rows: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the labels of embedded rows, (n, d), at so many clusters."""
        if self.joins_outliers:
            return cut_joining_outliers(tree, n_clusters, rows, self.n_neighbors)
        return tree.cut(n_clusters)

    def again(self, rows: NDArray[np.float32], least: int) -> MergeTree:
        """Cluster embedded rows, (n, d), from the first clusters on.

        An exact update depends on the clusters alone, so that stages would change nothing; the
        others start afresh in every stage.
        """
        labels = self.first_clusters(rows, least)
        if self.options["update"] == "exact":
            return self.merge(rows, labels, least)
        trees = []
        while True:
            n_clusters = int(labels.max()) + 1
            target = self.stage_target(n_clusters, least)
            trees.append(self.merge(rows, labels, target))
            if trees[-1].n_final <= least or not len(trees[-1].pairs):
                return _joined(trees)
            labels = trees[-1].cut(trees[-1].n_final)


def _joined(trees: list[MergeTree]) -> MergeTree:
    """Write the merges of trees, each of which starts at the last one's end, as one tree."""
    first = trees[0]
    names, pairs = np.arange(first.n_initial), []
    for tree in trees:
        pairs.append(names[tree.pairs])
        alive = np.setdiff1d(np.arange(tree.n_initial), tree.pairs[:, 1])
        names = names[alive]  # the next tree numbers what is left in this order
    return MergeTree(
        first.labels,
        np.concatenate(pairs),
        np.concatenate([tree.scores for tree in trees]),
        np.concatenate([tree.sizes for tree in trees]),
    )


def stage_plan(first: Plan, stage: int) -> Plan:
    """Return the plan of a stage, counted from 0, whose steps go on from those behind.

    Args:
        first: of stage 0, but for its schedule; every stage has as many steps.
        stage: which one.
    """
    before = stage * first.n_steps
    return replace(
        first,
        schedule=lambda done: (1 + RATE_SLOPE * (before + done * first.n_steps)) ** -RATE_POWER,
        seed=derived_seed(first.seed, PURPOSES["order"], stage),
    )


@dataclass
class Stages:
    """The joint process: stages of training and merging.

    Attributes:
        network: What is trained.
        embed_batch: (numbers of rows) -> their embeddings in training, shape (b, d).
        embed_all: () -> embeddings of all rows, shape (n, d).
        loss: What a step minimises.
        merging: How clusters are merged.
        plan: How the network is trained in the first stage; see `stage_plan`.
        together: Rows of a cluster that a pass keeps together; 1: none.
        least: Clusters to stop at.
        labels: Cluster of each row, as far as it has come, shape (n,).
        stage: Stages behind.
        history: Mean of the loss in every epoch of every stage.
        sizes: Clusters before each stage, and after the last.
        on_stage: Hears the embedded rows and their clusters, shape (n,), after every stage.
    """

    network: torch.nn.Module
    embed_batch: Callable[[Tensor], Tensor]
    embed_all: Callable[[], NDArray[np.float32]]
    loss: TripletLoss
    merging: Merging
    plan: Plan
    least: int
    labels: NDArray[np.int64]
    stage: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    on_stage: OnStage | None = None
    together: int = 1

    def n_clusters(self) -> int:
        """Return how many clusters there are now."""
        return int(self.labels.max()) + 1

    def planned(self) -> int:
        """Return how many stages are ahead, if no stage stops early."""
        count, n_clusters = 0, self.n_clusters()
        while n_clusters > self.least:
            count, n_clusters = count + 1, self.merging.stage_target(n_clusters, self.least)
        return count

    def run(self, bar: ProgressBar, checkpoints: Checkpoints | None, *, resume: bool) -> None:
        """Go through the stages that are left; the results stand in the attributes."""
        saved = checkpoints.latest() if checkpoints is not None and resume else None
        if checkpoints is not None and not resume:
            checkpoints.require_empty()
        if saved is not None:
            self._take_over(*saved)
        optimizer: dict[str, Any] | None = None
        self.sizes = self.sizes or [self.n_clusters()]
        while self.n_clusters() > self.least:
            run = self._run(bar, checkpoints)
            if saved is not None:
                restore_run(run, saved[0], saved[1]["progress"])
                saved = None
            elif optimizer is not None:
                run.optimizer.load_state_dict(optimizer)  # momentum goes on from stage to stage
            train_or_keep(run, checkpoints)
            optimizer = run.optimizer.state_dict()
            for name, values in run.progress.history.items():
                self.history.setdefault(name, []).extend(values)
            if not self._merge():
                return

    def _run(self, bar: ProgressBar, checkpoints: Checkpoints | None) -> Run:
        plan = stage_plan(self.plan, self.stage)
        if self.together > 1:
            plan = replace(plan, groups=Groups(torch.from_numpy(self.labels), self.together))
        generator = derived_generator(self.plan.seed, PURPOSES["step"], self.stage)
        listeners: list[Listener] = [bar]
        bar.steps_before = self.stage * plan.n_steps
        if checkpoints is not None:
            listeners.append(checkpoints)
            checkpoints.steps_before = bar.steps_before
            checkpoints.extra_state = {
                "stage": self.stage, "history": dict(self.history), "sizes": list(self.sizes)
            }  # fmt: skip
            checkpoints.extra_tensors = {LABELS: torch.from_numpy(self.labels)}
        labels = torch.from_numpy(self.labels)

        def step(numbers: Tensor) -> dict[str, Tensor]:
            rows = self.embed_batch(numbers)
            value = self.loss(rows, labels[numbers].to(rows.device), generator)
            return {"triplet": value, "total": value}

        return Run(self.network, step, plan, generator, listeners)

    def _merge(self) -> bool:
        """Merge the clusters of this stage; tell whether there was anything to merge."""
        target = self.merging.stage_target(self.n_clusters(), self.least)
        rows = self.embed_all()
        if not np.isfinite(rows).all():  # a stage's last step has no loss after it
            raise NonFiniteLossError(
                f"JULE's network gives nan after the last step of stage {self.stage + 1}: "
                f"learning_rate={self.plan.learning_rate:g} is too large. Lower it."
            )
        tree = self.merging.merge(rows, self.labels, target)
        self.labels = self.merging.cut(tree, tree.n_final, rows)
        self.stage += 1
        self.sizes.append(self.n_clusters())
        if self.on_stage is not None:
            self.on_stage(rows, self.labels)
        return self.sizes[-1] < self.sizes[-2]

    def _take_over(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Continue from a checkpoint's stage, labels and history."""
        try:
            labels = tensors[LABELS].numpy()
            self.stage = int(state["extra"]["stage"])
            self.history = {k: list(v) for k, v in state["extra"]["history"].items()}
            self.sizes = [int(size) for size in state["extra"]["sizes"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise FileFormatError(
                "The checkpoint is not one of JULE. Delete it to start afresh."
            ) from None
        if labels.shape != self.labels.shape or labels.dtype != self.labels.dtype:
            raise FileFormatError(
                "The checkpoint's labels do not fit these rows. Delete it to start afresh."
            )
        self.labels = labels
