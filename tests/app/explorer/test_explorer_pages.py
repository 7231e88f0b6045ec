"""The explorer's pages: what they show and what their forms do."""

from __future__ import annotations

import io
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from pages import HOSTILE, numbers, page, post, table_of, visit
from PIL import Image
from sklearn.datasets import load_digits

from quantal.app.explorer import nearest
from quantal.clustering import NJWSpectralClustering
from quantal.data import Dataset
from quantal.errors import DataError, ParameterError
from quantal.features import open_features
from quantal.hashing import ITQ

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")


def test_the_overview_shows_every_cluster_with_its_share(client, clusterer):
    text = page(client, "/")
    sizes = np.bincount(clusterer.labels_)
    assert numbers(client, "largest") == list(
        np.argsort(-sizes, kind="stable")[: (sizes > 0).sum()]
    )
    assert f"<b>{sizes[0]} rows</b> <span>{sizes[0] / 4:.1f} %</span>" in text
    assert "<b>RIM</b> on <b>digits</b>, 400 rows" in text


def test_members_come_by_confidence_from_either_end_page_by_page(client, clusterer, digits):
    p = clusterer.predict_proba(digits).astype(np.float32)
    rows = np.flatnonzero(clusterer.labels_ == 0)
    order = rows[np.argsort(-p[rows].max(axis=1), kind="stable")].tolist()
    shown = []
    for number in range(1, -(-len(rows) // 48) + 1):
        text = page(client, f"/clusters/0?page={number}")
        shown += [int(row) for row in re.findall(r'name="row" value="(\d+)"', text)]
    assert shown == order
    text = page(client, "/clusters/0?order=doubtful")
    assert re.findall(r'name="row" value="(\d+)"', text) == [str(r) for r in order[:-49:-1]]


def test_forms_lead_back_and_do_what_they_say(client):
    first, second = numbers(client, "largest")[:2]
    back = f"/clusters/{second}?order=typical&page=1"
    assert post(client, "merge", cluster=[first, second], back=back).headers["location"] == (
        f"/clusters/{first}"
    )
    assert second not in numbers(client)
    assert post(client, "undo", back="/?sort=name&page=1").headers["location"] == (
        "/?sort=name&page=1"
    )
    assert second in numbers(client)
    post(client, "redo")
    post(client, "rename", cluster=first, name=HOSTILE)
    post(client, "junk", cluster=first, junk="yes")
    post(client, "split", cluster=first, parts=3)
    assert {6, 7} <= set(numbers(client))
    summaries = re.findall(r"</time> <span>(.*?)</span>", page(client, "/history"))
    assert [text.split()[0] for text in summaries] == ["Split", "Marked", "Renamed", "Merged"]


def test_split_is_k_means_on_the_embedding_and_repeats_itself(client, clusterer, digits, tmp_path):
    def parts(client):
        post(client, "split", cluster=0, parts=2)
        return [row["label"] for row in table_of(client)]

    first = parts(client)
    assert set(first) == {str(n) for n in numbers(client)}
    assert first == parts(visit(clusterer, digits, tmp_path / "other.sqlite"))


def test_moved_rows_and_edits_are_there_after_a_restart(client, clusterer, digits, tmp_path):
    rows = [int(row["id"].partition("/")[0]) for row in table_of(client) if row["label"] != "1"]
    post(client, "move", row=rows[:3], into=1)
    post(client, "rename", cluster=1, name="ones")
    again = visit(clusterer, digits, tmp_path / "edits.sqlite")
    assert table_of(again) == table_of(client)
    assert [table_of(again)[row]["name"] for row in rows[:3]] == ["ones"] * 3
    assert "Last edit: Renamed Cluster 1 to ones." in page(again, "/")


def test_both_exports_hold_every_row_in_order(client, clusterer, digits):
    post(client, "junk", cluster=1, junk="yes")
    table = pq.read_table(io.BytesIO(client.get("/export.parquet").content)).to_pydict()
    assert list(table) == ["id", "original_label", "label", "name", "junk"]
    assert table["id"] == list(digits.ids)
    assert table["original_label"] == clusterer.labels_.tolist()
    assert table["junk"] == (clusterer.labels_ == 1).tolist()
    rows = table_of(client)
    assert [row["id"] for row in rows] == table["id"]
    assert [int(row["label"]) for row in rows] == table["label"]
    disposition = client.get("/export.csv").headers["content-disposition"]
    assert disposition == 'attachment; filename="labels.csv"'


def test_pictures_are_the_rows(client, digits):
    answer = client.get("/rows/7.png?v=1")
    assert (answer.headers["content-type"], answer.headers["cache-control"][:7]) == (
        "image/png",
        "private",
    )
    shown = np.asarray(Image.open(io.BytesIO(answer.content)))
    np.testing.assert_array_equal(shown[::8, ::8], digits.x[7])
    strip = Image.open(io.BytesIO(client.get("/strip.png?rows=1-2-3").content))
    assert strip.size == (3 * 64 + 2 * 4, 64)


def test_search_by_row_leaves_the_row_out_and_agrees_with_the_embedding(client, clusterer, digits):
    text = page(client, "/search?row=3&measure=embedding")
    found = [int(row) for row in re.findall(r'name="row" value="(\d+)"', text)]
    z = clusterer.transform(digits).astype(np.float64)
    expected = np.argsort(((z - z[3]) ** 2).sum(axis=1), kind="stable")
    assert found == [row for row in expected[:49].tolist() if row != 3]
    assert "Hellinger" in page(client, "/search?row=3&measure=probability")


def test_rows_too_wide_for_memory_are_projected_and_said_to_be(tmp_path, monkeypatch):
    monkeypatch.setattr(nearest, "MOST_BYTES", 0)  # 16 numbers a row remain
    x = load_digits().data[:120].astype(np.float32)
    model = NJWSpectralClustering(n_clusters=4, random_state=0).fit(x)
    client = visit(model, Dataset(x, "vectors", "vectors"), tmp_path / "e")
    text = page(client, "/search?row=3")
    assert "found by a random projection of the 64 numbers to 16, which may miss some" in text
    exact = np.sort(np.linalg.norm(x - x[3], axis=1))[1:]
    found = [float(d) for d in re.findall(r"figures\"><b>([\d.]+)</b>", text)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(exact[0], rel=0.01)


def test_search_by_an_image_finds_the_row_that_it_was(client, digits):
    stream = io.BytesIO()
    Image.fromarray(digits.x[11]).save(stream, "PNG")
    answer = client.post("/search", files={"image": ("../../etc/passwd", stream.getvalue())})
    assert answer.status_code == 200
    assert re.search(r'name="row" value="(\d+)"', answer.text)[1] == "11"
    assert 'src="data:image/png;base64,' in answer.text
    answer = client.post("/search", data={"vector": str(digits.x[12].ravel().tolist())})
    assert re.search(r'name="row" value="(\d+)"', answer.text)[1] == "12"


def test_a_hash_model_groups_by_bits_and_searches_by_hamming(tmp_path):
    x = load_digits().data[:400].astype(np.float32)
    model = ITQ(n_bits=16, random_state=0).fit(x)
    client = visit(model, Dataset(x, "vectors", "vectors"), tmp_path / "e")
    assert numbers(client, "largest") == [0, 1, 2, 3, 4]
    assert "A hash model gives codes, not clusters." in page(client, "/")
    text = page(client, "/search?row=3")
    bits = [int(b) for b in re.findall(r"<b>(\d+) bits?</b>", text)]
    codes = model.transform(x).astype(int)
    assert bits == np.sort((codes != codes[3]).sum(axis=1))[1:49].tolist()
    assert 'class="bars" role="img" aria-label="Row 3: 64 numbers from 0 to' in page(
        client, "/rows/3"
    )
    post(client, "split", cluster=0, parts=2)
    assert 5 in numbers(client)


def test_a_method_without_probabilities_shows_closeness_and_only_the_rows_of_its_fit(tmp_path):
    x = load_digits().data[:120].astype(np.float32)
    model = NJWSpectralClustering(n_clusters=4, random_state=0).fit(x)
    client = visit(model, Dataset(x, "vectors", "vectors"), tmp_path / "e")
    labels = [int(row["label"]) for row in table_of(client)]
    assert labels == model.labels_.tolist()
    assert "closeness to the centre" in page(client, "/clusters/0")
    with pytest.raises(ParameterError, match="labels only the rows that it was fitted on"):
        visit(model, Dataset(x[1:], "vectors", "vectors"), tmp_path / "f")


def test_features_of_images_are_shown_as_the_images_and_searched_by_one(digits, tmp_path):
    plain = Dataset(digits.x[:80].repeat(2, axis=1).repeat(2, axis=2), "d", "images")
    described = open_features(plain.x, features="hog")
    model = ITQ(n_bits=8, random_state=0).fit(described)
    client = visit(model, described, tmp_path / "e", pictures=plain.x)
    shown = Image.open(io.BytesIO(client.get("/rows/7.png").content))
    np.testing.assert_array_equal(np.asarray(shown)[::4, ::4], plain.x[7])
    stream = io.BytesIO()
    Image.fromarray(plain.x[7]).save(stream, "PNG")
    answer = client.post("/search", files={"image": ("a.png", stream.getvalue())})
    near = re.findall(r'name="row" value="(\d+)".*?<b>(\d+) bit', answer.text, re.DOTALL)
    assert ("7", "0") in near
    raw = visit(model, plain, tmp_path / "f")  # the images themselves do as well
    assert page(raw, "/search?row=7").count("as the model sees it") == 1
    with pytest.raises(DataError, match=r"There are 79 pictures, but .* has 80 rows\."):
        visit(model, described, tmp_path / "g", pictures=plain.x[1:])
