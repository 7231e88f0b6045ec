"""The application as a whole."""

from __future__ import annotations

from fastapi.testclient import TestClient

from quantal.app import create_app


def test_a_server_says_that_it_is_up():
    with TestClient(create_app(object()), base_url="http://127.0.0.1:8000") as client:
        answer = client.get("/v1/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "model": "object"}
