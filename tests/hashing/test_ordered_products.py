"""Sums that do not depend on the number of threads."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from quantal.hashing import ITQ, SpectralHashing, SphericalHashing
from quantal.hashing.ordered_products import in_order


@pytest.mark.parametrize("method", [ITQ, SpectralHashing, SphericalHashing])
@pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")
def test_a_fit_is_the_same_on_one_thread_and_on_several(method):
    rows = np.random.default_rng(0).laplace(size=(4000, 40)) @ np.diag(np.linspace(1, 9, 40))
    fits = []
    for n_threads in (1, 3):
        with threadpool_limits(n_threads, user_api="blas"):
            fits.append(method(20, random_state=0).fit(rows))
    for name in fits[0].fitted_arrays:
        np.testing.assert_array_equal(getattr(fits[0], name), getattr(fits[1], name))


@pytest.mark.parametrize("n_threads", [1, 4])
def test_results_come_in_the_order_of_the_items(n_threads):
    def slow_at_first(item):
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    assert list(in_order(slow_at_first, range(9), n_threads)) == [i * i for i in range(9)]


def test_few_items_are_read_ahead():
    read = []

    def items():
        for item in range(50):
            read.append(item)
            yield item

    results = in_order(lambda item: item, items(), 3)
    assert next(results) == 0
    assert len(read) <= 5


def test_items_are_read_by_the_calling_thread_only():
    readers = set()

    def items():
        for item in range(5):
            readers.add(threading.current_thread())
            yield item

    list(in_order(lambda item: item, items(), 3))
    assert readers == {threading.main_thread()}


def test_an_error_in_a_thread_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda item: 1 / item, [1, 0, 2], 2))
