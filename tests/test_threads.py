"""Independent pieces of work."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import scipy.linalg  # noqa: F401  brings a library, which must be there before a limit
from threadpoolctl import threadpool_info, threadpool_limits

from quantal import threads
from quantal.threads import linear_algebra, on_one_thread, one_thread_a_product, run_all


def blas_threads():
    """What the libraries with one number for all threads are set to, NumPy's and SciPy's."""
    return [library["num_threads"] for library in threads._split()[0].info()]


def own_threads():
    """What all libraries of linear algebra are set to for this thread."""
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


def all_numbers():
    """What every library is set to for this thread, by its file."""
    return {found["filepath"]: found["num_threads"] for found in threadpool_info()}


@pytest.fixture
def more_libraries():
    """NumPy's and SciPy's libraries, and OpenBLAS on OpenMP, which has a number for each thread."""
    pytest.importorskip("faiss")
    for found in (linear_algebra, threads._split):
        found.cache_clear()


@pytest.mark.usefixtures("more_libraries")
@pytest.mark.parametrize("limited", [on_one_thread, one_thread_a_product])
def test_of_two_overlapping_threads_none_leaves_its_limit_behind(limited):
    contexts = [limited(), limited()]
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        runs = list(zip((first, second), contexts, strict=True))
        with threadpool_limits(2, user_api="blas"):
            before = [thread.submit(all_numbers).result() for thread in (first, second)]
            for thread, context in runs:
                thread.submit(context.__enter__).result()
                assert set(thread.submit(own_threads).result()) == {1}
            first.submit(contexts[0].__exit__, None, None, None).result()
            assert set(blas_threads()) == {1}
            second.submit(contexts[1].__exit__, None, None, None).result()
            assert [thread.submit(all_numbers).result() for thread in (first, second)] == before
            assert set(blas_threads()) == {2}


def test_loops_of_openmp_run_on_one_thread():
    with on_one_thread():
        loops = [found for found in threadpool_info() if found["user_api"] == "openmp"]
        assert all(found["num_threads"] == 1 for found in loops)


def test_only_the_shared_setting_and_the_server_of_its_own_process_limit_threads(modules):
    limit = re.compile(r"threadpool_limits|torch\.set_num_threads")
    users = {"/".join(module.parts) for module in modules if limit.search(module.text)}
    assert users == {"quantal/app/running", "quantal/scale/local_engine"}
