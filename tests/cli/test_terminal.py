from __future__ import annotations

import pytest

from quantal.cli.terminal import duration, size_bars, table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (4.2, "4.2 s"),
        (42, "42 s"),
        (100, "2 min"),
        (3540, "59 min"),
        (4800, "1 h 20 min"),
    ],
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_columns_are_aligned():
    assert table([("a", "n"), ("bb", "10")], right=(1,)) == "a    n\nbb  10"


def test_the_largest_cluster_has_the_longest_bar():
    lines = size_bars([("0", 30), ("1", 15), ("2", 0)]).splitlines()
    lengths = [line.count("█") + line.count("#") for line in lines]
    assert lengths == [0, 30, 15, 0]
    assert "66.7 %" in lines[1]


def test_of_a_hundred_clusters_the_ends_are_drawn_and_the_rest_is_counted():
    lines = size_bars([(str(i), i + 1) for i in range(100)]).splitlines()
    assert len(lines) == 25
    assert lines[21] == "... 77 more of 4 to 80 rows"
    assert lines[-1].split()[:2] == ["0", "1"]


def test_empty_clusters_only_are_drawn_without_dividing_by_zero():
    assert "0.0 %" in size_bars([("0", 0)])
