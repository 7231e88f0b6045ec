"""Pre-training of an autoencoder: each layer as a denoising autoencoder, then all together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..networks import Autoencoder, dropout
from ..objectives import reconstruction_error
from ..training import Plan, RunSequence, Step, stepped
from ..training.batches import batches_per_epoch
from ..training.randomness import PURPOSES, derived_generator, derived_seed
from ..training.rows import Rows

BIAS_RATE = 2.0  # as in the authors' code


@dataclass(frozen=True)
class Pretraining:
    """Greedy layer-wise denoising autoencoders, then fine-tuning of the whole.

    Attributes:
        layer_iterations: Steps of each layer.
        finetune_iterations: Steps of the whole, without dropout.
        decay_interval: Steps after which the learning rate falls to a tenth, again and again.
        dropout: Share of each layer's input, but the data, and of its ReLU output that is set to 0.
        layer_rate: Learning rate of the first step of each layer; biases have twice it.
        whole_rate: That of the whole.
        momentum: Of gradient descent.
        batch_size: Rows of a step.
        seed: Source of the order of rows and of the dropout.
        dtype: Type of the wide products.

    Source: Xie, Girshick, Farhadi 2016, Section 3.3 and 4.3; Vincent et al. 2010.
    """

    layer_iterations: int
    finetune_iterations: int
    decay_interval: int
    dropout: float
    layer_rate: float
    whole_rate: float
    momentum: float
    batch_size: int
    seed: int
    dtype: torch.dtype

    def n_stages(self, network: Autoencoder) -> int:
        """Return how many runs the pre-training of ``network`` consists of."""
        return network.n_encoder_layers + 1

    def n_steps(self, network: Autoencoder) -> int:
        """Return how many steps they take together."""
        return network.n_encoder_layers * self.layer_iterations + self.finetune_iterations

    def run(self, network: Autoencoder, rows: Rows, sequence: RunSequence) -> None:
        """Train ``network`` in place, from the stage on that the sequence stands at.

        Args:
            network: with its first weights.
            rows: the data.
            sequence: nothing is done where it is past the last stage.
        """
        for stage in range(sequence.number, self.n_stages(network)):
            generator = derived_generator(self.seed, PURPOSES["step"], stage, device=rows.device)
            if stage < network.n_encoder_layers:
                step = self._layer_step(network, stage, rows, generator)
                plan = self._plan(len(rows), stage, self.layer_iterations, self.layer_rate)
            else:
                step = self._whole_step(network, rows)
                plan = self._plan(len(rows), stage, self.finetune_iterations, self.whole_rate)
            sequence.train(network, step, plan, generator)

    def _plan(self, n_rows: int, stage: int, n_steps: int, learning_rate: float) -> Plan:
        return Plan(
            n_rows=n_rows,
            n_epochs=-(-n_steps // batches_per_epoch(n_rows, min(self.batch_size, n_rows))),
            batch_size=self.batch_size,
            learning_rate=learning_rate,
            schedule=stepped(n_steps, self.decay_interval),
            momentum=self.momentum,
            bias_rate=BIAS_RATE,
            most_steps=n_steps,
            seed=derived_seed(self.seed, PURPOSES["order"], stage),
        )

    def _layer_step(
        self, network: Autoencoder, layer: int, rows: Rows, generator: torch.Generator
    ) -> Step:
        below = network.bind(self.dtype)  # these layers stay as they are
        first, linear = layer == 0, network.is_linear(layer)

        def step(numbers: Tensor) -> dict[str, Tensor]:
            with torch.no_grad():
                clean = below.encode(rows.prepared(numbers), layer)
            bound = network.bind(self.dtype)
            hidden = bound.apply(layer, clean if first else dropout(clean, self.dropout, generator))
            hidden = hidden if linear else dropout(hidden, self.dropout, generator)
            error = reconstruction_error(bound.apply(network.mirror(layer), hidden), clean)
            return {f"layer_{layer + 1}": error, "total": error}

        return step

    def _whole_step(self, network: Autoencoder, rows: Rows) -> Step:
        def step(numbers: Tensor) -> dict[str, Tensor]:
            x = rows.prepared(numbers)
            error = reconstruction_error(network.bind(self.dtype)(x), x)
            return {"reconstruction": error, "total": error}

        return step
