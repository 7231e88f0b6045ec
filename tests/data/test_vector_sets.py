from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quantal.data import describe, named, open_source, vector_sets
from quantal.errors import DataError, FileFormatError, ParameterError


def descriptors(n, d=128, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, d), np.uint8)


@pytest.fixture
def sift1b(monkeypatch):
    """The table's row with subsets of a few rows."""
    entry = replace(named.VECTOR_SETS["sift1b"], subsets={"1M": 4, "2M": 8})
    monkeypatch.setitem(named.VECTOR_SETS, "sift1b", entry)
    return entry


@pytest.mark.parametrize(
    ("name", "file", "width"),
    [
        ("sift1m", "sift_base.fvecs", 128),
        ("sift1m", "sift/sift_base.fvecs", 128),
        ("sift1m:base", "sift1m/sift_base.fvecs", 128),
        ("sift1m:learn", "sift_learn.fvecs", 128),
        ("sift1m:query", "sift/sift_query.fvecs", 128),
        ("gist1m", "gist/gist_base.fvecs", 960),
        ("gist1m:query", "gist_query.fvecs", 960),
        ("sift1b", "bigann_base.bvecs", 128),
        ("sift1b:learn", "bigann/bigann_learn.bvecs", 128),
        ("sift1b:query", "sift1b/bigann_query.bvecs", 128),
    ],
)
def test_every_part_is_mapped_where_its_archive_puts_it(texmex, name, file, width):
    rows = descriptors(5, width)
    dataset = open_source(f"name:{name}", data_dir=texmex(file, rows))
    assert isinstance(dataset.x, np.memmap)
    np.testing.assert_array_equal(dataset.x, rows)
    assert dataset.name == name.removesuffix(":base")
    assert (dataset.kind, dataset.reader) == ("vectors", {"like": "vectors"})
    assert dataset.x.dtype == named.find(name).dtype


def test_a_subset_is_the_first_rows_and_no_other_row_is_looked_at(texmex, sift1b):
    folder = texmex("bigann_base.bvecs", descriptors(10))
    path = folder / "bigann_base.bvecs"
    path.write_bytes(path.read_bytes()[:-7])  # a download that is under way
    dataset = open_source("name:sift1b:2M", data_dir=folder)
    np.testing.assert_array_equal(dataset.x, descriptors(10)[:8])
    assert describe(dataset)["n"] == 8
    with pytest.raises(FileFormatError, match="is truncated"):
        open_source("name:sift1b", data_dir=folder)


def test_a_subset_of_more_rows_than_there_are_is_refused(texmex, sift1b):
    folder = texmex("bigann_base.bvecs", descriptors(5))
    assert len(open_source("name:sift1b:1M", data_dir=folder)) == 4
    with pytest.raises(DataError, match=r"holds 5 rows, fewer than the 8 of sift1b:2M.*smaller"):
        open_source("name:sift1b:2M", data_dir=folder)


def test_a_missing_file_is_named_with_its_places_and_its_source(tmp_path):
    with pytest.raises(DataError) as error:
        named.load("sift1m:query", tmp_path)
    assert str(error.value) == (
        f"sift1m: sift_query.fvecs is not in {tmp_path} (nor there in sift/ or sift1m/). quantal "
        "does not download it; it comes from: TEXMEX, http://corpus-texmex.irisa.fr (sift.tar.gz). "
        "Unpack it there, or name its folder with --data-dir or QUANTAL_DATA."
    )
    with pytest.raises(DataError, match=r"gist_base\.fvecs is not in .*gist\.tar\.gz"):
        named.fetch("gist1m", tmp_path)


def test_a_compressed_file_is_named_with_the_command_that_unpacks_it(tmp_path):
    (tmp_path / "bigann_base.bvecs.gz").touch()
    with pytest.raises(DataError, match=r"bigann_base\.bvecs\.gz is compressed.*Unpack it: gunzip"):
        named.load("sift1b:1M", tmp_path)


def test_a_part_that_there_is_not_is_named_with_those_there_are(tmp_path):
    with pytest.raises(ParameterError, match=r"sift1m has no part 'queries'; it has base, learn,"):
        named.load("sift1m:queries", tmp_path)
    with pytest.raises(ParameterError, match=r"no part '3M'; .* 1M, 2M, 5M, .* 500M\. Write"):
        named.find("sift1b:3M")
    with pytest.raises(ParameterError, match=r"Did you mean 'sift1m'"):
        named.find("sift")


def test_rows_of_another_width_are_not_the_set(texmex):
    folder = texmex("sift_base.fvecs", descriptors(5, 64))
    with pytest.raises(FileFormatError, match=r"components, but those of sift1m have 128\. It is"):
        named.load("sift1m", folder)


def test_published_neighbours_come_with_their_distances(texmex, sift1b):
    ids = np.array([[3, 1], [0, 2], [2, 3]])
    texmex("bigann_base.bvecs", descriptors(4))
    texmex("bigann_query.bvecs", descriptors(3, seed=1))
    folder = texmex("gnd/idx_1M.ivecs", ids)
    found, squared = named.neighbors("sift1b:1M", folder)
    np.testing.assert_array_equal(found, ids)
    assert squared is None
    texmex("gnd/dis_1M.fvecs", ids * 2.5)
    np.testing.assert_array_equal(named.neighbors("sift1b:1M", folder)[1], ids * 2.5)
    assert named.neighbors("sift1b", folder) is None
    texmex("gnd/idx_1000M.ivecs", ids)
    np.testing.assert_array_equal(named.neighbors("sift1b", folder)[0], ids)


def test_neighbours_that_belong_to_other_files_are_refused(texmex):
    texmex("sift/sift_base.fvecs", descriptors(4))
    texmex("sift/sift_query.fvecs", descriptors(2, seed=1))
    folder = texmex("sift/sift_groundtruth.ivecs", [[0, 1], [1, 2], [2, 3]])
    with pytest.raises(FileFormatError, match=r"3 queries, but sift_query\.fvecs has 2 rows"):
        named.neighbors("sift1m", folder)
    texmex("sift/sift_groundtruth.ivecs", [[0, 1], [1, 4]])
    with pytest.raises(FileFormatError, match=r"names rows 0 to 4, but sift1m:base has 4 rows"):
        named.neighbors("sift1m", folder)
    with pytest.raises(ParameterError, match=r"No neighbours are published in 'sift1m:learn'"):
        named.neighbors("sift1m:learn", folder)


def test_distances_of_another_shape_are_refused(texmex, sift1b):
    texmex("bigann_base.bvecs", descriptors(4))
    texmex("bigann_query.bvecs", descriptors(2, seed=1))
    texmex("gnd/idx_1M.ivecs", [[0, 1], [1, 2]])
    folder = texmex("gnd/dis_1M.fvecs", [[0, 1, 2], [1, 2, 3]])
    with pytest.raises(FileFormatError, match=r"dis_1M.fvecs has shape \(2, 3\), but idx_1M"):
        named.neighbors("sift1b:1M", folder)


def test_there_are_no_labels(tmp_path):
    with pytest.raises(DataError, match="sift1m has no labels; `neighbors` gives"):
        named.labels("sift1m", tmp_path)


def test_the_catalogue_lists_them_with_the_base(texmex):
    folder = texmex("gist/gist_base.fvecs", descriptors(3, 960))
    rows = {row["name"]: row for row in named.catalogue(folder)}
    assert rows["gist1m"]["path"] == str(folder / "gist" / "gist_base.fvecs")
    assert rows["gist1m"]["shape"] == (1_000_000, 960)
    assert named.fetch("gist1m", folder) == folder / "gist" / "gist_base.fvecs"
    missing = rows["sift1b"]
    assert not missing["available"]
    assert not missing["can_fetch"]
    assert missing["files"][-1] == "gnd/idx_1000M.ivecs"


def test_published_sizes_of_the_billion():
    subsets = vector_sets.VECTOR_SETS["sift1b"].subsets
    assert subsets["1M"] == 10**6
    assert subsets["500M"] == 5 * 10**8
    assert vector_sets.VECTOR_SETS["sift1b"].truth_names("50M") == (
        "gnd/idx_50M.ivecs",
        "gnd/dis_50M.fvecs",
    )
