"""JULE's training step against a plain float32 transcription.

    python -m benchmarks.speed.jule_step [--shape 1 16 16] [--clusters 20] [--rounds 9]

Both take batches of 100 images with so many clusters among them, through the network that the
paper has for the size, with 10 negatives for every ordered pair. Rounds alternate between the two,
so that whatever else the machine does meets both; the ratio is that of the medians, by processor
time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.peers.jule_reference import ReferenceEmbedding, training_step
from quantal.clustering.jule_network import embedder_for
from quantal.objectives import TripletLoss
from quantal.training import Plan, Run, has_fast_bfloat16, resolve_dtype
from quantal.training.batches import epoch_order
from quantal.training.rows import Rows

N_ROWS, RATE, MOMENTUM, DECAY = 4000, 0.005, 0.9, 1e-4


def seconds_of(action: Callable[[], object], repeats: int) -> float:
    """Mean seconds of processor time of one call over ``repeats`` calls."""
    start = time.process_time()
    for _ in range(repeats):
        action()
    return (time.process_time() - start) / repeats


def our_step(
    x: np.ndarray, shape: tuple[int, ...], labels: torch.Tensor, batch: int, precision: str
) -> Callable[[], None]:
    """One whole step of a run, as ``fit`` takes it."""
    device = torch.device("cpu")
    embedder = embedder_for(
        x,
        shape,
        pools="auto",
        padding="auto",
        n_channels=50,
        n_outputs=160,
        hidden_layer_sizes="auto",
    )
    generator = torch.Generator().manual_seed(0)
    network = embedder.build(generator)
    dtype = resolve_dtype(precision, device, embedder.widths)
    rows, loss = Rows(x, embedder.preparation, device), TripletLoss(0.2, 1.0, 10, "ordered_pairs")

    def step(numbers: torch.Tensor) -> dict[str, torch.Tensor]:
        embedded = embedder.apply(network, rows.prepared(numbers), "train", dtype)
        value = loss(embedded, labels[numbers], generator)
        return {"triplet": value, "total": value}

    plan = Plan(N_ROWS, 10**6, batch, RATE, DECAY, momentum=MOMENTUM)
    run = Run(network, step, plan, generator)
    order = epoch_order(N_ROWS, batch, 0, 0)
    position = iter(range(10**9))
    return lambda: run._take_step(order[next(position) % len(order)])


def peer_step(
    x: np.ndarray, shape: tuple[int, ...], labels: torch.Tensor, batch: int, pools: tuple[bool, ...]
) -> Callable[[], None]:
    """The reference step with its own gather and row order."""
    images = torch.from_numpy(x).reshape(-1, *shape)
    network = ReferenceEmbedding(shape, pools)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY
    )

    def step() -> None:
        chosen = torch.randperm(N_ROWS)[:batch]
        training_step(network, optimizer, images[chosen], labels[chosen])

    return step


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(1, 16, 16))
    parser.add_argument("--clusters", type=int, default=20)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=10, help="steps of each a round")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    from quantal.networks import plan_for

    shape = tuple(args.shape)
    x = np.random.default_rng(0).uniform(0, 1, (N_ROWS, int(np.prod(shape)))).astype(np.float32)
    labels = torch.arange(N_ROWS) % args.clusters
    pools = plan_for(*shape[1:]).pools
    contenders = {"peer float32": peer_step(x, shape, labels, args.batch, pools)}
    contenders["ours float32"] = our_step(x, shape, labels, args.batch, "float32")
    if has_fast_bfloat16("cpu"):
        contenders["ours auto"] = our_step(x, shape, labels, args.batch, "auto")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for action in contenders.values():
        seconds_of(action, 3)
    for _ in range(args.rounds):
        for name, action in contenders.items():
            times[name].append(seconds_of(action, args.steps))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"images {shape}, batch {args.batch}, {args.clusters} clusters, {args.threads} threads")
    for name, median in medians.items():
        ratio = medians["peer float32"] / median
        print(f"{name:14s} {1e3 * median:7.2f} ms a step (median), {ratio:5.2f} x the peer")


if __name__ == "__main__":
    main()
