"""Requests and names that no page of the explorer makes itself."""

from __future__ import annotations

import csv
import io
import re

import anyio
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from PIL import Image
from sklearn.datasets import load_digits

from quantal.app.answers import Answer
from quantal.app.explorer import explorer_routes, rendering
from quantal.app.media_types import ARROW
from quantal.clustering import RIM, GraphDegreeLinkage
from quantal.data.dataset import Dataset
from quantal.features import open_features

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")
NO_TEXT = "a03\udcff.png"  # a file name that is not UTF-8, as Python reads it


@pytest.fixture
def client(tmp_path):
    x = load_digits().images[:60].astype(np.uint8) * 15
    data = Dataset(x, "digits", "images", ids=[NO_TEXT, *(f"{i}.png" for i in range(1, 60))])
    model = RIM(n_clusters=3, n_epochs=2, n_init=1, random_state=0).fit(data)
    app = FastAPI()
    app.include_router(explorer_routes(model, data, tmp_path / "edits.sqlite"))
    return TestClient(app, base_url="http://127.0.0.1:8000")


def test_files_of_labels_hold_every_row_whatever_its_name(client):
    rows = list(csv.DictReader(io.StringIO(client.get("/export.csv").text)))
    assert len(rows) == 60 and rows[0]["id"] == "a03?.png"
    table = pyarrow.parquet.read_table(io.BytesIO(client.get("/export.parquet").content))
    assert table["id"].to_pylist()[:2] == ["a03?.png", "1.png"]


def test_an_arrow_answer_holds_names_that_are_no_text():
    names = np.array([[NO_TEXT, "b"], ["c", "d"]])
    body = Answer({"ids": names}).response(ARROW).body
    [batch] = pa.ipc.open_stream(body)
    assert batch["ids"].to_pylist() == [["a03?.png", "b"], ["c", "d"]]


@pytest.mark.parametrize("place", ["/rows/", "/clusters/"])
def test_numbers_too_long_to_read_are_not_there(client, place):
    assert client.get(place + "9" * 5000).status_code == 404
    assert client.get(place + "9" * 18).status_code == 404


def test_an_edit_goes_back_to_no_address_that_is_none(client):
    kept = client.post(
        "/edits/rename",
        data={"cluster": "0", "name": "x", "back": "/clusters/" + "9" * 5000},
        follow_redirects=False,
    )
    assert kept.status_code == 303


def test_a_referer_that_is_no_address_hides_no_message(client):
    answer = client.post("/edits/undo", headers={"Referer": "http://[x"})
    assert answer.status_code == 400 and "undo" in answer.text.lower()


def test_an_image_is_described_for_a_method_that_embeds_nothing(tmp_path):
    images = load_digits().images[:60].astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2) * 15
    described = open_features(images, features="hog")
    model = GraphDegreeLinkage(3).fit(described)
    app = FastAPI()
    app.include_router(explorer_routes(model, described, tmp_path / "e", pictures=images))
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    stream = io.BytesIO()
    Image.fromarray(images[7]).save(stream, "PNG")
    answer = client.post("/search", files={"image": ("a.png", stream.getvalue())})
    assert answer.status_code == 200
    near = re.findall(r'name="row" value="(\d+)".*?<b>([\d.e-]+)', answer.text, re.DOTALL)
    assert near[0][0] == "7" and float(near[0][1]) < 1e-6


def test_a_form_may_name_as_many_members_as_it_says(client):
    rows = [str(number % 60) for number in range(1100)]
    moved = client.post("/edits/move", data={"row": rows, "into": "0"}, follow_redirects=False)
    assert moved.status_code == 303
    refused = client.post("/edits/move", data={"row": ["1"] * 10_500, "into": "0"})
    assert refused.status_code == 400 and "Too many fields" in refused.text
    assert refused.headers["content-type"].startswith("text/html")


def test_a_long_text_is_read_and_a_longer_one_refused_by_its_length(client):
    blanks = client.post("/search", data={"vector": "1 " * 300_000})  # 600 KB in one field
    assert "A row has 64 numbers, got 300,000" in blanks.text
    longer = client.post("/search", data={"vector": "1" * 1_000_001})
    assert "have 1,000,001 characters, and at most 1,000,000" in longer.text


def test_a_question_that_is_too_long_is_answered_by_a_page(client):
    answer = client.get("/", params={"find": "x" * 201})
    assert answer.status_code == 422 and "<html" in answer.text and "find: " in answer.text


def test_a_form_that_does_not_come_is_given_up(client, monkeypatch):
    async def never(self, **_):
        await anyio.sleep(10)

    monkeypatch.setattr(rendering, "FORM_SECONDS", 0.05)
    monkeypatch.setattr(Request, "form", never)
    answer = client.post("/edits/undo")
    assert answer.status_code == 408 and "did not come within 0.05 s" in answer.text
