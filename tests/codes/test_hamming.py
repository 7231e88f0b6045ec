"""Exact Hamming search against counting bits by NumPy."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.codes import hamming_radius, hamming_search, pack_bits, partition
from quantal.errors import DataError, ParameterError

RNG = np.random.default_rng(0)


def random_codes(n, n_bits, share=0.3):
    """Few bits set, so that distances tie."""
    return pack_bits(RNG.random((n, n_bits)) < share)


def all_distances(codes, queries):
    table = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1)
    return table[queries[:, None] ^ codes[None]].sum(-1)


def expected_nearest(codes, queries, k):
    distances = all_distances(codes, queries)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, 1), order


def assert_found(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("n_bits", [1, 8, 12, 63, 64, 65, 128, 256, 300])
def test_search_finds_the_k_nearest_of_any_width_with_ties_by_row(n_bits):
    codes, queries = random_codes(700, n_bits), random_codes(70, n_bits)
    found = hamming_search(codes, queries, 25, n_threads=1)
    assert found[0].dtype == np.int32 and found[1].dtype == np.int64
    assert_found(found, expected_nearest(codes, queries, 25))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 4097])
@pytest.mark.parametrize("k", [1, 7, "n"])
def test_any_number_of_codes_and_neighbours(n, k):
    codes, queries = random_codes(n, 64), random_codes(3, 64)
    k = n if k == "n" else min(k, n)
    found = hamming_search(codes, queries, k, n_threads=1)
    assert_found(found, expected_nearest(codes, queries, k))


def test_equal_codes_are_found_in_the_order_of_rows():
    codes = np.zeros((5000, 8), np.uint8)
    distances, ids = hamming_search(codes, codes[:1], 300, n_threads=1)
    assert not distances.any()
    np.testing.assert_array_equal(ids[0], np.arange(300))


def test_codes_that_come_nearer_and_nearer_push_out_all_before():
    bits = np.tril(np.ones((64, 64), bool)).repeat(40, axis=0)  # distances 1 1 1 .. 64 64
    codes, query = pack_bits(bits[::-1]), np.zeros((1, 8), np.uint8)
    assert_found(hamming_search(codes, query, 50, n_threads=1), expected_nearest(codes, query, 50))


@pytest.mark.parametrize("n_queries", [1, 5, 200])
@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_the_number_of_threads_changes_nothing(monkeypatch, n_queries, n_threads):
    monkeypatch.setattr(partition, "SMALLEST_PART", 100)
    monkeypatch.setattr(partition, "SEGMENT_BYTES", 9_000)
    codes, queries = random_codes(3000, 64), random_codes(n_queries, 64)
    expected = expected_nearest(codes, queries, 40)
    assert_found(hamming_search(codes, queries, 40, n_threads=n_threads), expected)
    one = hamming_radius(codes, queries, 15, n_threads=1)
    assert_found(hamming_radius(codes, queries, 15, n_threads=n_threads), one)


def test_batches_of_queries_change_nothing(monkeypatch):
    codes, queries = random_codes(500, 64), random_codes(30, 64)
    expected = hamming_radius(codes, queries, 15, n_threads=1)
    monkeypatch.setattr(partition, "STATE_BYTES", 10_000)
    found = hamming_search(codes, queries, 9, n_threads=1)
    assert_found(found, expected_nearest(codes, queries, 9))
    assert_found(hamming_radius(codes, queries, 15, n_threads=1), expected)


def test_a_memory_map_is_searched_where_it_is(tmp_path):
    codes, queries = random_codes(2000, 64), random_codes(4, 64)
    np.save(tmp_path / "codes.npy", codes)
    mapped = np.load(tmp_path / "codes.npy", mmap_mode="r", allow_pickle=False)
    found = hamming_search(mapped, queries, 10, n_threads=1)
    assert_found(found, expected_nearest(codes, queries, 10))


def test_a_memory_map_is_not_copied(tmp_path):
    np.save(tmp_path / "codes.npy", random_codes(200_000, 64))
    mapped = np.load(tmp_path / "codes.npy", mmap_mode="r", allow_pickle=False)
    queries = random_codes(4, 64)
    hamming_search(mapped[:100], queries, 10, n_threads=1)  # compiles
    tracemalloc.start()
    hamming_search(mapped, queries, 10, n_threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < mapped.nbytes / 4


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda codes: codes[::2], lambda c: c[:, 1:]]
)
def test_any_layout_in_memory_gives_the_same(layout):
    codes, queries = layout(random_codes(300, 128)), layout(random_codes(10, 128))
    found = hamming_search(codes, queries, 6, n_threads=1)
    assert_found(found, expected_nearest(np.ascontiguousarray(codes), queries, 6))


@pytest.mark.parametrize("n_bits", [12, 64, 128])
@pytest.mark.parametrize("radius", [0, 3, 1000])
def test_a_radius_includes_itself_and_orders_by_distance_and_row(n_bits, radius):
    codes, queries = random_codes(500, n_bits, 0.1), random_codes(20, n_bits, 0.1)
    distances = all_distances(codes, queries)
    query, row = np.nonzero(distances <= radius)
    order = np.lexsort((row, distances[query, row], query))
    offsets, ids, found = hamming_radius(codes, queries, radius, n_threads=1)
    np.testing.assert_array_equal(np.repeat(np.arange(20), np.diff(offsets)), query[order])
    np.testing.assert_array_equal(ids, row[order])
    np.testing.assert_array_equal(found, distances[query, row][order])


def test_radius_2_finds_what_is_2_away():
    codes = pack_bits(np.tril(np.ones((6, 6)), -1))  # row i has i bits
    offsets, ids, distances = hamming_radius(codes, codes[:1], 2, n_threads=1)
    assert (offsets.tolist(), ids.tolist(), distances.tolist()) == ([0, 3], [0, 1, 2], [0, 1, 2])


def test_nothing_asked_and_nothing_there_give_empty_results():
    codes = random_codes(10, 64)
    assert hamming_search(codes, codes[:0], 3, n_threads=1)[1].shape == (0, 3)
    assert hamming_radius(codes, codes[:0], 3, n_threads=1)[0].tolist() == [0]
    assert hamming_radius(codes[:0], codes[:2], 3, n_threads=1)[0].tolist() == [0, 0, 0]


def test_digits_are_their_own_nearest_codes():
    rows = load_digits().data
    codes = pack_bits(rows > rows.mean(axis=0))
    distances, ids = hamming_search(codes, codes[:100], 5, n_threads=1)
    assert not distances[:, 0].any()
    assert_found((distances, ids), expected_nearest(codes, codes[:100], 5))


def test_a_search_leaves_the_threads_of_other_libraries_alone():
    program = (
        "import numpy, torch; torch.set_num_threads(1); torch.ones(9) @ torch.ones(9)\n"
        "from quantal.codes import hamming_search\n"
        "codes = numpy.zeros((50, 8), numpy.uint8); hamming_search(codes, codes, 3)\n"
        "print(torch.get_num_threads())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.strip() == "1"


def test_more_neighbours_than_codes_are_refused():
    codes = random_codes(10, 64)
    with pytest.raises(
        ParameterError, match=r"k must be at most 10, the number of codes, got 11\."
    ):
        hamming_search(codes, codes, 11)


@pytest.mark.parametrize(("k", "n_threads"), [(0, 1), (2.5, 1), (3, 0), (3, True)])
def test_numbers_out_of_range_are_refused(k, n_threads):
    codes = random_codes(10, 64)
    with pytest.raises(ParameterError, match="must be an integer"):
        hamming_search(codes, codes, k, n_threads=n_threads)


def test_a_negative_radius_is_refused():
    codes = random_codes(10, 64)
    with pytest.raises(ParameterError, match="radius must be an integer"):
        hamming_radius(codes, codes, -1)


def test_queries_of_another_width_are_refused():
    with pytest.raises(DataError, match="codes have 8 bytes a row and queries 16"):
        hamming_search(random_codes(5, 64), random_codes(5, 128), 1)


def test_bits_instead_of_codes_are_refused():
    with pytest.raises(DataError, match=r"queries must be packed codes.*quantal\.codes\.pack_bits"):
        hamming_search(random_codes(5, 64), np.zeros((2, 64)), 1)


def test_pixels_are_not_searched_as_codes():
    with pytest.raises(DataError, match=r"codes have 1025 bytes a row.*rows of pixels"):
        hamming_search(np.zeros((5, 1025), np.uint8), np.zeros((1, 1025), np.uint8), 1)
