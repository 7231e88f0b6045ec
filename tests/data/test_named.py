from __future__ import annotations

import io
import os
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import quantal
from quantal.data import named, named_files, open_source
from quantal.data.file_hash import file_sha256
from quantal.errors import DataError, FileFormatError, ParameterError

DOCS = Path(quantal.__file__).parent.parent / "docs"


@pytest.fixture
def folder_with():
    """Return a function that gives the data folder if a set's file is in it, else skips."""

    def find(name):
        folder = os.environ.get("QUANTAL_DATA")
        if not folder:
            pytest.skip("QUANTAL_DATA does not name a data folder")
        if named.NAMED[name].files and named.locate(named.find(name), folder) is None:
            pytest.skip(f"{name} is not in {folder}")
        return folder

    return find


@pytest.mark.data
@pytest.mark.parametrize("name", list(named.NAMED))
def test_every_set_is_what_its_row_says(name, folder_with):
    folder, entry = folder_with(name), named.NAMED[name]
    dataset, y = named.load(name, folder), named.labels(name, folder)
    rows = (len(dataset),) if entry.kind == "text" else dataset.x.shape
    assert (rows, dataset.kind) == (entry.shape, entry.kind)
    assert entry.kind == "text" or dataset.x.dtype == entry.dtype
    assert y.dtype == np.int64
    np.testing.assert_array_equal(np.unique(y), np.arange(entry.n_classes))
    assert len(y) == len(dataset)


def test_digits_need_no_file_and_keep_labels_apart(tmp_path):
    dataset = open_source("name:digits", data_dir=tmp_path)
    assert dataset.x.shape == (1797, 8, 8)
    assert (dataset.x.min(), dataset.x.max()) == (0, 16)
    assert not hasattr(dataset, "y")
    assert named.labels("digits")[:3].tolist() == [0, 1, 2]


def test_changing_a_loaded_set_leaves_the_next_one_alone():
    named.load("digits").x[:] = 0
    assert named.load("digits").x.max() == 16


def test_an_unknown_name_suggests_the_closest():
    with pytest.raises(ParameterError, match=r"No data set is named 'mnits'.*Did you mean 'mnist'"):
        open_source("name:mnits")


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"mnist\.npz or .* is not in .*quantal data fetch mnist"):
        named.load("mnist", tmp_path)
    with pytest.raises(DataError, match=r"no public copy to download; it comes from: Columbia"):
        named.load("coil20", tmp_path)


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTAL_DATA", str(tmp_path / "a"))
    assert named.data_folder() == tmp_path / "a"
    assert named.data_folder(tmp_path) == tmp_path
    monkeypatch.delenv("QUANTAL_DATA")
    assert named.data_folder() == Path.home() / ".cache" / "quantal"


def test_a_file_with_another_checksum_is_refused(tmp_path):
    np.savez(tmp_path / "usps.npz", x=np.zeros((2, 16, 16)), y=np.zeros(2))
    with pytest.raises(FileFormatError, match=r"not the expected file: its SHA-256 is .*a692"):
        named.load("usps", tmp_path)


def test_an_image_size_of_its_own_is_refused():
    with pytest.raises(ParameterError, match=r"image_size of digits is \(8, 8\), got \(9, 9\)"):
        open_source("name:digits", image_size=9)


def test_omniglot_is_100_characters_of_block_means(tmp_path):
    x = np.full((116 * 20, 105, 105), 255, dtype=np.uint8)
    x[:, :5, :3] = 0  # three fifths of the first block are ink
    y = np.repeat(np.arange(116), 20)
    np.savez_compressed(tmp_path / "o.npz", x=x, y=y)
    contents = named_files.omniglot(tmp_path / "o.npz")
    assert contents.x.shape == (2000, 21, 21)
    np.testing.assert_allclose(contents.x[:, 0, 0], 0.6)
    assert contents.x[:, 1:, :].max() == 0
    assert Counter(contents.labels.tolist()) == dict.fromkeys(range(100), 20)
    assert contents.x.base is None or contents.x.dtype == np.float32


def test_the_train_test_layout_puts_training_rows_first(tmp_path):
    x = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    y = np.arange(6)
    np.savez(tmp_path / "m.npz", x_test=x[4:], y_test=y[4:], x_train=x[:4], y_train=y[:4])
    contents = named_files.train_test_arrays(tmp_path / "m.npz")
    np.testing.assert_array_equal(contents.x, x)
    np.testing.assert_array_equal(contents.labels, y)


def test_the_newsgroup_archive_is_read_by_half_and_group(tmp_path):
    with tarfile.open(tmp_path / "n.tar.gz", "w:gz") as archive:
        for name in ("test/b/1", "train/b/10", "train/b/9", "train/a/7"):
            raw = f"From: x\n\nbody of {name}\n\nend".encode("latin-1")
            info = tarfile.TarInfo(f"20news-bydate-{name}")
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    contents = named_files.newsgroup_archive(tmp_path / "n.tar.gz")
    assert [text.split("\n")[0][8:] for text in contents.texts] == [
        "train/a/7",
        "train/b/9",
        "train/b/10",
        "test/b/1",
    ]
    assert contents.labels.tolist() == [0, 1, 1, 1]
    assert contents.ids == ["train/0", "train/1", "train/2", "test/3"]


def test_the_cifar_archive_becomes_images_with_the_colours_last(tmp_path):
    records = np.arange(6 * 2 * 3073, dtype=np.uint64).astype(np.uint8).reshape(6, 2, 3073)
    records[:, :, 0] = np.arange(12).reshape(6, 2)
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        for number in (5, 0, 1, 4, 3, 2):
            name = "test_batch.bin" if number == 5 else f"data_batch_{number + 1}.bin"
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = records[number].nbytes
            archive.addfile(info, io.BytesIO(records[number].tobytes()))
        archive.addfile(tarfile.TarInfo("cifar-10-batches-bin/readme.html"))
    contents = named_files.cifar_archive(tmp_path / "c.tar.gz")
    assert contents.x.shape == (12, 32, 32, 3)
    assert contents.labels.tolist() == list(range(12))
    green = records[3, 1, 1 + 1024 : 1 + 2048].reshape(32, 32)
    np.testing.assert_array_equal(contents.x[7, :, :, 1], green)


def test_a_file_that_everybody_packs_anew_is_checked_by_its_arrays(tmp_path, monkeypatch):
    x, y = np.arange(12, dtype=np.uint8).reshape(3, 2, 2), np.array([0, 1, 1])
    sha256 = named_files.content_sha256(named_files.Contents(y, x=x))
    file = named.NamedFile("usps.npz", sha256, "arrays", by_content=True)
    monkeypatch.setitem(named.NAMED, "usps", replace(named.NAMED["usps"], files=(file,)))
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "usps.npz", x=x, y=y)
        assert named.load("usps", tmp_path).x.shape == (3, 2, 2)
        assert named.fetch("usps", tmp_path) == tmp_path / "usps.npz"
    np.savez(tmp_path / "usps.npz", x=x, y=y[::-1])
    with pytest.raises(FileFormatError, match=r"not the expected file"):
        named.load("usps", tmp_path)
    text = (
        r"usps\.npz is not the expected file: its SHA-256 is [0-9a-f]{12}\.\.\., wanted "
        + sha256[:12]
        + r"\.\.\.\. Get it again, or pass .* There is no public copy to download; it comes from: "
    )
    with pytest.raises(FileFormatError, match=text):
        named.fetch("usps", tmp_path)


def test_labels_of_unknown_rows_are_refused():
    with pytest.raises(ParameterError, match=r"digits has no row names; leave out ids"):
        named.labels("digits", ids=["1"])


def test_the_catalogue_says_what_is_there(tmp_path):
    rows = {row["name"]: row for row in named.catalogue(tmp_path)}
    assert rows["digits"]["available"]
    assert not rows["mnist"]["available"]
    assert rows["mnist"]["can_fetch"]
    assert not rows["usps"]["can_fetch"]
    (tmp_path / "usps.npz").touch()
    assert {r["name"]: r["path"] for r in named.catalogue(tmp_path)}["usps"].endswith("usps.npz")


def test_the_documentation_holds_the_table_of_named_sets():
    assert named.markdown_table() in (DOCS / "data.md").read_text(encoding="utf-8")


def street_numbers(folder, monkeypatch):
    """Small files of the form of SVHN's two, under its name; returns their images and labels."""
    from scipy.io import savemat

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (7, 4, 4, 3), dtype=np.uint8), np.array([1, 10, 9, 10, 2, 3, 4])
    file = None
    for name, rows in (("test_32x32.mat", slice(4, None)), ("train_32x32.mat", slice(4))):
        savemat(folder / name, {"X": x[rows].transpose(1, 2, 3, 0), "y": y[rows, None]})
        sha256 = file_sha256(folder / name)
        file = named.NamedFile(name, sha256, "matlab_images", rest=file)
    monkeypatch.setitem(named.NAMED, "svhn", replace(named.NAMED["svhn"], files=(file,)))
    return x, y % 10


def test_a_set_of_two_files_is_read_as_one(tmp_path, monkeypatch):
    x, y = street_numbers(tmp_path, monkeypatch)
    np.testing.assert_array_equal(named.load("svhn", tmp_path).x, x)
    np.testing.assert_array_equal(named.labels("svhn", tmp_path), y)
    assert named.fetch("svhn", tmp_path) == tmp_path / "train_32x32.mat"
    row = next(row for row in named.catalogue(tmp_path) if row["name"] == "svhn")
    assert row["available"] and row["files"] == ["train_32x32.mat", "test_32x32.mat"]


def test_a_set_of_two_files_needs_both_unharmed(tmp_path, monkeypatch):
    street_numbers(tmp_path, monkeypatch)
    second = tmp_path / "test_32x32.mat"
    second.write_bytes(second.read_bytes()[:-1])
    with pytest.raises(FileFormatError, match=r"test_32x32.mat is not the expected file"):
        named.load("svhn", tmp_path)
    with pytest.raises(FileFormatError, match=r"test_32x32.mat is not .* no public copy"):
        named.fetch("svhn", tmp_path)
    second.unlink()
    text = r"^svhn: test_32x32.mat is not in .*Put test_32x32.mat there, or name its folder"
    with pytest.raises(DataError, match=text):
        named.load("svhn", tmp_path)
    (tmp_path / "train_32x32.mat").unlink()
    with pytest.raises(DataError, match=r"^svhn: train_32x32.mat with test_32x32.mat is not in"):
        named.load("svhn", tmp_path)


def test_only_the_part_that_is_missing_is_fetched(tmp_path, monkeypatch):
    street_numbers(tmp_path, monkeypatch)
    (first,) = named.NAMED["svhn"].files
    public = replace(first, url="http://a/1", rest=replace(first.rest, url="http://a/2"))
    monkeypatch.setitem(named.NAMED, "svhn", replace(named.NAMED["svhn"], files=(public,)))
    (tmp_path / "test_32x32.mat").unlink()
    asked = []
    monkeypatch.setattr(
        "quantal.data.named_location.download", lambda *given: asked.append(given[:2])
    )
    assert named.fetch("svhn", tmp_path) == tmp_path / "train_32x32.mat"
    assert asked == [("http://a/2", tmp_path / "test_32x32.mat")]
