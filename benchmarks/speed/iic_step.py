"""IIC's training step against a plain float32 transcription, and the share of its views.

    python -m benchmarks.speed.iic_step [--network small] [--batch 100] [--views 4] [--vat]

Both take the same rows of 28 x 28 pixels through the geometric views of MNIST and the same network.
The peer's views are ours, so that the ratio is that of the networks; their share of our step is
printed beside. Rounds alternate between the two, so that whatever else the machine does meets
both; the ratio is that of the medians, by processor time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.peers.iic_reference import ReferenceNetwork, training_step
from quantal.clustering import IIC
from quantal.networks.architectures import ARCHITECTURES
from quantal.training import Plan, Run, has_fast_bfloat16
from quantal.training.batches import epoch_order
from quantal.training.rows import Rows

N_ROWS, SIDE = 4000, 28
WIDTHS = {"6c": (64, 128, 256, 512), **{"small": ARCHITECTURES["small"].sizes["widths"]}}


def seconds_of(action: Callable[[], object], repeats: int) -> float:
    """Mean seconds of processor time of one call over ``repeats`` calls."""
    start = time.process_time()
    for _ in range(repeats):
        action()
    return (time.process_time() - start) / repeats


def our_run(
    x: np.ndarray, network: str, batch: int, views: int, vat: bool, precision: str
) -> tuple[Run, IIC, Rows]:
    """A run as ``fit`` makes it, its estimator and its rows."""
    model = IIC(
        10,
        network=network,
        geometry="mnist",
        n_views=views,
        batch_size=batch,
        regularization=[["vat", 0.001]] if vat else None,
        radius=2.0,
        xi=10.0,
        units="absolute",
        precision=precision,
        random_state=0,
    )
    model._require_parameters()
    read = model._read(x, reset=True)
    model._seed = 0
    model._set_up(read, {})
    rows = Rows(read, model.preparation_, model._device)
    made = model._make_network(torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    step = model._step_maker(rows, 0)(made, None, generator)
    return Run(made, step, Plan(N_ROWS, 10**6, batch, 0.002), generator), model, rows


def steps_of(run: Run, batch: int) -> Callable[[], None]:
    """One whole step of a run."""
    order = epoch_order(N_ROWS, batch, 0, 0)
    position = iter(range(10**9))
    return lambda: run._take_step(order[next(position) % len(order)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=sorted(WIDTHS), default="small")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--vat", action="store_true", help="with the regulariser")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=3, help="steps of each a round")
    args = parser.parse_args()
    x = np.random.default_rng(0).integers(0, 256, (N_ROWS, SIDE, SIDE), dtype=np.uint8)
    settings = (args.network, args.batch, args.views, args.vat)
    plain, model, rows = our_run(x, *settings, "float32")
    peer = ReferenceNetwork(widths=WIDTHS[args.network])
    adam = torch.optim.Adam(peer.parameters(), lr=0.002)
    order = epoch_order(N_ROWS, args.batch, 0, 0)
    position, generator = iter(range(10**9)), torch.Generator().manual_seed(0)

    def views() -> tuple[torch.Tensor, torch.Tensor]:
        chosen = rows.prepared(order[next(position) % len(order)])
        first = model._views.first(chosen, generator)
        second = model._views.second(chosen.repeat(args.views, 1), generator)
        return first.view(-1, 1, 24, 24), second.view(-1, 1, 24, 24)

    contenders: dict[str, Callable[[], object]] = {
        "peer float32": lambda: training_step(
            peer, adam, *views(), vat_weight=0.001 if args.vat else 0.0
        ),
        "ours float32": steps_of(plain, args.batch),
        "views alone": views,
    }
    ours = "ours float32"
    if has_fast_bfloat16("cpu"):
        ours = "ours bfloat16"
        contenders[ours] = steps_of(our_run(x, *settings, "bfloat16")[0], args.batch)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for action in contenders.values():
        seconds_of(action, 2)
    for _ in range(args.rounds):
        for name, action in contenders.items():
            times[name].append(seconds_of(action, args.steps))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(
        f"{args.network}, {args.batch} rows, {args.views} copies, "
        f"{'with' if args.vat else 'without'} VAT, {torch.get_num_threads()} threads"
    )
    for name, median in medians.items():
        ratio = medians["peer float32"] / median
        print(f"{name:14s} {1e3 * median:8.1f} ms a step (median), {ratio:5.2f} x the peer")
    print(f"views take {medians['views alone'] / medians[ours]:.1%} of {ours}")


if __name__ == "__main__":
    main()
