"""Thousands of damaged files: a reader gives a correct result or a QuantalError naming the file.

The readers, the files and the ways to damage them are in tests/fuzzing; `scripts/fuzz` goes on for
as long as one likes. The same files come every time.
"""

from __future__ import annotations

import shutil

import pytest
from fuzzing import data_targets, file_targets
from fuzzing.damage import steps
from fuzzing.verdict import TooLongError, judge, time_limit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TARGETS = data_targets.TARGETS + file_targets.TARGETS
EXAMPLES = {"images": 30, "checkpoint": 50}  # others: 80


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_damaged_file_is_refused_by_name_or_read_correctly(target, tmp_path):
    folder = tmp_path / "set"
    outcomes = set()

    def fresh():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    fresh()
    target.write(dict(target.files), folder)
    assert judge(target, folder) == "read"

    @settings(
        max_examples=EXAMPLES.get(target.name, 80),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(part=st.integers(0, 30), taken=steps)
    def fuzz(part, taken):
        fresh()
        target.write_damaged(part, taken, folder)
        outcomes.add(judge(target, folder) == "read")

    fuzz()
    assert False in outcomes or target.name == "images"  # damaged pictures are left out


def test_a_reader_that_does_not_end_would_be_noticed():
    with pytest.raises(TooLongError, match="no answer after"), time_limit(0.05):
        while True:
            pass
