"""Who may ask: hosts, origins, tokens, and the number of each request."""

from __future__ import annotations

import logging

import pytest
from served import client, refusal, rows

from quantal.app import ServerSettings
from quantal.app.guard import host_of
from quantal.errors import ParameterError

TOKEN = "a-long-enough-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BODY = {"rows": rows()[:1].tolist()}
HEALTH = "/v1/healthz"


@pytest.fixture(scope="module")
def guarded(hasher):
    """A client of a server that other machines can reach."""
    settings = {"host": "0.0.0.0", "token": TOKEN, "allowed_hosts": ("lab.example.org",)}
    with client(hasher, data=False, **settings) as found:
        yield found


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost", "LOCALHOST:80", "[::1]:8000"])
def test_a_local_server_answers_to_local_names(hashing, name):
    assert hashing.get(HEALTH, headers={"Host": name}).status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost:80@evil", "", "a/b"]
)
def test_a_page_that_points_its_own_name_here_is_refused(hashing, name):
    text = refusal(hashing.get(HEALTH, headers={"Host": name}), 421)
    assert text == (
        f"This server was called {name!r}, which is not its name. Call it 127.0.0.1 or ::1 or "
        "localhost; its owner can add names with --allow-host."
    )


def test_a_reachable_server_answers_to_addresses_and_allowed_names(guarded):
    for name in ("lab.example.org", "10.0.0.1:8000", "[fe80::1]"):
        assert guarded.get(HEALTH, headers={"Host": name, **BEARER}).status_code == 200
    refusal(guarded.get(HEALTH, headers={"Host": "evil.example", **BEARER}), 421)


@pytest.mark.parametrize(
    ("authority", "host"),
    [("A:1", "a"), ("[::1]:5", "::1"), ("a:b", ""), ("u@a", ""), ("[", ""), ("a?b", "")],
)
def test_the_host_of_an_authority(authority, host):
    assert host_of(authority) == host


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_may_not_post(hashing, headers):
    text = refusal(hashing.post("/v1/encode", json=BODY, headers=headers), 403)
    assert text.startswith(f"A page of another site ({next(iter(headers.values()))!r}) sent this;")


def test_own_pages_and_programs_may_post(hashing):
    for headers in ({}, {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}):
        assert hashing.post("/v1/encode", json=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "came"),
    [
        ({}, "no token"),
        ({"Authorization": "Bearer wrong-but-long-enough"}, "a token that is not its own"),
        ({"Authorization": "Bearer \xe9".encode("latin-1")}, "a token that is not its own"),
        ({"Authorization": f"Basic {TOKEN}"}, "no token"),
        ({"Cookie": "quantal_token=wrong"}, "a token that is not its own"),
    ],
)
def test_without_the_token_nobody_comes_in(guarded, headers, came):
    answer = guarded.get(HEALTH, headers=headers)
    assert refusal(answer, 401).startswith(f"This server needs its token, and got {came}.")
    assert answer.headers["www-authenticate"] == 'Bearer realm="quantal"'


def test_with_the_token_one_comes_in(guarded):
    assert guarded.get(HEALTH, headers=BEARER).status_code == 200
    assert guarded.post("/v1/encode", json=BODY, headers=BEARER).status_code == 200
    described = guarded.get("/v1/openapi.json", headers=BEARER).json()
    assert described["security"] == [{"token": []}]
    assert "401" in described["paths"]["/v1/encode"]["post"]["responses"]


def test_a_browser_gets_a_cookie_for_the_printed_address(guarded):
    address = f"/clusters/3?page=2&token={TOKEN}"
    answer = guarded.get(address, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/clusters/3?page=2"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    guarded.cookies.clear()
    cookie = {"Cookie": f"quantal_token={TOKEN}"}
    assert guarded.get(HEALTH, headers=cookie).status_code == 200
    refusal(guarded.get("/?token=wrong", follow_redirects=False), 401)
    refusal(guarded.get(f"{HEALTH}?token={TOKEN}", follow_redirects=False), 401)


def test_the_way_on_never_leads_to_another_machine(guarded):
    answer = guarded.get(
        f"http://127.0.0.1:8000//evil.example/?token={TOKEN}", follow_redirects=False
    )
    assert answer.headers["location"] == "/evil.example/"
    guarded.cookies.clear()


@pytest.mark.parametrize(("given", "kept"), [("run-7.a:b_C", True), ("a b", False), ("é", False)])
def test_a_sane_number_of_a_request_is_kept(hashing, given, kept, caplog):
    with caplog.at_level(logging.INFO, "quantal.app"):
        answer = hashing.get(HEALTH, headers={"X-Request-ID": given.encode()})
    used = answer.headers["x-request-id"]
    assert (used == given) is kept
    assert len(used) >= 8
    assert f"{used} GET '/v1/healthz' 200" in caplog.text


def test_a_path_cannot_break_a_line_of_the_log(hashing, caplog):
    with caplog.at_level(logging.INFO, "quantal.app"):
        hashing.get("/a%0Ab")
    assert "GET '/a\\nb' 404" in caplog.text


def test_every_answer_forbids_pages_to_load_from_elsewhere(hashing):
    for path in (HEALTH, "/nowhere"):
        headers = hashing.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lab.example.org"])
def test_a_reachable_address_needs_a_token(host):
    with pytest.raises(
        ParameterError, match=r"lets other machines in, so a token is needed\. Pass"
    ):
        ServerSettings(host=host)
    ServerSettings(host=host, token=TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "localhost", "::1", "[::1]"])
def test_a_loopback_address_needs_none(host):
    ServerSettings(host=host)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"token": "short"}, "token must be at least 16 letters"),
        ({"token": "with a blank within"}, "token must be at least 16 letters"),
        ({"port": 70000}, r"port must be an integer in \[0, 65535\], got 70000"),
        ({"timeout_seconds": 0}, "timeout_seconds must be a number in"),
        ({"workers": 0}, "workers must be an integer in"),
        ({"max_waiting_bytes": 5}, "max_waiting_bytes must be an integer in"),
        ({"host": "http://x"}, "'http://x' is no name or address of a machine"),
        ({"allowed_hosts": ("a:80",)}, "'a:80' is no name or address of a machine"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, text):
    with pytest.raises(ParameterError, match=text):
        ServerSettings(**settings)
