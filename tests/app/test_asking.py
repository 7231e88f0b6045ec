"""Addresses, options and content types of requests."""

from __future__ import annotations

import numpy as np
import pytest
from served import ARROW, NPY, client, npy, post, refusal, rows

from quantal.app.media_types import accepted_form
from quantal.app.problems import Problem
from quantal.clustering import AutoencoderKMeans, GraphDegreeLinkage

JSON = "application/json"
BODY = {"rows": rows()[:2].tolist()}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("k=0", "k must be one whole number from 1 to 300, got '0'."),
        ("k=301", "k must be one whole number from 1 to 300, got '301'."),
        ("k=1.5", "k must be one whole number from 1 to 300, got '1.5'."),
        ("k=", "k must be one whole number from 1 to 300, got ''."),
        ("k=²", "k must be one whole number from 1 to 300, got '²'."),
        ("k=1&k=2", "k must be one whole number from 1 to 300, got '1, 2'."),
        ("kk=3", "Unknown option 'kk'. There is k. Did you mean 'k'?"),
    ],
)
def test_options_that_are_not_allowed_are_refused(hashing, query, text):
    assert refusal(hashing.post(f"/v1/search?{query}", json=BODY), 422) == text


def test_a_route_without_options_says_so(hashing):
    text = refusal(hashing.post("/v1/encode?k=3", json=BODY), 422)
    assert text == "Unknown option 'k'. There is none."


def test_ten_neighbours_are_the_usual_number(hashing):
    answer = hashing.post("/v1/search", json=BODY).json()
    assert np.shape(answer["neighbors"]) == (2, 10)


def test_other_methods_are_refused_with_the_right_one(hashing):
    answer = hashing.get("/v1/encode")
    assert refusal(answer, 405) == "GET is not possible at /v1/encode. Use POST."
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("kind", "came"),
    [("text/plain", "has the type 'text/plain'"), ("", "does not say its type")],
)
def test_other_types_of_bodies_are_refused(hashing, kind, came):
    answer = post(hashing, "encode", b"x", kind)
    assert refusal(answer, 415) == (
        f"The body {came}. Send one of {JSON}, {NPY}, {ARROW} and say which in Content-Type."
    )
    assert answer.headers["accept-post"] == f"{JSON}, {NPY}, {ARROW}"


def test_packed_bodies_are_refused(hashing):
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    answer = hashing.post("/v1/encode", content=b"x", headers=headers)
    assert refusal(answer, 415).startswith("The body is encoded as 'gzip'. Send it as it is:")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", JSON),
        ("*/*", JSON),
        (NPY, NPY),
        (ARROW.upper(), ARROW),
        (f"text/html, {NPY};q=0.5", NPY),
        (f"{JSON};q=0.1, {NPY};q=0.2", NPY),
        (f"*/*;q=0.9, {JSON};q=0", NPY),
        (f"{ARROW}, */*;q=0.1", ARROW),
        ("application/*", JSON),
    ],
)
def test_the_form_that_a_client_likes_best_is_taken(accept, form):
    assert accepted_form(accept) == form


@pytest.mark.parametrize(
    "accept", ["text/html", f"{JSON};q=0", "*/*;q=0", f"{JSON};q=x", "nonsense"]
)
def test_a_client_that_takes_none_of_the_forms_is_refused(accept):
    with pytest.raises(Problem, match=f"Answers come as {JSON}, {NPY}"):
        accepted_form(accept)


def test_what_a_model_cannot_do_is_said_at_its_address(hashing, clustering, hasher):
    text = refusal(hashing.post("/v1/predict", json=BODY), 404)
    assert text == "ITQ makes hash codes, not labels. POST the rows to /v1/encode."
    text = refusal(clustering.post("/v1/encode", json=BODY), 404)
    assert text == "IMSAT makes no hash codes. POST the rows to /v1/predict."
    with client(hasher, data=False) as found:
        text = refusal(found.post("/v1/search", json=BODY), 404)
    assert text.startswith("There are no rows to search in. Start the server with them:")


def test_a_method_that_labels_its_own_rows_only_is_served_without_labels():
    with client(GraphDegreeLinkage(n_clusters=2).fit(rows())) as found:
        labels = refusal(found.post("/v1/predict", json=BODY), 404)
        search = refusal(found.post("/v1/search", json=BODY), 404)
    assert labels.startswith("GraphDegreeLinkage labels only the rows that it was fitted on.")
    assert search.startswith("GraphDegreeLinkage has nothing to compare new rows by.")


def test_a_method_without_probabilities_offers_none():
    model = AutoencoderKMeans(
        n_clusters=2,
        hidden_layer_sizes=(4,),
        n_components=2,
        pretrain_iterations=2,
        finetune_iterations=2,
        n_init=1,
    ).fit(rows())
    with client(model, data=False) as found:
        answer = found.post("/v1/predict", json=BODY)
        assert answer.json() == {"labels": model.predict(rows()[:2]).tolist()}
        text = refusal(found.post("/v1/predict?top=1", json=BODY), 422)
    assert text == "Unknown option 'top'. There is none."


def test_images_come_as_images_or_as_rows():
    from sklearn.datasets import load_digits

    from quantal.hashing import ITQ

    images = load_digits().images.astype(np.uint8)
    model = ITQ(n_bits=16).fit(images)
    with client(model, data=False) as found:
        flat = found.post("/v1/encode", json={"rows": images[:3].reshape(3, 64).tolist()})
        nested = found.post("/v1/encode", json={"rows": images[:3].tolist()})
        array = post(found, "encode", npy(images[:3]), NPY)
        other = post(found, "encode", npy(images[:3, :4]), NPY)
        described = found.get("/v1/openapi.json").json()
    codes = [row.tobytes().hex() for row in model.encode(images[:3])]
    assert flat.json()["codes"] == nested.json()["codes"] == array.json()["codes"] == codes
    assert "images of shape (4, 8), but the model was fitted on (8, 8)" in refusal(other, 422)
    body = described["paths"]["/v1/encode"]["post"]["requestBody"]["content"][JSON]["schema"]
    assert len(body["anyOf"]) == 2


def test_a_model_of_texts_takes_texts():
    from quantal.hashing import ITQ

    texts = [f"{a} {b} and again {a}" for a in ("red", "blue", "green") for b in ("cat", "dog")] * 4
    model = ITQ(n_bits=3).fit(texts)
    with client(model, data=False) as found:
        answer = found.post("/v1/encode", json={"texts": texts[:4]})
        text = refusal(found.post("/v1/encode", json={"texts": ["red", 3]}), 422)
    assert answer.json()["codes"] == [row.tobytes().hex() for row in model.encode(texts[:4])]
    assert text == "texts[1] is 3, and must be a string."


def test_no_string_of_a_client_is_taken_for_a_path(hashing, tmp_path):
    np.save(tmp_path / "x.npy", rows())
    for value in (str(tmp_path / "x.npy"), [str(tmp_path / "x.npy")], "name:digits"):
        refusal(hashing.post("/v1/encode", json={"rows": value}), 422)


def test_texts_of_clients_leave_nothing_on_the_disk(tmp_path, monkeypatch):
    pytest.importorskip("wordllama")
    from quantal.features import open_features
    from quantal.hashing import ITQ

    texts = [f"{a} {b} and again {a}" for a in ("red", "blue", "green") for b in ("cat", "dog")] * 4
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "first"))
    model = ITQ(n_bits=3).fit(open_features(texts, features="wordllama"))
    codes = [row.tobytes().hex() for row in model.encode(texts[:4])]
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "second"))
    with client(model, data=False) as found:
        answer = found.post("/v1/encode", json={"texts": texts[:4]})
    assert answer.json()["codes"] == codes
    assert not (tmp_path / "second").exists()
