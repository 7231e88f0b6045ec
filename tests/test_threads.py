"""Independent pieces of work."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from quantal.threads import linear_algebra, one_thread, one_thread_a_product, run_all


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


def test_one_thread_also_binds_this_threads_openmp_loops():
    def openmp_threads():
        info = threadpool_info()
        return {library["num_threads"] for library in info if library["user_api"] == "openmp"}

    from sklearn.cluster import KMeans  # noqa: F401  brings OpenMP

    with threadpool_limits(2):
        with one_thread():
            assert (set(blas_threads()), openmp_threads()) == ({1}, {1})
        assert (set(blas_threads()), openmp_threads()) == ({2}, {2})


def test_fits_side_by_side_leave_the_setting_as_they_found_it():
    entered, left = threading.Barrier(2, timeout=10), threading.Event()

    def first():
        with one_thread():
            entered.wait()
            left.wait(10)  # ends last, although it came first

    def second():
        with one_thread():
            entered.wait()
        left.set()

    with threadpool_limits(2, user_api="blas"):
        threads = [threading.Thread(target=work) for work in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(blas_threads()) == {2}
