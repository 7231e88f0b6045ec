"""quantal explore: mistakes are one line, and the server gets what was asked for."""

from __future__ import annotations

import socket

import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def started(monkeypatch):
    """Start no server, but keep the application of each that would have been."""
    found = []

    def serve(app, taken, on_ready):
        on_ready()
        found.append(app)

    monkeypatch.setattr("quantal.app.running.serve", serve)
    monkeypatch.setattr("quantal.app.running.share_threads", lambda _: None)
    return found


def test_a_model_alone_is_served_to_programs(quantal, hasher, started):
    result = quantal("explore", "h", "--port", 0)
    assert result.status == 0, result.err
    assert "programs: http://127.0.0.1:" in result.err
    assert "open http" not in result.err
    with TestClient(started[0], base_url="http://127.0.0.1") as client:
        assert client.get("/v1/healthz").json()["model"] == "ITQ"
        assert client.get("/").status_code == 404


def test_with_data_there_are_pages_and_a_search(quantal, model, started):
    result = quantal("explore", "model", "x.npy", "--port", 0)
    assert result.status == 0, result.err
    assert "IMSAT and 60 rows: open http://127.0.0.1:" in result.err
    with TestClient(started[0], base_url="http://127.0.0.1") as client:
        assert "text/html" in client.get("/").headers["content-type"]
        assert client.get("/static/explorer.css").status_code == 200
        assert client.post("/v1/search?k=1", json={"rows": [[0.0] * 4]}).status_code == 200
    beside = sorted(path.name for path in model.parent.glob("model.edits*"))
    assert beside == ["model.edits.sqlite"]  # closed, so nothing else is left


def test_edits_go_where_they_are_told(quantal, model, started):
    result = quantal("explore", "model", "x.npy", "--port", 0, "--edits", "mine.sqlite")
    assert result.status == 0, result.err
    assert (model.parent / "mine.sqlite").is_file()
    assert not (model.parent / "model.edits.sqlite").exists()


def test_other_machines_need_the_token_that_is_printed(quantal, hasher, started):
    result = quantal("explore", "h", "--port", 0, "--host", "0.0.0.0", "--quiet")
    assert result.status == 0, result.err
    [line] = [line for line in result.err.splitlines() if "Authorization" in line]
    token = line.rpartition(" ")[2]
    with TestClient(started[0], base_url="http://127.0.0.1") as client:
        assert client.get("/v1/healthz").status_code == 401
        bearer = {"Authorization": f"Bearer {token}"}
        assert client.get("/v1/healthz", headers=bearer).status_code == 200


def test_a_given_token_is_not_printed(quantal, hasher, started, monkeypatch):
    monkeypatch.setenv("QUANTAL_TOKEN", "a-long-enough-token")
    result = quantal("explore", "h", "--port", 0, "--host", "0.0.0.0")
    assert result.status == 0, result.err
    assert "a-long-enough-token" not in result.err + result.out


def test_limits_reach_the_server(quantal, hasher, started):
    result = quantal("explore", "h", "--port", 0, "--max-body", 1, "--allow-host", "lab")
    assert result.status == 0, result.err
    with TestClient(started[0], base_url="http://lab") as client:
        headers = {"Content-Type": "application/json"}
        answer = client.post("/v1/encode", content=b" " * (1 << 20) + b" ", headers=headers)
    assert answer.status_code == 413


def test_a_port_in_use_is_said_before_anything_is_loaded(quantal, folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = quantal("explore", "no-such-model", "--port", port)
    assert result.status == 2
    assert result.message.startswith(f"quantal: error: Port {port} of 127.0.0.1 is in use by")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["h", "--edits", "e"], "--edits says something about DATA, and there is none."),
        (["h", "--image-size", "8"], "--image-size says something about DATA, and there is none."),
        (["h", "no-such.npy"], "no-such.npy"),
        (["missing"], "missing"),
        (["h", "--token", "short"], "token must be at least 16 letters"),
        (["h", "--timeout", "0"], "timeout_seconds must be a number in"),
        (["h", "--host", "no-such-host.invalid"], "This machine cannot listen on no-such-host"),
    ],
)
def test_mistakes_are_one_line(quantal, hasher, arguments, text):
    result = quantal("explore", *arguments, "--port", 0)
    assert result.status == 2
    assert text in result.message
    assert result.message.startswith("quantal: error: ")
