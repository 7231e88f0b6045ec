from __future__ import annotations

import json
import os

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.data import Dataset, open_source
from quantal.data.options import parse_image_size
from quantal.errors import DataError, ParameterError

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_an_array_is_passed_through_without_a_copy():
    assert open_source(ROWS).x is ROWS


def test_a_sparse_matrix_becomes_csr():
    x = open_source(sp.coo_matrix(ROWS)).x
    assert x.format == "csr"
    np.testing.assert_array_equal(x.toarray(), ROWS)


def test_a_dataset_is_returned_as_it_is():
    dataset = open_source(ROWS)
    assert open_source(dataset) is dataset


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ((5, 8, 6), (5, 8, 6)),
        ((5, 8, 6, 1), (5, 8, 6)),
        ((5, 1, 8, 6), (5, 8, 6)),
        ((5, 8, 6, 3), (5, 8, 6, 3)),
        ((5, 3, 8, 6), (5, 8, 6, 3)),
    ],
)
def test_images_have_their_colours_last(shape, read):
    x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    dataset = open_source(x)
    assert dataset.x.shape == read
    assert np.shares_memory(dataset.x, x)
    assert dataset.reader["image_size"] == [8, 6]
    assert dataset.kind == "images"


def test_channels_first_keeps_each_pixel():
    x = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 6), dtype=np.uint8)
    np.testing.assert_array_equal(open_source(x).x[2, 4, 5], x[2, :, 4, 5])


def test_an_odd_number_of_channels_is_refused():
    with pytest.raises(DataError, match=r"shape \(5, 8, 6, 4\), but images are"):
        open_source(np.ones((5, 8, 6, 4)))


@pytest.mark.parametrize("ragged", [[[1.0, 2.0], [3.0]], [[1, 2], None]])
def test_rows_of_mixed_widths_are_refused(ragged):
    with pytest.raises(DataError, match=r"Pass rows of one width|Python objects"):
        open_source(ragged)


def test_a_missing_path_suggests_its_neighbour(tmp_path):
    np.save(tmp_path / "vectors.npy", ROWS)
    with pytest.raises(DataError, match=r"vector\.npy does not exist\. Did you mean '.*vectors\.n"):
        open_source(tmp_path / "vector.npy")


def test_a_missing_folder_is_named():
    with pytest.raises(DataError, match=r"The folder nowhere does not exist either"):
        open_source("nowhere/rows.npy")


def test_an_unknown_suffix_lists_the_supported_ones(tmp_path):
    (tmp_path / "rows.pkl").write_bytes(b"")
    with pytest.raises(DataError, match=r"'\.pkl' cannot be read\. Supported are \.npy, \.npz"):
        open_source(tmp_path / "rows.pkl")


def test_an_unknown_option_suggests_the_closest():
    with pytest.raises(ParameterError, match=r"Unknown option 'imagesize'.*Did you mean 'image_s"):
        open_source(ROWS, imagesize=3)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("color", "gray", r"color must be one of 'auto', 'grey', 'rgb', got 'gray'.*'grey'"),
        ("image_size", "abc", r"image_size must be .*'28x23'"),
        ("image_size", (0, 3), r"each in \[1, 65535\], got \(0, 3\)"),
        ("image_size", True, r"image_size must be"),
        ("columns", 3, r"columns must be a list of column names, got 3"),
        ("key", 3, r"key must be the name of an array"),
        ("text", "21news", r"text must be one of .*Did you mean '20news'"),
        ("skip_unreadable", "yes", r"skip_unreadable must be one of False, True"),
        ("like", "pictures", r"like must be one of"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(option, value, message):
    with pytest.raises(ParameterError, match=message):
        open_source(ROWS, **{option: value})


@pytest.mark.parametrize(
    ("given", "size"), [(28, (28, 28)), ("28", (28, 28)), ("28x23", (28, 23)), ([4, 5], (4, 5))]
)
def test_image_sizes_are_height_by_width(given, size):
    assert parse_image_size(given) == size


def test_an_option_of_another_format_is_refused():
    with pytest.raises(ParameterError, match=r"option columns does not concern an array"):
        open_source(ROWS, columns=["a"])


def test_settings_of_a_reader_are_passed_over_where_they_say_nothing():
    assert open_source(ROWS, columns=["a"], key="x", like="vectors").x is ROWS


def test_settings_of_a_reader_allow_a_single_new_row():
    assert len(open_source(ROWS[:1], like="vectors")) == 1


def test_images_of_another_size_than_wanted_are_refused():
    with pytest.raises(DataError, match=r"images of 4 x 4 pixels, but 5 x 5 are wanted"):
        open_source(np.arange(32.0).reshape(2, 4, 4), image_size=5)


@pytest.mark.parametrize("x", [ROWS, ROWS.reshape(4, 3, 1) * np.ones(2, "f4")])
def test_the_reader_is_json_and_reads_the_same_again(x):
    dataset = open_source(x)
    again = open_source(x, **json.loads(json.dumps(dataset.reader)))
    np.testing.assert_array_equal(again.x, dataset.x)
    assert again.reader == dataset.reader


def test_a_dataset_shows_its_shape():
    dataset = open_source(np.arange(24.0).reshape(2, 3, 4))
    assert repr(dataset) == "Dataset('array', images, 2 x 3 x 4 float64)"
    assert (len(dataset), dataset.n_features) == (2, 12)
    assert isinstance(dataset, Dataset)


def test_a_broken_link_is_called_one(tmp_path):
    (tmp_path / "rows.npy").symlink_to(tmp_path / "gone.npy")
    with pytest.raises(DataError, match=r"is a link to a file that does not exist"):
        open_source(tmp_path / "rows.npy")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "rows.npy")
    with pytest.raises(DataError, match=r"neither a file nor a folder"):
        open_source(tmp_path / "rows.npy")


def test_an_empty_path_is_not_the_current_folder():
    with pytest.raises(DataError, match=r"path of the data is empty"):
        open_source("")


def test_a_name_longer_than_the_system_allows_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"a\.npy is no path \(File name too long\)\. Check it\."):
        open_source(tmp_path / ("a" * 300 + ".npy"))
