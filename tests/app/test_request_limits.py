"""Sizes and times that a request must keep."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import numpy as np
import pytest
from served import HOME, NPY, client, npy, post, refusal, rows

from quantal.app import ServerSettings, create_app

X = rows()[:3]
BODY = {"rows": X.tolist()}


def call(app, chunks, headers=()):
    """Post to /v1/encode by ASGI, chunk by chunk; return the answer and the chunks taken."""
    taken, sent = 0, []
    pairs = {"host": "127.0.0.1:8000", "content-type": NPY, **dict(headers)}

    async def receive():
        nonlocal taken
        for chunk in chunks:
            taken += 1
            return {"type": "http.request", "body": chunk, "more_body": True}
        return await asyncio.Future()  # the client says nothing more

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/encode",
        "raw_path": b"/v1/encode",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(app(scope, receive, send))
    answer = json.loads(b"".join(m.get("body", b"") for m in sent[1:]))
    return answer, dict(sent[0]["headers"]), taken


def served(model, **settings):
    return create_app(model, settings=ServerSettings(**settings))


def test_a_body_that_says_it_is_too_large_is_not_read(hasher):
    app = served(hasher, max_body_bytes=1000)
    answer, headers, taken = call(app, iter([b"x"]), {"content-length": "1001"}.items())
    assert (answer["status"], taken) == (413, 0)
    assert answer["detail"] == (
        "The body has 1,001 bytes, and at most 1,000 are read. Send the rows in several requests, "
        "or as .npy of float32, which is shorter than JSON."
    )
    assert headers[b"connection"] == b"close"


def test_a_body_that_does_not_end_is_read_up_to_the_limit(hasher):
    app = served(hasher, max_body_bytes=1000)
    answer, _, taken = call(app, iter(lambda: b"x" * 100, None))
    assert (answer["status"], taken) == (413, 11)
    assert answer["detail"].startswith("The body has more than 1,000 bytes")


def test_a_body_that_does_not_come_is_not_waited_for(hasher):
    app = served(hasher, timeout_seconds=0.05)
    answer, headers, _ = call(app, iter([b"x"]))
    assert answer["status"] == 408
    assert answer["detail"].startswith("The body did not come within 0.05 s.")
    assert headers[b"connection"] == b"close"


def test_bodies_together_are_bounded_too(hasher):
    model, gate = copy(hasher), threading.Event()
    model.encode = lambda x: gate.wait(20) and hasher.encode(x)
    body = npy(np.ones((100, 6)))  # 4,928 bytes
    limits = {"max_body_bytes": 5000, "max_waiting_bytes": 10_000}
    with client(model, data=False, **limits) as found, ThreadPoolExecutor(3) as pool:
        held = [pool.submit(post, found, "encode", body, NPY) for _ in range(2)]
        while found.get("/v1/healthz").json()["busy"] < 2:
            pass
        answer = post(found, "encode", body, NPY)
        text = refusal(answer, 429)
        gate.set()
        assert [future.result().status_code for future in held] == [200, 200]
        assert post(found, "encode", body, NPY).status_code == 200  # and nothing stays held
    assert text == (
        "Requests that wait hold 10,000 bytes already, which is as much as may. Send this one "
        "again in 1 s."
    )
    assert answer.headers["retry-after"] == "1"


def test_a_full_queue_and_a_slow_model_are_told_apart(hasher):
    model, gate = copy(hasher), threading.Event()
    model.encode = lambda x: gate.wait(20) and hasher.encode(x)
    limits = {"workers": 1, "queue_size": 1, "timeout_seconds": 1.5}
    with client(model, data=False, **limits) as found, ThreadPoolExecutor(2) as pool:
        first = pool.submit(found.post, "/v1/encode", json=BODY)
        while not found.get("/v1/healthz").json()["busy"]:
            pass
        second = pool.submit(found.post, "/v1/encode", json=BODY)
        while not found.get("/v1/healthz").json()["waiting"]:
            assert not second.done()
        full = found.post("/v1/encode", json=BODY)
        assert refusal(full, 429).startswith("1 requests wait already")
        assert int(full.headers["retry-after"]) >= 1
        assert refusal(first.result(), 504).startswith("The model took longer than 1.5 s")
        assert refusal(second.result(), 503).startswith("No worker was free within 1.5 s.")
        gate.set()
        assert found.post("/v1/encode", json=BODY).status_code == 200


@pytest.mark.parametrize("kind", ["json", "npy"])
def test_a_request_has_no_more_rows_than_allowed(hasher, kind):
    with client(hasher, data=False, max_rows=2) as found:
        if kind == "json":
            answer = found.post("/v1/encode", json=BODY)
        else:
            answer = post(found, "encode", npy(X), NPY)
    text = "The request has 3 rows, and may have 2. Send them in several requests."
    assert refusal(answer, 422) == text


def test_an_answer_has_no_more_entries_than_allowed(hasher):
    with client(hasher, max_answer_values=20) as found:
        assert found.post("/v1/search?k=6", json=BODY).status_code == 200
        text = refusal(found.post("/v1/search?k=7", json=BODY), 422)
    assert text == (
        "3 rows with k=7 would be answered by 21 entries, and may be by 20. Send fewer rows, or "
        "lower k."
    )


def test_a_failure_is_answered_and_logged_under_the_number_of_its_request(hasher, caplog):
    model = copy(hasher)
    model.encode = lambda _: 1 // 0
    with client(model, data=False) as found:
        answer = found.post("/v1/encode", json=BODY, headers={"X-Request-ID": "run-7"})
        assert "this is a fault of quantal" in refusal(answer, 500)
        assert answer.headers["x-request-id"] == "run-7"
        model.encode = hasher.encode
        assert found.post(f"{HOME}/v1/encode", json=BODY).status_code == 200
    assert "run-7 failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_too_little_memory_is_said_as_such(hasher):
    model = copy(hasher)

    def encode(_):
        raise MemoryError

    model.encode = encode
    with client(model, data=False) as found:
        text = refusal(found.post("/v1/encode", json=BODY), 503)
    assert text == "Not enough memory for this request. Send fewer rows."
