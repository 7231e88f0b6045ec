"""What the pair term of hashing costs beside the rest of its training step.

    python -m benchmarks.speed.bit_pairs [--bits 16 64 128 256 1024] [--width 400] [--rounds 5]

For every width of the code: seconds of the whole IMSATHash step, of the pair term alone (forward
and backward on a batch of logits), their ratio, and the encoding speed against the bare matrix
products of the network. Medians over rounds that alternate between the contenders. Processor time
of one thread, so that other work on the machine weighs less.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from quantal.data.preparation import learn_preparation
from quantal.estimators.self_augmentation import AdversarialTerm
from quantal.hashing import IMSATHash
from quantal.networks import MLP
from quantal.objectives import pair_information
from quantal.training import Plan, Run
from quantal.training.batches import epoch_order
from quantal.training.rows import Rows

N_ROWS, N_INPUTS, BATCH = 8_000, 784, 250


def seconds_of(action: Callable[[], object], repeats: int) -> float:
    """Mean processor seconds of one call over ``repeats`` calls."""
    start = time.process_time()
    for _ in range(repeats):
        action()
    return (time.process_time() - start) / repeats


def whole_step(x: np.ndarray, width: int, n_bits: int) -> Callable[[], None]:
    """One step of a run, as ``fit`` takes it."""
    rows = Rows(x, learn_preparation(x, "none"), torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    network = MLP(N_INPUTS, (width, width), n_bits, generator)
    model = IMSATHash(n_bits, trade_off=0.1, units="absolute", xi=10.0)
    model._dtype, model.hidden_layer_sizes_ = torch.float32, (width, width)
    radius = torch.full((N_ROWS,), 2.5)
    model._phases = lambda *_: [[("vat", 1.0, AdversarialTerm(radius, 10.0, 1))]]  # type: ignore[method-assign]
    step = model._step_maker(rows, 0)(network, model._stage(0), generator)
    run = Run(network, step, Plan(N_ROWS, 10**6, BATCH, 0.002), generator)
    order = epoch_order(N_ROWS, BATCH, 0, 0)
    position = iter(range(10**9))
    return lambda: run._take_step(order[next(position) % len(order)])


def pair_term(n_bits: int) -> Callable[[], None]:
    """The pair term and its gradient by the logits."""
    logits = torch.randn(BATCH, n_bits, generator=torch.Generator().manual_seed(0))
    logits.requires_grad_()

    def term() -> None:
        torch.autograd.grad(pair_information(logits), logits)

    return term


def encoding(x: np.ndarray, width: int, n_bits: int) -> tuple[Callable[[], object], ...]:
    """``encode`` of a fitted hasher, and its network's three matrix products."""
    hasher = IMSATHash(n_bits, hidden_layer_sizes=(width, width), radius=2.5, n_epochs=1)
    hasher.set_params(units="absolute", xi=10.0, scaling="none", random_state=0).fit(x[:500])
    weights = [*hasher.network_.weights, hasher.network_.output]
    rows = torch.from_numpy(x)

    def products() -> None:
        with torch.no_grad():
            for start in range(0, len(rows), 256):
                z = rows[start : start + 256]
                for weight in weights:
                    z = z @ weight

    return (lambda: hasher.encode(x)), products


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, nargs="+", default=[16, 64, 128, 256, 1024])
    parser.add_argument("--width", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10, help="steps of each a round")
    args = parser.parse_args()
    torch.set_num_threads(1)
    x = np.random.default_rng(0).uniform(-1, 1, (N_ROWS, N_INPUTS)).astype(np.float32)
    print(f"network {N_INPUTS}-{args.width}-{args.width}-bits, batch {BATCH}, float32, one thread")
    print("bits  step ms  pair term ms  share  encode ms  products ms  encode/products")
    for n_bits in args.bits:
        step, term = whole_step(x, args.width, n_bits), pair_term(n_bits)
        encode, products = encoding(x, args.width, n_bits)
        step(), term()
        seen = [
            (
                seconds_of(step, args.steps),
                seconds_of(term, args.steps),
                seconds_of(encode, 1),
                seconds_of(products, 1),
            )
            for _ in range(args.rounds)
        ]
        columns = zip(*seen, strict=True)
        whole, pairs, coded, bare = (1e3 * statistics.median(column) for column in columns)
        print(
            f"{n_bits:4d}  {whole:7.1f}  {pairs:12.2f}  {pairs / whole:5.2f}  {coded:9.1f}  "
            f"{bare:11.1f}  {coded / bare:15.2f}"
        )


if __name__ == "__main__":
    main()
