"""Objectives: pure functions, tensors in, one value for a batch or for each row out, in nats."""

from .bit_gradients import (
    draw_bits,
    logit_gradient,
    one_bit_differences,
    straight_through,
    surrogate_loss,
)
from .bit_information import (
    bit_conditional_entropy,
    bit_information,
    bit_marginal_entropy,
    pair_information,
)
from .bit_pairs import expected_pair_loss, pair_differences, pair_loss, pair_surrogate
from .divergence import (
    bit_divergence,
    kl_divergence,
    label_divergence,
    prior_divergence,
)
from .embedded_clustering import (
    embedded_clustering_loss,
    sharpened_target,
    student_assignment,
)
from .entropy import conditional_entropy, marginal_entropy, mutual_information
from .generative_hashing import BitModel, expected_generative_loss, generative_loss
from .log_softmax import log_softmax
from .paired_information import joint_assignment, joint_information, paired_information
from .reconstruction import reconstruction_error
from .scaled_generative import Scales, scaled_code_loss, scaled_generative_loss
from .triplet import TripletLoss
from .virtual_adversarial import (
    adversarial_direction,
    random_direction,
    rpt_penalty,
    vat_penalty,
)

__all__ = [
    "BitModel",
    "Scales",
    "TripletLoss",
    "adversarial_direction",
    "bit_conditional_entropy",
    "bit_divergence",
    "bit_information",
    "bit_marginal_entropy",
    "conditional_entropy",
    "draw_bits",
    "embedded_clustering_loss",
    "expected_generative_loss",
    "expected_pair_loss",
    "generative_loss",
    "joint_assignment",
    "joint_information",
    "kl_divergence",
    "label_divergence",
    "log_softmax",
    "logit_gradient",
    "marginal_entropy",
    "mutual_information",
    "one_bit_differences",
    "pair_differences",
    "pair_information",
    "pair_loss",
    "pair_surrogate",
    "paired_information",
    "prior_divergence",
    "random_direction",
    "reconstruction_error",
    "rpt_penalty",
    "scaled_code_loss",
    "scaled_generative_loss",
    "sharpened_target",
    "straight_through",
    "student_assignment",
    "surrogate_loss",
    "vat_penalty",
]
