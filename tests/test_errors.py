"""The errors, and the checks that raise them: what came, what is allowed, what to do."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import torch

from quantal import errors
from quantal.errors import (
    DataError,
    FileFormatError,
    MissingExtraError,
    NonFiniteLossError,
    ParameterError,
    QuantalError,
    TrainingError,
    require_choice,
    require_extra,
    require_probabilities,
    require_range,
    suggestion,
)

CLASSES = [
    c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == "quantal.errors"
]


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (DataError, ValueError),
        (ParameterError, ValueError),
        (FileFormatError, ValueError),
        (TrainingError, RuntimeError),
        (NonFiniteLossError, TrainingError),
        (MissingExtraError, ImportError),
    ],
)
def test_every_error_is_caught_as_ours_and_as_the_builtin_one(error, builtin):
    assert issubclass(error, QuantalError)
    assert issubclass(error, builtin)


def test_the_drawing_at_the_top_of_the_module_shows_every_class():
    drawn = set(re.findall(r"\b\w+(?:Error|Warning)\b", errors.__doc__))
    assert {c.__name__ for c in CLASSES} <= drawn


def test_every_class_has_a_sentence():
    assert all((c.__doc__ or "").rstrip().endswith(".") for c in CLASSES)


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.25), np.int64(1)])
def test_numbers_within_the_range_pass(value):
    require_range("x", value, low=0, high=1)


@pytest.mark.parametrize("value", [-1e-9, 1.1, float("nan"), float("inf"), None, "0.5", [1], True])
def test_everything_else_is_refused_with_what_came_and_what_is_allowed(value):
    with pytest.raises(ParameterError) as error:
        require_range("x", value, low=0, high=1)
    assert str(error.value) == f"x must be a number in [0, 1], got {value!r}."


@pytest.mark.parametrize("value", [0, -3])
def test_an_open_bound_is_not_allowed_itself(value):
    with pytest.raises(ParameterError, match=rf"x must be a number in \(0, inf\), got {value}\."):
        require_range("x", value, low=0, low_open=True)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan")])
def test_infinity_is_no_number_of_an_unbounded_range(value):
    with pytest.raises(ParameterError) as error:
        require_range("weight", value)
    assert str(error.value) == f"weight must be a number in (-inf, inf), got {value!r}."


def test_a_caller_may_allow_infinity_and_the_message_says_so():
    require_range("radius", float("inf"), low=0, infinite=True)
    with pytest.raises(ParameterError) as error:
        require_range("radius", float("nan"), low=0, infinite=True)
    assert str(error.value) == "radius must be a number in [0, inf], got nan."
    with pytest.raises(ParameterError, match=r"in \[0, 1\], got inf"):
        require_range("radius", float("inf"), low=0, high=1, infinite=True)


@pytest.mark.parametrize("value", [2.5, "2.5", float("inf"), 10**400])
def test_integers_are_whole(value):
    with pytest.raises(ParameterError, match="n must be an integer in"):
        require_range("n", value, low=1, integer=True)


def test_a_whole_float_counts_as_an_integer():
    require_range("n", 3.0, low=1, integer=True)


def test_a_choice_is_refused_with_the_choices_and_the_nearest():
    require_choice("mode", None, ("vat", "rpt", None))
    with pytest.raises(ParameterError) as error:
        require_choice("mode", "vatt", ("vat", "rpt", None))
    expected = "mode must be one of 'vat', 'rpt', None, got 'vatt'. Did you mean 'vat'?"
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("n_cluster", " Did you mean 'n_clusters'?"), ("zzz", ""), (7, "")],
)
def test_only_a_near_name_is_suggested(name, expected):
    assert suggestion(name, ["n_clusters", "alpha"]) == expected


def test_probabilities_pass_and_logits_are_refused_with_the_remedy():
    require_probabilities(torch.randn(4, 3).softmax(1), "p")
    with pytest.raises(DataError, match=r"p rows must be probabilities.*p\.softmax\(dim=1\)"):
        require_probabilities(torch.tensor([[3.0, -1.0], [0.5, 0.5]]), "p")


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (torch.ones(3), r"p must have shape \(n_samples, n_clusters\), got \(3,\)"),
        (torch.ones(0, 3), "p has no rows"),
        (torch.tensor([[float("nan"), 1.0]]), "off by nan"),
        (torch.tensor([[1.5, -0.5]]), "smallest entry is -0.5"),
    ],
)
def test_what_are_no_probabilities_is_said(p, text):
    with pytest.raises(DataError, match=text):
        require_probabilities(p, "p")


def test_a_missing_extra_names_the_command_that_installs_it():
    assert require_extra("math", "search").pi > 3
    with pytest.raises(MissingExtraError) as error:
        require_extra("no_such_module_anywhere", "search")
    expected = (
        "This needs no_such_module_anywhere, which is not installed. "
        "Run: pip install 'quantal[search]'"
    )
    assert str(error.value) == expected
