from __future__ import annotations

import pytest

from quantal.cli.setting_values import parse_settings, parse_value
from quantal.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("-0.5", -0.5),
        ("[8, 8]", [8, 8]),
        ("(8, 8)", [8, 8]),
        ("(8,)", [8]),
        ("8,8", [8, 8]),
        ("vat, affine", ["vat", "affine"]),
        ("stepped,100,0.5", ["stepped", 100, 0.5]),
        ("(stepped,1,0.5)", ["stepped", 1, 0.5]),
        ("vat,", ["vat"]),
        ("it's a,b", "it's a,b"),
        ("()", []),
        ("none", None),
        ("True", True),
        ("vat+affine", "vat+affine"),
        ('"none"', "none"),
        ("", ""),
        ('[["vat", 0.7], ["affine", 0.3]]', [["vat", 0.7], ["affine", 0.3]]),
        ("1\nother = 2", "1\nother = 2"),
    ],
)
def test_values_are_toml_or_words(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_names_may_be_typed_with_dashes_and_values_may_hold_equals_signs():
    assert parse_settings(["n-epochs = 3", "a=b=c"], {}) == {"n_epochs": 3, "a": "b=c"}


@pytest.mark.parametrize("setting", ["alpha", "=3", ""])
def test_what_is_no_setting_is_refused_with_an_example(setting):
    with pytest.raises(ParameterError, match=r"wants name=value.*For example: --set alpha=0\.25"):
        parse_settings([setting], {})
