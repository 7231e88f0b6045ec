"""The application as a whole."""

from __future__ import annotations

from fastapi.testclient import TestClient
from served import HOME, refusal, rows

from quantal.app import create_app
from quantal.data import open_source


def test_a_server_says_that_it_is_up_and_what_it_holds(hashing):
    answer = hashing.get("/v1/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "model": "ITQ", "waiting": 0, "busy": 0}


def test_an_unknown_address_is_answered_with_the_known_ones(hashing):
    text = refusal(hashing.get("/v2/encode"), 404)
    assert text == (
        "Nothing is at '/v2/encode'. There are /v1/encode, /v1/healthz, /v1/search, described at "
        "/v1/openapi.json."
    )


def test_a_server_of_pages_names_them_too(clusterer, tmp_path):
    app = create_app(clusterer, data=open_source(rows()), edits=tmp_path / "edits.sqlite")
    with TestClient(app, base_url=HOME) as found:
        assert found.get("/").status_code == 200
        for path in ("/home", "/static/none.css"):
            text = refusal(found.get(path), 404)
            assert text.endswith("described at /v1/openapi.json, and pages for people at /.")
