"""Objectives: pure functions, tensors in, scalars out, in nats."""

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
    "bit_divergence",
    "conditional_entropy",
    "kl_divergence",
    "label_divergence",
    "marginal_entropy",
    "mutual_information",
    "prior_divergence",
    "random_direction",
    "rpt_penalty",
    "vat_penalty",
]
