"""A real server under clients that ask at the same time."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from load import ask_together, questions_about, running
from served import ARROW, NPY, arrow, npy, rows

from quantal.app import ServerSettings
from quantal.app.row_index import build_index
from quantal.app.running import address_of, bind
from quantal.app.served_model import ServedModel
from quantal.data import open_source
from quantal.errors import ParameterError

BODIES = {
    "application/json": lambda x: json.dumps({"rows": x.tolist()}).encode(),
    NPY: npy,
    ARROW: arrow,
}


@pytest.mark.parametrize("model", ["hasher", "clusterer"])
def test_no_request_of_64_clients_is_lost_and_all_answers_are_the_librarys(model, request):
    fitted, data = request.getfixturevalue(model), open_source(rows())
    served = ServedModel(fitted)
    questions = questions_about(served, build_index(served, data), BODIES)
    with running(fitted, data=data, queue_size=16, timeout_seconds=300) as address:
        tally = ask_together(address, questions, n_clients=64, seconds=1)
    assert tally.wrong == []
    assert set(tally.statuses) <= {200, 429}
    assert tally.statuses[200] == len(tally.seconds) >= 64


def test_a_body_that_is_too_large_is_answered_before_it_is_sent(hasher):
    with running(hasher, max_body_bytes=100_000) as address:
        body = b"x" * 30_000_000
        try:
            answer = httpx.post(f"{address}/v1/encode", content=body, trust_env=False)
        except httpx.WriteError:  # the connection is closed while the client still sends
            return
    assert answer.status_code == 413


def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ParameterError) as caught:
            bind(ServerSettings(port=port))
    assert str(caught.value) == (
        f"Port {port} of 127.0.0.1 is in use by another program. Pass another with --port, or "
        "--port 0 for a free one."
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_an_address_of_another_machine_is_refused(host):
    with pytest.raises(ParameterError, match=f"This machine cannot listen on {host} ") as caught:
        bind(ServerSettings(host=host, token="a-long-enough-token"))
    assert "Pass --host 127.0.0.1, or an address of this machine." in str(caught.value)


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")]
)
def test_the_address_for_a_browser(host, address):
    try:
        taken = bind(ServerSettings(host=host, port=0, token="a-long-enough-token"))
    except ParameterError:
        pytest.skip(f"this machine has no {host}")
    with taken:
        assert address_of(taken) == f"http://{address}:{taken.getsockname()[1]}"


SERVER = """
from fastapi import FastAPI
from quantal.app import ServerSettings
from quantal.app.running import address_of, bind, serve

app = FastAPI()
app.get("/")(lambda: "here")
taken = bind(ServerSettings(port=0))
address = address_of(taken)
serve(app, taken, lambda: print(address, flush=True))
print("stopped")
"""


def test_ctrl_c_ends_a_server_and_what_follows_it_is_run():
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = process.stdout.readline().strip()
        assert httpx.get(address, trust_env=False).json() == "here"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "stopped\n", "")
