"""Refusals as JSON problem details (RFC 9457): what came, what is allowed, what to do."""

from __future__ import annotations

import http
import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

PROBLEM_JSON = "application/problem+json"
LONGEST_ECHO = 200  # characters of what a client sent that an answer repeats
log = logging.getLogger("quantal.app")


class Problem(HTTPException):
    """A request that is refused.

    Args:
        status: HTTP status of the answer.
        detail: what came, what is allowed, what to do.
        headers: further headers of the answer.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, dict(headers or {}))


def problem_response(
    status: int, detail: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a refusal as an answer."""
    title = http.HTTPStatus(status).phrase
    body = {"title": title, "status": status, "detail": detail, "request_id": request_id}
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, dict(headers or {}), PROBLEM_JSON)


def shortened(text: Any) -> str:
    """Return what a client sent as one line that is safe to repeat."""
    line = repr(text)
    return line if len(line) <= LONGEST_ECHO else f"{line[:LONGEST_ECHO]}..."


def add_handlers(app: FastAPI) -> None:
    """Let every refusal and every failure of ``app`` become a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)


def _id_of(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail, headers = str(error.detail), error.headers
    if error.status_code == 404 and not isinstance(error, Problem):
        there = sorted(p for p in request.app.openapi()["paths"])
        pages = ", and pages for people at /" if _has_pages(request.app) else ""
        detail = (
            f"Nothing is at {shortened(request.url.path)}. There are {', '.join(there)}, described "
            f"at /v1/openapi.json{pages}."
        )
    if error.status_code == 405:
        allowed = (headers or {}).get("Allow", "another method")
        detail = f"{request.method} is not possible at {request.url.path}. Use {allowed}."
    return problem_response(error.status_code, detail, _id_of(request), headers)


def _has_pages(app: FastAPI) -> bool:
    """Tell whether pages are served at "/", which the description of the interface leaves out."""
    home = {"type": "http", "method": "GET", "path": "/"}
    return any(route.matches(home)[0] is Match.FULL for route in app.routes)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    first = faults[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    more = f" So have {len(faults) - 1} others." if len(faults) > 1 else ""
    detail = (
        f"{name} has a value that is not allowed: {first['msg']}, got "
        f"{shortened(first.get('input'))}.{more} /v1/openapi.json describes what is."
    )
    return problem_response(422, detail, _id_of(request))
