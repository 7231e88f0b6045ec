from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.graph import kth_distance, nearest_neighbors, sampled_reference
from quantal.graph.candidates import find_candidates
from quantal.graph.row_blocks import RowBlocks


def brute_force(X, k: int, reference=None) -> tuple[NDArray, NDArray]:
    """Distances and indices by float64 differences, ties by the lower index."""
    X = np.asarray(X, np.float64)
    R = X if reference is None else np.asarray(reference, np.float64)
    squared = np.stack([((R - row) ** 2).sum(1) for row in X])
    if reference is None:
        np.fill_diagonal(squared, np.inf)
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return np.sqrt(np.take_along_axis(squared, order, 1)), order


@pytest.fixture(scope="module")
def digits() -> NDArray:
    return load_digits().data[:700]


def test_points_on_a_line_have_the_distances_one_can_count():
    distances, indices = nearest_neighbors(np.array([[0.0], [1.0], [3.0], [7.0]]), 2)
    np.testing.assert_array_equal(distances, [[1, 3], [1, 2], [2, 3], [4, 6]])
    np.testing.assert_array_equal(indices, [[1, 2], [0, 2], [1, 0], [2, 1]])
    assert distances.dtype == np.float32 and indices.dtype == np.int64


@pytest.mark.parametrize("chunk_rows", [None, 1, 64, 97])
def test_digits_agree_with_brute_force_whatever_the_chunk(digits, chunk_rows):
    X = digits[:200] if chunk_rows == 1 else digits
    expected, order = brute_force(X, 10)
    distances, indices = nearest_neighbors(X, 10, chunk_rows=chunk_rows)
    np.testing.assert_allclose(distances, expected, rtol=1e-6)
    np.testing.assert_array_equal(indices, order)


def test_the_selection_by_groups_of_columns_agrees_with_brute_force():
    X = np.random.default_rng(0).normal(size=(3000, 5))
    expected, order = brute_force(X, 3)
    distances, indices = nearest_neighbors(X, 3, chunk_rows=1008)
    np.testing.assert_allclose(distances, expected, rtol=1e-6)
    np.testing.assert_array_equal(indices, order)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32])
def test_the_dtype_of_the_pixels_does_not_matter(digits, dtype):
    distances, indices = nearest_neighbors(digits.astype(dtype), 4)
    np.testing.assert_array_equal(indices, brute_force(digits, 4)[1])
    np.testing.assert_allclose(distances, brute_force(digits, 4)[0], rtol=1e-6)


def test_a_large_offset_changes_nothing():
    X = np.random.default_rng(0).normal(size=(300, 8))
    shifted = X + 1e8
    distances, indices = nearest_neighbors(shifted, 5)
    expected, order = brute_force(shifted, 5)
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)


def test_tight_groups_far_apart_keep_their_inner_distances():
    generator = np.random.default_rng(0)
    X = np.repeat(generator.normal(size=(10, 6)) * 1e4, 60, axis=0)
    X += generator.normal(size=X.shape) * 1e-3  # float32 products see only noise here
    distances, indices = nearest_neighbors(X, 5)
    expected, order = brute_force(X, 5)
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)


@pytest.mark.parametrize("factor", [2.0**-90, 2.0**90])
def test_tiny_and_huge_units_neither_vanish_nor_overflow(digits, factor):
    distances, indices = nearest_neighbors(digits[:200] * factor, 3)
    expected, order = brute_force(digits[:200], 3)
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_allclose(distances / factor, expected, rtol=1e-5)


def test_duplicates_are_neighbours_at_distance_zero_and_ties_go_to_the_lower_index():
    distances, indices = nearest_neighbors(np.ones((600, 3)), 4)
    assert (distances == 0).all()
    np.testing.assert_array_equal(indices[0], [1, 2, 3, 4])
    np.testing.assert_array_equal(indices[2], [0, 1, 3, 4])
    np.testing.assert_array_equal(indices[599], [0, 1, 2, 3])


def test_many_equal_distances_are_ordered_like_brute_force():
    X = np.random.default_rng(0).integers(0, 2, size=(800, 9))  # at most 512 different rows
    np.testing.assert_array_equal(nearest_neighbors(X, 6)[1], brute_force(X, 6)[1])


def test_rows_beyond_the_old_sentinel_of_1000_still_find_each_other():
    np.testing.assert_array_equal(kth_distance([[0.0], [5000.0], [12000.0]], 1), [5000, 5000, 7000])


def test_the_kth_distance_is_counted_from_one():
    line = np.arange(5.0)[:, None]
    np.testing.assert_array_equal(kth_distance(line, 1), [1, 1, 1, 1, 1])
    np.testing.assert_array_equal(kth_distance(line, 4), [4, 3, 2, 3, 4])
    assert kth_distance(line, 4).flags.owndata


def test_another_reference_excludes_nothing(digits):
    X, other = digits[:50], digits[:300]
    expected, order = brute_force(X, 3, other)
    distances, indices = nearest_neighbors(X, 3, reference=other)
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_allclose(distances, expected, rtol=1e-6)
    assert (distances[:, 0] == 0).all()


def test_row_numbers_as_reference_still_exclude_each_row_itself(digits):
    rows = sampled_reference(len(digits), 150, generator=np.random.default_rng(0))
    distances, indices = nearest_neighbors(digits, 2, reference=rows)
    assert np.isin(indices, rows).all()
    assert not (indices == np.arange(len(digits))[:, None]).any()
    outside = np.setdiff1d(np.arange(len(digits)), rows)
    expected, order = brute_force(digits[outside], 2, digits[rows])
    np.testing.assert_array_equal(indices[outside], rows[order])
    np.testing.assert_allclose(distances[outside], expected, rtol=1e-6)


def test_all_row_numbers_are_the_same_as_no_reference(digits):
    everything = sampled_reference(len(digits), generator=np.random.default_rng(0))
    np.testing.assert_array_equal(
        kth_distance(digits, 3, reference=everything), kth_distance(digits, 3)
    )


def test_duplicates_in_a_sampled_reference_exclude_only_the_row_itself():
    _, indices = nearest_neighbors(np.zeros((400, 2)), 2, reference=np.arange(0, 400, 2))
    np.testing.assert_array_equal(indices[[0, 1, 2]], [[2, 4], [0, 2], [0, 4]])


@pytest.mark.parametrize("density", [0.004, 0.2])
def test_sparse_rows_have_the_neighbours_of_their_dense_form(density):
    X = sparse.random_array((400, 500), density=density, format="csr", rng=np.random.default_rng(0))
    expected, order = brute_force(X.toarray(), 5)
    distances, indices = nearest_neighbors(X, 5, chunk_rows=90)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)
    np.testing.assert_array_equal(indices, order)


@pytest.mark.parametrize("sparse_side", ["X", "reference"])
def test_sparse_and_dense_rows_can_be_compared(sparse_side):
    X = sparse.random_array((60, 500), density=0.004, format="csr", rng=np.random.default_rng(0))
    dense = np.random.default_rng(1).normal(size=(80, 500))
    queries, found = (X, dense) if sparse_side == "X" else (dense, X)
    distances, _ = nearest_neighbors(queries, 3, reference=found)
    expected, _ = brute_force(
        *((X.toarray(), 3, dense) if sparse_side == "X" else (dense, 3, X.toarray()))
    )
    np.testing.assert_allclose(distances, expected, rtol=1e-5)


def test_a_sparse_matrix_with_repeated_entries_is_summed_and_left_alone():
    repeated = sparse.csr_array(([1.0, 2.0, 5.0], [0, 0, 1], [0, 2, 3, 3]), shape=(3, 2))
    np.testing.assert_allclose(kth_distance(repeated, 1), [3, 5, 3])
    assert repeated.nnz == 3


def test_a_memory_map_is_read_in_place(tmp_path, digits):
    np.save(tmp_path / "x.npy", digits.astype(np.uint8))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    assert np.shares_memory(RowBlocks(mapped).values, mapped)
    np.testing.assert_array_equal(kth_distance(mapped, 5), kth_distance(digits, 5))


def test_images_are_taken_as_rows(digits):
    np.testing.assert_array_equal(
        kth_distance(digits.reshape(-1, 8, 8), 5), kth_distance(digits, 5)
    )


def test_an_outlier_does_not_make_every_row_doubtful():
    X = np.random.default_rng(0).normal(size=(500, 20))
    X[0] = 1e3
    blocks = RowBlocks(X)
    candidates = find_candidates(blocks, blocks, 16, None, n_threads=1, progress=lambda share: None)
    kth = nearest_neighbors(X, 3)[0][:, -1].astype(np.float64) ** 2 * blocks.shrink**2
    assert candidates.doubtful(np.arange(500), kth).mean() < 0.05


def test_too_many_neighbours_are_refused_with_the_remedy():
    with pytest.raises(ParameterError, match=r"k must be at most 4 for 5 rows.*own.*got 10.*Pass"):
        nearest_neighbors(np.zeros((5, 2)), 10)
    with pytest.raises(ParameterError, match=r"k must be at most 3 for 3 rows, got 4"):
        nearest_neighbors(np.zeros((5, 2)), 4, reference=np.zeros((3, 2)))
    with pytest.raises(ParameterError, match=r"k must be an integer in \[1"):
        nearest_neighbors(np.zeros((5, 2)), 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    X = np.zeros((5, 2))
    X[3, 1] = bad
    with pytest.raises(DataError, match=r"X contains nan or infinite values.*Remove or replace"):
        nearest_neighbors(X, 1)


def test_infinities_of_both_signs_are_refused_without_a_warning():
    with pytest.raises(DataError, match="nan or infinite"):
        nearest_neighbors([[np.inf], [-np.inf]], 1)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), r"X must have shape \(n_samples, n_features\).*got \(5,\)"),
        (np.zeros((0, 3)), r"at least one of each, got \(0, 3\)"),
        (np.array([["a"]]), "X must hold real numbers, got dtype <U1"),
        (np.zeros((3, 2), complex), "X must hold real numbers, got dtype complex128"),
    ],
)
def test_data_of_the_wrong_form_are_refused(X, message):
    with pytest.raises(DataError, match=message):
        nearest_neighbors(X, 1)


def test_a_reference_that_does_not_fit_is_refused():
    X = np.zeros((5, 2))
    with pytest.raises(DataError, match="X has 2 features and reference has 3"):
        nearest_neighbors(X, 1, reference=np.zeros((4, 3)))
    for rows in ([0, 5], [0, 0], [-1, 0], [0.5, 1.0], []):
        with pytest.raises(ParameterError, match="distinct row numbers from 0 to 4"):
            nearest_neighbors(X, 1, reference=rows)


def test_the_sampled_reference_is_sorted_distinct_and_repeatable():
    rows = sampled_reference(1000, 100, generator=np.random.default_rng(3))
    np.testing.assert_array_equal(rows, np.unique(rows))
    assert rows.shape == (100,) and rows.dtype == np.int64 and rows[-1] < 1000
    again = sampled_reference(1000, 100, generator=np.random.default_rng(3))
    np.testing.assert_array_equal(rows, again)


def test_a_sample_of_few_rows_is_all_rows_and_draws_nothing():
    generator = np.random.default_rng(0)
    np.testing.assert_array_equal(sampled_reference(5, generator=generator), range(5))
    assert generator.integers(1 << 30) == np.random.default_rng(0).integers(1 << 30)


@pytest.mark.parametrize("chunk_rows", [None, 97])
@pytest.mark.parametrize("other", [False, True])
def test_the_result_does_not_depend_on_the_number_of_threads(digits, chunk_rows, other):
    reference = digits[::2] + 0.5 if other else None
    one, three = (
        nearest_neighbors(digits, 9, reference=reference, chunk_rows=chunk_rows, n_threads=n)
        for n in (1, 3)
    )
    np.testing.assert_array_equal(one[0], three[0])
    np.testing.assert_array_equal(one[1], three[1])


def test_a_second_search_does_not_depend_on_the_number_of_threads():
    X = np.repeat(np.eye(40), 30, axis=0)  # equal distances: float32 cannot settle one row
    one, two = (nearest_neighbors(X, 35, n_threads=n)[1] for n in (1, 2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, brute_force(X, 35)[1])


@pytest.mark.parametrize("reference", [None, np.arange(300)])
def test_progress_rises_to_the_whole(digits, reference):
    heard: list[float] = []
    kth_distance(digits, 3, reference=reference, chunk_rows=100, progress=heard.append)
    assert len(heard) > 2 and heard == sorted(heard) and heard[-1] == 1


def test_a_number_of_threads_below_one_is_refused(digits):
    with pytest.raises(ParameterError, match=r"n_threads must be .*got 0"):
        nearest_neighbors(digits, 3, n_threads=0)
