"""IMSAT's training step against a plain float32 transcription of the official one.

    python -m benchmarks.speed.imsat_step [--batch 250] [--width 1200] [--rounds 15]

Both take the same batch of the same width. Rounds alternate between the two, so that whatever
else the machine does meets both; the ratio is that of the medians. The share of the peak compares
the floating-point operations that the step needs with the fastest product of this machine, of any
of the step's own shapes and of squares up to 4096, measured in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.peers.imsat_reference import ReferenceNetwork, training_step
from quantal.clustering import IMSAT
from quantal.clustering.balance import InformationTerm
from quantal.data.preparation import learn_preparation
from quantal.estimators.self_augmentation import AdversarialTerm
from quantal.networks import MLP
from quantal.training import Plan, Run, has_fast_bfloat16
from quantal.training.batches import epoch_order
from quantal.training.rows import Rows

N_ROWS, N_INPUTS, N_CLUSTERS = 20_000, 784, 10


def seconds_of(action: Callable[[], object], repeats: int) -> float:
    """Mean seconds of one call over ``repeats`` calls."""
    start = time.perf_counter()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - start) / repeats


def our_step(x: np.ndarray, width: int, batch: int, dtype: torch.dtype) -> Callable[[], None]:
    """One whole step of a run, as ``fit`` takes it: gather, passes, Adam, named terms."""
    rows = Rows(x, learn_preparation(x, "none"), torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    network = MLP(N_INPUTS, (width, width), N_CLUSTERS, generator)
    model = IMSAT(N_CLUSTERS, trade_off=0.1, units="absolute", xi=10.0)
    model._dtype, model.hidden_layer_sizes_ = dtype, (width, width)
    radius = torch.full((N_ROWS,), 2.5)
    model._phases = lambda *_: [[("vat", 1.0, AdversarialTerm(radius, 10.0, 1))]]  # type: ignore[method-assign]
    information = InformationTerm(torch.full((N_CLUSTERS,), 1 / N_CLUSTERS).log(), 4.0, None)
    step = model._step_maker(rows, 0)(network, information, generator)
    run = Run(network, step, Plan(N_ROWS, 10**6, batch, 0.002), generator)
    order = epoch_order(N_ROWS, batch, 0, 0)
    position = iter(range(10**9))
    return lambda: run._take_step(order[next(position) % len(order)])


def peer_step(x: np.ndarray, width: int, batch: int) -> Callable[[], None]:
    """The reference step with its own gather and row order."""
    rows = torch.from_numpy(x)
    network = ReferenceNetwork(N_INPUTS, width, N_CLUSTERS)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.002)
    radius = torch.full((batch,), 2.5)

    def step() -> None:
        training_step(network, optimizer, rows[torch.randperm(len(rows))[:batch]], radius)

    return step


def needed_flops(width: int, batch: int) -> float:
    """Multiply-adds that one step cannot do without, times two.

    Three forward passes, one backward pass to the input, two to the weights (which need no
    gradient of the first layer's input).
    """
    first, second, last = N_INPUTS * width, width * width, width * N_CLUSTERS
    forward = first + second + last
    to_input = forward
    to_weights = forward + second + last
    return 2.0 * batch * (3 * forward + to_input + 2 * to_weights)


def peak_flops(width: int, batch: int, dtype: torch.dtype) -> float:
    """Fastest product seen, in operations a second."""
    shapes = [(batch, N_INPUTS, width), (batch, width, width), (width, batch, width)]
    shapes += [(size, size, size) for size in (1024, 2048, 4096)]
    best = 0.0
    for m, k, n in shapes:
        a, b = torch.randn(m, k).to(dtype), torch.randn(k, n).to(dtype)
        repeats = max(3, int(2e10 / (2 * m * k * n)))
        seconds = min(seconds_of(lambda a=a, b=b: a @ b, repeats) for _ in range(5))
        best = max(best, 2 * m * k * n / seconds)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=20, help="steps of each a round")
    args = parser.parse_args()
    x = np.random.default_rng(0).uniform(-1, 1, (N_ROWS, N_INPUTS)).astype(np.float32)
    fast = has_fast_bfloat16("cpu")
    contenders = {"peer float32": peer_step(x, args.width, args.batch)}
    contenders["ours float32"] = our_step(x, args.width, args.batch, torch.float32)
    contenders["ours bfloat16"] = our_step(x, args.width, args.batch, torch.bfloat16)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for action in contenders.values():
        seconds_of(action, 5)
    for _ in range(args.rounds):
        for name, action in contenders.items():
            times[name].append(seconds_of(action, args.steps))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"batch {args.batch}, width {args.width}, {torch.get_num_threads()} threads")
    for name, median in medians.items():
        ratio = medians["peer float32"] / median
        print(f"{name:14s} {1e3 * median:7.2f} ms a step (median), {ratio:5.2f} x the peer")
    dtype = torch.bfloat16 if fast else torch.float32
    ours = medians["ours bfloat16" if fast else "ours float32"]
    rate, peak = (
        needed_flops(args.width, args.batch) / ours,
        peak_flops(args.width, args.batch, dtype),
    )
    print(
        f"needed products {rate / 1e9:.0f} GFLOP/s of a peak of {peak / 1e9:.0f}: {rate / peak:.0%}"
    )


if __name__ == "__main__":
    main()
