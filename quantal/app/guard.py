"""Who may ask: the first thing that every request meets."""

from __future__ import annotations

import logging
import re
import socket
import time
import uuid
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Problem, problem_response, shortened
from .settings import ServerSettings, is_address, is_loopback
from .token_check import require_token, signed_in

REQUEST_ID = "X-Request-ID"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
}
log = logging.getLogger("quantal.app")


class Guard:
    """ASGI middleware: a number for each request, and the checks of host, origin and token.

    Args:
        app: what is guarded.
        settings: whom to let in.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app, self.settings = app, settings
        self._names = host_names(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1003})
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer[REQUEST_ID] = request_id
                for name, value in _SECURITY.items():
                    answer.setdefault(name, value)
            await send(message)

        try:
            answer = self._welcome(scope, headers) or self.app
            await answer(scope, receive, sending)
        except Problem as problem:
            response = problem_response(
                problem.status_code, problem.detail, request_id, problem.headers
            )
            await response(scope, receive, sending)
        except Exception:
            log.exception("%s failed", request_id)
            if status:  # the answer had begun; the client sees it break off
                raise
            detail = (
                "The server failed; this is a fault of quantal. Report it with the request id, "
                "under which the server's log says more."
            )
            await problem_response(500, detail, request_id)(scope, receive, sending)
        finally:
            took = 1000 * (time.perf_counter() - began)
            path = shortened(scope["path"])
            log.info("%s %s %s %d %.1f ms", request_id, scope["method"], path, status, took)

    def _welcome(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """Return what to answer instead of the application, or None to let a request in."""
        self._require_host(headers)
        if scope["method"] in CHANGING:
            _require_same_origin(headers)
        token = self.settings.token
        if token is None:
            return None
        answer = signed_in(token, scope)
        if answer is None:
            require_token(token, headers)
        return answer

    def _require_host(self, headers: Headers) -> None:
        """Refuse names of others: a page could point its own at this address and read answers."""
        given = headers.getlist("host")
        name = host_of(given[0]) if len(given) == 1 else ""
        if name in self._names or (not is_loopback(self.settings.host) and is_address(name)):
            return
        raise Problem(
            421,
            f"This server was called {shortened(', '.join(given))}, which is not its name. Call it "
            f"{' or '.join(sorted(self._names))}; its owner can add names with --allow-host.",
        )


def request_id_of(headers: Headers) -> str:
    """Return the client's name for its request if it is a sane one, else a new one."""
    given = headers.get(REQUEST_ID, "")
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex


def host_names(settings: ServerSettings) -> frozenset[str]:
    """Return the names by which clients may call a server, in lower case."""
    names = {settings.host.strip("[]"), *settings.allowed_hosts}
    names |= {"127.0.0.1", "::1", "localhost"}
    if not is_loopback(settings.host):
        names.add(socket.gethostname())
    return frozenset(name.lower() for name in names)


def host_of(authority: str) -> str:
    """Return the host of "host:port" in lower case, or "" if it is not of that form."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return ""
    plain = parts.path == parts.query == parts.fragment == "" and parts.username is None
    return (parts.hostname or "") if plain else ""


def _authority(origin: str) -> str:
    """Return "host:port" of an origin; the scheme may be a proxy's."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _require_same_origin(headers: Headers) -> None:
    """Refuse what a browser sends for a page of another site; programs send no origin."""
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "none")
    own = origin is None or _authority(origin) == headers["host"].lower()
    if not own or site not in {"none", "same-origin"}:
        raise Problem(
            403,
            f"A page of another site ({shortened(origin or site)}) sent this; only this server's "
            "own pages, and programs, may. Open the server's own page instead.",
        )
