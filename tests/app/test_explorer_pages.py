"""The explorer's pages: what they show, what their forms do, and that they trust nobody."""

from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from sklearn.datasets import load_digits

from quantal.app.explorer import STATIC, explorer_routes, nearest
from quantal.clustering import RIM, NJWSpectralClustering
from quantal.data import Dataset
from quantal.errors import DataError, ParameterError
from quantal.features import open_features
from quantal.hashing import ITQ

HOSTILE = "<script>alert('x')</script>\u202e\" onerror=\"x"
TEXTS = [f"{HOSTILE} apples and pears {i}" for i in range(30)] + [
    f"rockets reach the moon in {i} days" for i in range(30)
]

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")


@pytest.fixture(scope="module")
def digits():
    x = load_digits().images[:400].astype(np.uint8) * 15
    return Dataset(x, "digits", "images", ids=[f"{i}/{HOSTILE}.png" for i in range(400)])


@pytest.fixture(scope="module")
def clusterer(digits):
    return RIM(n_clusters=6, n_epochs=15, n_init=1, random_state=0).fit(digits)


@pytest.fixture(scope="module")
def texts():
    return open_features(TEXTS)


def visit(model, data, path, **options):
    app = FastAPI()
    app.include_router(explorer_routes(model, data, path, **options))
    return TestClient(app, base_url="http://127.0.0.1:8000")


@pytest.fixture
def client(clusterer, digits, tmp_path):
    return visit(clusterer, digits, tmp_path / "edits.sqlite")


def table_of(client):
    return list(csv.DictReader(io.StringIO(client.get("/export.csv").text)))


def numbers(client, sort="number"):
    return [
        int(n) for n in re.findall(r'name="cluster" value="(\d+)"', page(client, f"/?sort={sort}"))
    ]


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


def post(client, path, **fields):
    return client.post(f"/edits/{path}", data=fields, follow_redirects=False)


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


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"data": {}}, "There was no example to search by. Choose an image file."),
        ({"files": {"image": ("a.png", b"GIF89a no image")}}, "The file is no image that can be"),
        ({"data": {"vector": "1, 2"}}, "A row has 64 numbers, got 2. Paste all numbers of one row"),
        ({"data": {"vector": "1 " * 63 + "<b>"}}, "&#39;&lt;b&gt;&#39; is no number."),
        ({"data": {"vector": "1 " * 63 + "nan"}}, "Every number must be finite"),
        ({"data": {"vector": "1 " * 63 + "1e39"}}, "Every number must be finite"),
    ],
)
def test_examples_that_are_none_are_refused_on_a_page(client, sent, said):
    answer = client.post("/search", **sent)
    assert answer.status_code == 400
    assert said in answer.text
    assert "Nothing was changed." in answer.text


@pytest.mark.parametrize(
    ("path", "fields", "status", "said"),
    [
        ("merge", {"cluster": ["0"]}, 400, "A merge needs two clusters or more, got 1."),
        (
            "merge",
            {"cluster": ["0", "x"]},
            400,
            "A cluster is given by its number, got &#39;x&#39;",
        ),
        ("rename", {"cluster": "99", "name": "x"}, 404, "There is no cluster 99 now"),
        ("rename", {"cluster": "9" * 400}, 400, "A cluster is given by its number"),
        (
            "split",
            {"cluster": "0", "parts": "1"},
            400,
            "parts must be an integer in [2, 64], got 1",
        ),
        ("move", {"into": "0"}, 400, "Select from 1 to 10,000 members to move, got 0."),
        ("move", {"row": ["400"], "into": "0"}, 400, "A row must be an integer in [0, 399]"),
        ("undo", {}, 400, "There is nothing to undo: no edit holds."),
    ],
)
def test_mistakes_are_pages_that_say_what_to_do(client, path, fields, status, said):
    answer = post(client, path, **fields)
    assert answer.status_code == status
    assert said in answer.text
    assert "No edits yet." in page(client, "/history")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/clusters/99", 404), ("/rows/400", 404), ("/rows/400.png", 404), ("/strip.png?rows=", 400)],
)
def test_what_is_not_there_is_said(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert "That did not work" in answer.text


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:x",
        "/export.csv",
        "",
    ],
)
def test_forms_never_lead_to_another_site(client, place):
    answer = post(client, "rename", cluster=0, name="x", back=place)
    assert answer.headers["location"] == "/"


def test_hostile_names_and_ids_are_shown_as_text(client):
    post(client, "rename", cluster=0, name=HOSTILE)
    for path in ("/", "/clusters/0", "/rows/0", "/search?row=0", "/history", f"/?find={HOSTILE}"):
        text = page(client, path)
        assert "<script>alert" not in text
        assert '" onerror="' not in text
        assert "\u202e" not in text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page(client, "/clusters/0")


def test_hostile_texts_are_shown_as_text_and_found_by_their_words(texts, tmp_path):
    model = RIM(n_clusters=2, n_epochs=15, n_init=1, random_state=0).fit(texts)
    client = visit(model, texts, tmp_path / "e")
    for path in ("/", "/clusters/0", "/rows/0"):
        assert "<script>alert" not in page(client, path)
    answer = client.post("/search", data={"text": "rockets and the moon"})
    found = [int(row) for row in re.findall(r'name="row" value="(\d+)"', answer.text)]
    assert set(found[:20]) <= set(range(30, 60))
    empty = client.post("/search", data={"text": " "})
    assert "A text has from 1 to 1,000,000 characters, got 0." in empty.text
    assert client.get("/rows/0.png").status_code == 400


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


def test_rows_of_another_width_are_refused(clusterer, tmp_path):
    data = Dataset(np.zeros((9, 5), np.float32), "short", "vectors")
    with pytest.raises(DataError, match="short has 5 columns, but the model was fitted on 64"):
        visit(clusterer, data, tmp_path / "e")


def test_edits_of_other_data_are_refused(client, clusterer, digits, tmp_path):
    other = Dataset(digits.x[:300], "others", "images")
    with pytest.raises(ParameterError, match=r"holds edits of other data \(digits, 400 rows"):
        visit(clusterer, other, tmp_path / "edits.sqlite")


def test_every_page_has_one_heading_a_title_and_a_way_past_the_menu(client):
    for path in ("/", "/clusters/0", "/rows/0", "/search", "/history", "/keys"):
        text = page(client, path)
        assert len(re.findall("<h1", text)) == 1
        assert re.search(r"<title>\S.* . quantal</title>", text)
        assert text.index('<a class="skip" href="#main"') < text.index("<nav")
        assert not re.findall(r"<img(?![^>]*\balt=)", text)
        assert 'style="' not in text


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_of_both_themes_can_be_read():
    text = (STATIC / "explorer.css").read_text("utf-8")
    for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL):
        colors = dict(re.findall(r"--([\w-]+): (#\w{6});", block))
        inks = [(ink, paper) for ink in ("ink", "quiet", "accent") for paper in ("page", "card")]
        for ink, paper in [
            *inks,
            ("accent", "soft"),
            ("on-accent", "accent"),
            ("warn", "warn-soft"),
        ]:
            low, high = sorted([luminance(colors[ink]), luminance(colors[paper])])
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{ink} on {paper}"


def test_many_hands_at_once_lose_nothing(client):
    def work(number):
        for turn in range(5):
            assert (
                post(client, "rename", cluster=number, name=f"{number} {turn}").status_code == 303
            )
            page(client, "/")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert page(client, "/history").count("<time") == 30
    assert {row["name"] for row in table_of(client)} == {f"{n} 4" for n in numbers(client)}


def test_nothing_is_loaded_from_elsewhere(client):
    for path in ("/", "/clusters/0", "/search"):
        places = re.findall(r'(?:src|href|action)="([^"]+)"', page(client, path))
        assert all(place.startswith(("/", "?", "#", "data:image/png")) for place in places)
    assert (STATIC / "vendor" / "htmx.LICENSE.txt").is_file()
    assert "http" not in (STATIC / "explorer.css").read_text("utf-8")
