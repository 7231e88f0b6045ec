"""The explorer's pages trust nobody, and can be read by everybody."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pages import HOSTILE, numbers, page, post, table_of, visit

from quantal.app.explorer import STATIC
from quantal.clustering import RIM
from quantal.data import Dataset
from quantal.errors import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")


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
