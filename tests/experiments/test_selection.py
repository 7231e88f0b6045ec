from __future__ import annotations

import pytest

from quantal.errors import DataError
from quantal.experiments import relative_accuracy_selection


def test_a_small_set_counts_as_much_as_an_easy_one():
    # Sums of relative accuracies: 1 + 1/2 = 1.5 against 8/9 + 1 = 1.89.
    chosen = relative_accuracy_selection([1, 2], {"easy": [0.9, 0.8], "hard": [0.1, 0.2]})
    assert chosen == 2


def test_the_first_of_equals_is_taken():
    assert relative_accuracy_selection(["a", "b"], {"x": [0.5, 0.5]}) == "a"


def test_a_curve_of_another_length_is_refused():
    with pytest.raises(DataError, match="x has 1 accuracies for 2 values"):
        relative_accuracy_selection([1, 2], {"x": [0.5]})


def test_no_curve_is_refused():
    with pytest.raises(DataError, match="at least one data set"):
        relative_accuracy_selection([1, 2], {})
