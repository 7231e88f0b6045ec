"""Networks by name."""

from __future__ import annotations

import pytest
import torch

from quantal.errors import ParameterError
from quantal.networks import ResidualTrunk, VGGTrunk, network_for
from quantal.networks.architectures import ARCHITECTURES


@pytest.mark.parametrize(
    ("name", "kind", "n_features"),
    [
        ("6c", VGGTrunk, 4608),
        ("5g", ResidualTrunk, 512),
        ("small", VGGTrunk, 1152),
        ("small-residual", ResidualTrunk, 128),
    ],
)
def test_each_name_stands_for_a_trunk(name, kind, n_features):
    built = network_for(name, (1, 24, 24), torch.Generator(), sobel=True)
    assert type(built) is kind and built.n_features == n_features and built.sobel


def test_every_name_is_tested_and_has_a_sentence():
    assert set(ARCHITECTURES) == {"6c", "5g", "small", "small-residual"}
    assert all(chosen.summary.endswith(".") for chosen in ARCHITECTURES.values())


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(ParameterError, match=r"network must be one of '6c'.*Did you mean 'small'"):
        network_for("smal", (1, 8, 8), torch.Generator())
