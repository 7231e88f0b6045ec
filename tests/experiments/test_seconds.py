"""Durations in tables."""

from __future__ import annotations

import pytest

from quantal.experiments.seconds import median_seconds, shown_seconds


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2541, "0.254"),
        (5.0, "5"),
        (96.04, "96"),
        (99.96, "100"),
        (653.2, "653"),
        (4307, "4,310"),
        (1.624e6, "1,620,000"),
    ],
)
def test_seconds_are_written_out_with_three_digits(seconds, shown):
    assert shown_seconds(seconds) == shown


def test_the_median_of_none_is_a_dash():
    assert median_seconds([]) == "-"
    assert median_seconds([1, 2000, 30]) == "30"
