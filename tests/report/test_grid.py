from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.report import cluster_grid


def flat_images(values, side: int = 4, dtype=np.uint8) -> np.ndarray:
    """One constant image for each value."""
    return np.broadcast_to(np.asarray(values, dtype)[:, None, None], (len(values), side, side))


def tiles(picture, n_rows: int, n_columns: int, tile: int) -> np.ndarray:
    """Grey value in the middle of each tile of a picture without captions."""
    pixels = np.asarray(picture)[..., 0]
    rows = 16 + np.arange(n_rows) * (tile + 6) + tile // 2
    columns = 16 + np.arange(n_columns) * (tile + 2) + tile // 2
    return pixels[np.ix_(rows, columns)]


def test_the_largest_cluster_comes_first_and_members_keep_the_order_of_the_data():
    picture = cluster_grid(
        flat_images([10, 20, 30, 40, 50]), [7, 3, 3, 7, 3], n_columns=3, tile=8, captions=False
    )
    np.testing.assert_array_equal(tiles(picture, 2, 3, 8), [[20, 30, 50], [10, 40, 244]])


def test_the_most_confident_members_are_shown():
    picture = cluster_grid(
        flat_images([10, 20, 30, 40]),
        [0, 0, 0, 0],
        confidence=[0.1, 0.9, 0.5, 0.7],
        n_columns=2,
        tile=8,
        captions=False,
    )
    np.testing.assert_array_equal(tiles(picture, 1, 2, 8), [[20, 40]])


def test_a_generator_draws_members_without_repetition_and_repeatably():
    def draw(seed: int) -> list[int]:
        picture = cluster_grid(
            flat_images(range(100)),
            np.zeros(100, int),
            generator=np.random.default_rng(seed),
            n_columns=10,
            tile=8,
            captions=False,
        )
        return tiles(picture, 1, 10, 8)[0].tolist()

    assert draw(1) == draw(1) != draw(2)
    assert len(set(draw(1))) == 10


def test_clusters_can_be_chosen_and_ordered():
    picture = cluster_grid(
        flat_images([10, 20, 30]), [0, 1, 2], clusters=[2, 0], tile=8, captions=False
    )
    np.testing.assert_array_equal(tiles(picture, 2, 1, 8), [[30], [10]])


def test_rows_without_a_cluster_are_not_shown_and_n_rows_limits():
    picture = cluster_grid(
        flat_images([10, 20, 30, 40]), [-1, 5, 5, 6], n_rows=1, tile=8, captions=False
    )
    assert picture.size == (2 * 16 + 2 * 8 + 2, 2 * 16 + 8)
    np.testing.assert_array_equal(tiles(picture, 1, 2, 8), [[20, 30]])


@pytest.mark.parametrize(
    "values", [[-1.0, 0.0, 1.0], [0, 500, 1000], [2.0, np.nan, 4.0], [0.5, 0.5, 0.5]]
)
def test_other_number_ranges_are_spread_from_black_to_white(values):
    images = flat_images(values, dtype=np.asarray(values).dtype)
    picture = cluster_grid(images, [0, 0, 0], tile=8, captions=False)
    shown = tiles(picture, 1, 3, 8)[0].tolist()
    expected = {2.0: [0, 0, 255], 0.5: [0, 0, 0]}.get(values[0], [0, 128, 255])
    assert shown == expected


def test_true_and_false_are_white_and_black():
    picture = cluster_grid(flat_images([True, False], dtype=bool), [0, 0], tile=8, captions=False)
    np.testing.assert_array_equal(tiles(picture, 1, 2, 8), [[255, 0]])


def test_colour_images_keep_their_colour_and_grey_ones_may_have_a_channel_axis():
    red = np.zeros((1, 4, 4, 3), np.uint8)
    red[..., 0] = 200
    picture = cluster_grid(red, [0], tile=8, captions=False)
    assert picture.getpixel((20, 20)) == (200, 0, 0)
    grey = cluster_grid(flat_images([90])[..., None], [0], tile=8, captions=False)
    assert grey.getpixel((20, 20)) == (90, 90, 90)


def test_small_images_are_enlarged_without_new_values_and_large_ones_reduced():
    image = np.array([[[0, 255], [255, 0]]], np.uint8)
    picture = cluster_grid(image, [0], tile=9, captions=False)  # 9 is not a multiple of 2
    assert picture.size == (32 + 8, 32 + 8)
    assert set(np.asarray(picture)[16:24, 16:24].ravel().tolist()) == {0, 255}
    assert cluster_grid(flat_images([1], side=64), [0], tile=16, captions=False).size == (48, 48)


def test_captions_take_room_at_the_left_only():
    digits = load_digits()
    with_text = cluster_grid(digits.images, digits.target)
    without = cluster_grid(digits.images, digits.target, captions=False)
    assert with_text.height == without.height and with_text.width > without.width + 20
    strip = np.asarray(with_text)[:, : with_text.width - without.width]
    assert strip.min() < 60 and strip.max() == 255


def test_low_rows_write_the_size_beside_the_cluster():
    picture = cluster_grid(flat_images([9, 9]), [12345, 7], tile=12)
    assert picture.height == 32 + 2 * 12 + 6


def test_a_memory_map_of_images_is_only_read_where_it_is_shown(tmp_path):
    np.save(tmp_path / "x.npy", load_digits().images.astype(np.uint8))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    labels = load_digits().target
    assert cluster_grid(mapped, labels, n_columns=2) == cluster_grid(
        np.array(mapped), labels, n_columns=2
    )


def test_data_that_do_not_fit_are_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"\(n, height, width, 3\), got \(5, 64\).*reshape"):
        cluster_grid(np.zeros((5, 64)), np.zeros(5, int))
    with pytest.raises(DataError, match=r"labels must be 2 integers.*got float64 of shape \(2,\)"):
        cluster_grid(flat_images([1, 2]), np.zeros(2))
    with pytest.raises(DataError, match=r"labels must be 2 integers.*shape \(3,\)"):
        cluster_grid(flat_images([1, 2]), [0, 0, 0])
    with pytest.raises(DataError, match=r"confidence must have shape \(2,\), got \(3,\)"):
        cluster_grid(flat_images([1, 2]), [0, 0], confidence=[1, 2, 3])


def test_parameters_that_leave_nothing_to_show_are_refused():
    with pytest.raises(ParameterError, match=r"clusters \[4\] have no members.*are \[0\]"):
        cluster_grid(flat_images([1]), [0], clusters=[0, 4])
    with pytest.raises(ParameterError, match="no label is 0 or above"):
        cluster_grid(flat_images([1]), [-1])
    with pytest.raises(ParameterError, match="n_columns must be an integer"):
        cluster_grid(flat_images([1]), [0], n_columns=0)
