from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tiny_data import QUICK, blobs

import quantal as library
from quantal.clustering import IMSAT


def test_fit_leaves_a_model_labels_and_a_summary_and_nothing_else(quantal, folder):
    np.save("x.npy", blobs())
    result = quantal("fit", "x.npy", "-k", 2, "--out", "model", "--labels", "l.parquet", *QUICK)
    assert result.status == 0
    assert sorted(p.name for p in folder.iterdir()) == ["l.parquet", "model", "x.npy"]
    assert "60 rows of 4 columns in 2 clusters" in result.out
    assert "quantal predict model NEW_DATA" in result.out


def test_progress_starts_with_what_is_read_and_what_was_found(quantal):
    np.save("x.npy", blobs())
    lines = quantal("fit", "x.npy", "-k", 2, "--out", "m", *QUICK).err.splitlines()
    assert lines[0] == "reading x.npy"
    assert lines[1] == "x: 60 rows of 4 columns (float32)"
    assert lines[2] == "fitting IMSAT with 2 clusters, seed 0"


def test_quiet_prints_nothing_but_warnings(quantal):
    np.save("x.npy", blobs())
    result = quantal("fit", "x.npy", "-k", 2, "--out", "m", "--quiet", *QUICK)
    assert result.out == ""
    assert all(line.startswith("quantal: warning") for line in result.err.splitlines())


def test_a_collapse_is_a_named_warning_on_one_line(quantal):
    np.save("x.npy", blobs())
    err = quantal("fit", "x.npy", "-k", 9, "--out", "m", "-q", *QUICK).err
    assert err.startswith("quantal: warning (collapse): ")


def test_labels_equal_those_of_the_library(quantal):
    x = blobs()
    np.save("x.npy", x)
    settings = ("--set", "n_epochs=3", "--set", "n_init=1", "--seed", 5)
    quantal("fit", "x.npy", "-k", 3, "--out", "m", "--labels", "l.npy", *settings)
    direct = IMSAT(n_clusters=3, n_epochs=3, n_init=1, random_state=5).fit(x)
    np.testing.assert_array_equal(np.load("l.npy"), direct.labels_)


def test_settings_of_every_kind_reach_the_estimator(quantal):
    np.save("x.npy", blobs())
    extra = ("--set", "hidden_layer_sizes=(8, 4)", "--set", "prior=none")
    extra += ("--set", "augmentation=rpt", "--precision", "float32", "--method", "imsat")
    quantal("fit", "x.npy", "-k", 2, "--out", "m", *QUICK[:4], *extra)
    model = library.load("m")
    assert (model.hidden_layer_sizes, model.prior, model.augmentation) == ([8, 4], None, "rpt")
    assert model.precision == "float32"


def test_the_saved_model_keeps_nothing_of_the_run(quantal, model):
    loaded = library.load(model)
    assert (loaded.checkpoint, loaded.resume, loaded.verbose) == (None, False, 0)


def test_resuming_without_a_checkpoint_says_that_it_starts_afresh(quantal):
    np.save("x.npy", blobs())
    result = quantal("fit", "x.npy", "-k", 2, "--out", "m", "--resume", *QUICK)
    assert result.status == 0
    assert "m.checkpoints holds no checkpoint to resume from: the fit starts afresh" in result.err


def test_rim_is_fitted_on_request(quantal):
    np.save("x.npy", blobs())
    quantal("fit", "x.npy", "-k", 2, "--method", "rim", "--out", "m", *QUICK)
    assert json.loads(Path("m/config.json").read_text())["method"] == "RIM"


def test_a_model_is_replaced_and_labels_too(quantal, model):
    again = quantal("fit", "x.npy", "-k", 3, "--out", "model", "--labels", "l.csv", *QUICK)
    assert again.status == 0
    assert library.load(model).n_clusters == 3
    assert quantal("predict", "model", "x.npy", "--out", "l.csv").status == 0


def test_new_folders_are_made_for_results(quantal):
    np.save("x.npy", blobs())
    result = quantal("fit", "x.npy", "-k", 2, "--out", "a/b/m", "--labels", "c/l.csv", *QUICK)
    assert result.status == 0
    assert library.load("a/b/m").n_clusters == 2


@pytest.fixture
def photos(folder):
    (folder / "photos/a").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(12):
        pixels = rng.integers(0, 256, (9, 7), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"photos/a/{i:02}.png")
    (folder / "photos/broken.png").write_bytes(b"no image")
    return folder / "photos"


def test_an_unreadable_image_stops_the_fit_and_is_named(quantal, photos, folder):
    result = quantal("fit", "photos", "-k", 2, "--out", "m", *QUICK)
    assert result.status == 2
    assert "broken.png" in result.message
    assert "--skip-unreadable" in result.message
    assert [p.name for p in folder.iterdir()] == ["photos"]


def test_skipping_unreadable_images_names_them_and_labels_the_others(quantal, photos):
    options = ("--skip-unreadable", "--image-size", "6x5", "--labels", "l.parquet")
    result = quantal("fit", "photos", "-k", 2, "--out", "m", *options, *QUICK)
    assert result.status == 0
    assert "left out 1: broken.png" in result.err
    table = pq.read_table("l.parquet")
    assert table.column_names == ["id", "label", "probability"]
    assert table["id"].to_pylist() == [f"a/{i:02}.png" for i in range(12)]


def test_where_pixels_collapse_features_are_named(quantal, photos):
    result = quantal("fit", "photos", "-k", 9, "--out", "m", "--skip-unreadable", *QUICK)
    assert "warning (collapse)" in result.err
    assert "--features efficientnet-lite0" in result.out + result.err
    np.save("x.npy", blobs())
    result = quantal("fit", "x.npy", "-k", 9, "--out", "v", *QUICK)
    assert "warning (collapse)" in result.err
    assert "--features" not in result.out + result.err


def test_a_model_of_images_reads_new_images_at_its_own_size(quantal, photos, folder):
    fit = ("fit", "photos", "-k", 2, "--out", "m", "--skip-unreadable", "--image-size", "6x5")
    quantal(*fit, *QUICK)
    (folder / "new").mkdir()
    Image.fromarray(np.full((30, 20, 3), 90, np.uint8)).save(folder / "new/one.jpg")
    result = quantal("predict", "m", "new", "--out", "l.csv")
    assert result.status == 0, result.err
    assert Path("l.csv").read_text().startswith("id,label,probability\none.jpg,")


def test_texts_are_fitted_and_new_texts_use_the_same_words(quantal, folder):
    words = [["cat", "dog", "fish"], ["stone", "river", "cloud"]]
    lines = [{"id": f"d{i}", "text": " ".join(words[i % 2] * 3)} for i in range(20)]
    lines[3]["text"] += " river dog"
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    (folder / "new.txt").write_text("a cat and a dog\nthe river\n", encoding="utf-8")
    fit = quantal("fit", "t.jsonl", "-k", 2, "--out", "m", "--labels", "l.csv", *QUICK)
    assert fit.status == 0, fit.err
    assert Path("l.csv").read_text().splitlines()[1].startswith("d0,")
    result = quantal("predict", "m", "new.txt", "--out", "n.csv")
    assert result.status == 0, result.err
    assert [line.split(",")[0] for line in Path("n.csv").read_text().splitlines()] == [
        "id",
        "1",
        "2",
    ]


def test_a_model_that_cannot_be_written_in_the_end_is_rescued(quantal, folder, monkeypatch):
    np.save("x.npy", blobs())
    save, asked, sync = IMSAT.save, [], os.fsync

    def full(file):
        if len(asked) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(file)

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.setattr(IMSAT, "save", lambda self, path: (asked.append(path), save(self, path)))
    result = quantal("fit", "x.npy", "-k", 2, "--out", "m", *QUICK)
    assert result.status == 2
    assert (
        f"m cannot be written (No space left on device). Choose another path, or make room. "
        f"The model is in {asked[1]}: move it from there." in result.message
    )
    assert library.load(asked[1]).n_clusters == 2
