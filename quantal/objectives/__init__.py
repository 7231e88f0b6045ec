"""Objectives: pure functions, tensors in, scalars out, in nats."""

from .bit_information import (
    bit_conditional_entropy,
    bit_information,
    bit_marginal_entropy,
    pair_information,
)
from .divergence import (
    bit_divergence,
    kl_divergence,
    label_divergence,
    prior_divergence,
)
from .entropy import conditional_entropy, marginal_entropy, mutual_information
from .virtual_adversarial import (
    adversarial_direction,
    random_direction,
    rpt_penalty,
    vat_penalty,
)

__all__ = [
    "adversarial_direction",
    "bit_conditional_entropy",
    "bit_divergence",
    "bit_information",
    "bit_marginal_entropy",
    "conditional_entropy",
    "kl_divergence",
    "label_divergence",
    "marginal_entropy",
    "mutual_information",
    "pair_information",
    "prior_divergence",
    "random_direction",
    "rpt_penalty",
    "vat_penalty",
]
