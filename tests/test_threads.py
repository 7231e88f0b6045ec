"""Independent pieces of work."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from quantal.threads import linear_algebra, on_one_thread, one_thread_a_product, run_all


def blas_threads():
    """What NumPy's and SciPy's libraries are set to; other packages may have brought their own."""
    return [library["num_threads"] for library in linear_algebra().info()]


@pytest.mark.parametrize("n_threads", [1, 3])
def test_every_task_runs_once(n_threads):
    done = []
    run_all([partial(done.append, i) for i in range(20)], n_threads)
    assert sorted(done) == list(range(20))


@pytest.mark.parametrize("n_threads", [1, 3])
def test_an_error_reaches_the_caller(n_threads):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_all([fail, *[int] * 10], n_threads)


def test_tasks_run_side_by_side():
    barrier = threading.Barrier(2, timeout=10)
    run_all([barrier.wait, barrier.wait], 2)


def test_products_run_on_one_thread_and_the_setting_comes_back():
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(ZeroDivisionError), one_thread_a_product() as n_threads:
            assert set(blas_threads()) == {1}
            raise ZeroDivisionError
        assert n_threads == 2
        assert set(blas_threads()) == {2}


def test_the_setting_comes_back_when_the_last_of_several_users_is_done():
    with threadpool_limits(2, user_api="blas"):
        first, second = one_thread_a_product(), one_thread_a_product()
        assert (first.__enter__(), second.__enter__()) == (2, 2)
        first.__exit__(None, None, None)
        assert set(blas_threads()) == {1}
        second.__exit__(None, None, None)
        assert set(blas_threads()) == {2}


def numbers_of_openmp():
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "openmp"}


def test_one_of_two_overlapping_threads_does_not_leave_its_limit_behind():
    with threadpool_limits(2, user_api="blas"):
        contexts = [on_one_thread(), on_one_thread()]
        with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
            before = first.submit(numbers_of_openmp).result()
            for thread, context in zip((first, second), contexts, strict=True):
                thread.submit(context.__enter__).result()
            assert second.submit(numbers_of_openmp).result() <= {1}
            first.submit(contexts[0].__exit__, None, None, None).result()
            assert set(blas_threads()) == {1}
            assert first.submit(numbers_of_openmp).result() == before
            second.submit(contexts[1].__exit__, None, None, None).result()
            assert set(blas_threads()) == {2}
            assert second.submit(numbers_of_openmp).result() == before


def test_only_the_shared_setting_and_the_server_of_its_own_process_limit_threads(modules):
    limit = re.compile(r"threadpool_limits|torch\.set_num_threads")
    users = {"/".join(module.parts) for module in modules if limit.search(module.text)}
    assert users == {"quantal/app/running", "quantal/scale/local_engine"}
