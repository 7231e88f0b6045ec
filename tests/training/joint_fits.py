"""Small fits, and what one process of several does with them; run as a script, once a process."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits

from quantal.batch_share import WHOLE
from quantal.clustering import IIC, IMSAT, RIM
from quantal.errors import DataError, LostProcessError, ParameterError
from quantal.hashing import SGH, DeepHash, IMSATHash
from quantal.networks import BatchNorm
from quantal.objectives import (
    conditional_entropy,
    marginal_entropy,
    pair_information,
    paired_information,
)
from quantal.training import Run, joined, share_of

ROWS = 205
BATCH = 41  # shares of 20 and 21 rows
STEPS = 20
EPOCHS = STEPS * BATCH // ROWS


def rows():
    return load_digits().data[:ROWS].astype(np.float32)


def awake(cls):
    """The estimator with larger first logits: Adam turns gradients of nearly 0 into noise."""

    class Awake(cls):
        def _start(self, network, *rest):
            super()._start(network, *rest)
            if hasattr(network, "output"):
                with torch.no_grad():
                    network.output.mul_(0.1 / network.output.std())

        def _order_clusters(self, log_p):  # clusters of nearly one size may change places
            pass

        def _sort_columns(self, rows, head, order_of):
            pass

    Awake.__name__ = cls.__name__
    return Awake


def fits(seed=1):
    plan = {"n_epochs": EPOCHS, "batch_size": BATCH, "n_init": 1, "random_state": seed}
    net = {**plan, "hidden_layer_sizes": (16, 12), "precision": "float32"}
    length = {"radius": 1.0, "xi": 1.0, "units": "absolute"}  # no search for neighbours
    pairs = {"information": ["pairs", "inputs"], "regularization": ["mixup"], "n_subheads": 2}
    return {
        "IMSAT": awake(IMSAT)(10, **length, **net),
        "IMSATHash": awake(IMSATHash)(8, augmentation=["vat", "rpt"], **length, **net),
        "IIC": awake(IIC)(10, **pairs, **net),
        "SGH": SGH(8, **plan),
        "RIM": awake(RIM)(10, **plan),
    }


def interrupt_at(step, how):
    """Let training end in ``how()`` before a step, as a kill would."""
    take = Run._take_step

    def interrupted(run, numbers):
        if run.progress.step == step:
            how()
        return take(run, numbers)

    Run._take_step = interrupted
    return lambda: setattr(Run, "_take_step", take)


def stopped_fit(folder, **more):
    return awake(IMSAT)(**fits()["IMSAT"].get_params()).set_params(checkpoint=str(folder), **more)


def learned(model):
    return {name: tensor.numpy() for name, tensor in model.network_.state_dict().items()}


def all_learned():
    """Learned tensors by method and seed: two seeds, see test_distributed."""
    return {
        f"{name}-{seed}": learned(model.fit(rows()))
        for seed in (1, 2)
        for name, model in fits(seed).items()
        if seed == 1 or name in {"IMSAT", "IMSATHash", "IIC"}
    }


def require_alike(function, whole):
    """Value and gradient of a function of a batch are those of one process."""
    share = share_of(len(whole))
    mine = share.mine(whole).clone().requires_grad_()
    whole = whole.clone().requires_grad_()
    value, expected = function(mine, share), function(whole, WHOLE)
    torch.testing.assert_close(value, expected)
    value.backward()
    expected.backward()
    torch.testing.assert_close(mine.grad, share.mine(whole.grad))


def check_objectives():
    generator = torch.Generator().manual_seed(3)
    logits = 3 * torch.randn(BATCH, 7, generator=generator)
    require_alike(lambda x, share: marginal_entropy(x.log_softmax(1), share), logits)
    require_alike(lambda x, share: conditional_entropy(x.log_softmax(1), share), logits)
    require_alike(pair_information, logits)
    require_alike(
        lambda x, share: paired_information(x.log_softmax(1), (2 * x).log_softmax(1), 1.5, share),
        logits,
    )
    share = share_of(BATCH)
    log_p = logits.log_softmax(1)
    mine = share.mine(log_p).clone().requires_grad_()
    marginal_entropy(mine, share).backward()
    by_log_p = -log_p.exp() * (log_p.exp().mean(0).log() + 1) / BATCH  # dH/dlog p by hand
    torch.testing.assert_close(mine.grad, share.mine(by_log_p))


def check_batch_norm():
    generator = torch.Generator().manual_seed(4)
    for form in ((BATCH, 5), (BATCH, 3, 4, 4)):
        z = 50 + torch.randn(form, generator=generator)
        weights = torch.randn(form, generator=generator)
        alone, shared = BatchNorm(form[1]), BatchNorm(form[1])
        shared.share = share = share_of(BATCH)
        whole, mine = z.clone().requires_grad_(), share.mine(z).clone().requires_grad_()
        (alone(whole, "train") * weights).sum().backward()
        (shared(mine, "train") * share.mine(weights)).sum().backward()
        close = {"rtol": 1e-4, "atol": 1e-4}
        torch.testing.assert_close(mine.grad, share.mine(whole.grad), **close)
        torch.testing.assert_close(share.added(shared.scale.grad), alone.scale.grad, **close)
        torch.testing.assert_close(shared.running_mean, alone.running_mean, **close)
        torch.testing.assert_close(shared.running_var, alone.running_var, **close)


def message(kind, function):
    try:
        function()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__}")


def check_refusals(processes):
    x = rows()
    assert "DeepHash is fitted by one process" in message(
        ParameterError, lambda: DeepHash(8, n_epochs=1).fit(x)
    )
    assert "batch_size=1 leaves some of 2 processes" in message(
        ParameterError, lambda: RIM(3, batch_size=1, random_state=0).fit(x)
    )
    assert "a network of your own" in message(
        ParameterError, lambda: IIC(3, network=torch.nn.Flatten()).fit(x)
    )
    assert "process 1 of 2 has other data" in message(
        DataError, lambda: RIM(3, random_state=0).fit(x + processes.rank)
    )

    def fail():
        raise ParameterError("only the first process tried")

    assert message(ParameterError, lambda: processes.from_first(fail)) == (
        "only the first process tried"
    )


def lose_one(processes, folder):
    """Process 1 is killed in the middle of a fit; process 0 says so and keeps what there is."""

    def kill():
        (folder / "killed").write_text(str(time.time()))
        os.kill(os.getpid(), signal.SIGKILL)

    if processes.rank == 1:
        interrupt_at(12, kill)
    try:
        stopped_fit(folder / "of-two").fit(rows())
    except LostProcessError as error:
        (folder / "noticed").write_text(str(time.time()))
        (folder / "message").write_text(str(error))
        sys.exit(2)


def main(folder):
    with joined() as processes:
        check_objectives()
        check_batch_norm()
        check_refusals(processes)
        for name, found in all_learned().items():
            np.savez(folder / f"{name}.{processes.rank}.npz", **found)
        resumed = stopped_fit(folder / "of-one", resume=True).fit(rows())
        np.savez(folder / f"resumed.{processes.rank}.npz", **learned(resumed))
        lose_one(processes, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
