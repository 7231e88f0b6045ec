"""Numbers too small to matter, before they become subnormal and slow everything down."""

from __future__ import annotations

import torch
from torch.nn.functional import hardshrink

EVERY = 256  # steps; averages of gradients that vanished fall by 1e-12 in between

# Their squares, and what is left of them after `EVERY` steps of decay, are still normal numbers.
NEGLIGIBLE = 1e-15
LEAST = {"exp_avg": NEGLIGIBLE, "exp_avg_sq": NEGLIGIBLE**2, "momentum_buffer": NEGLIGIBLE}


def drop_negligible(optimizer: torch.optim.Optimizer) -> None:
    """Set to 0 what is nearly 0 in the parameters and in the optimiser's averages.

    Weight decay shrinks a weight that no gradient holds, and with it Adam's averages, until they
    are subnormal. Processors compute with subnormal numbers in microcode: Adam's share of a step
    was seen to rise from a fifth to more than half, the whole step to three times its time.
    Flushing them in hardware is a setting of each thread, which other code would feel.

    A weight that the loss holds is untouched, to the bit. One that only weight decay moves comes
    to rest at 0, where plain Adam, dividing a tiny average by a tiny root, now and then throws it
    back by up to a learning rate.

    Args:
        optimizer: Adam or gradient descent with momentum, after any number of steps.
    """
    with torch.no_grad():
        for parameter, state in optimizer.state.items():
            parameter.copy_(hardshrink(parameter, NEGLIGIBLE))
            for name, least in LEAST.items():
                if isinstance(state.get(name), torch.Tensor):
                    state[name].copy_(hardshrink(state[name], least))
