"""The token: in a header from programs, in a cookie from browsers, compared in constant time."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from .problems import Problem

COOKIE = "quantal_token"
PARAMETER = "token"
MOST_FIELDS = 100


def require_token(token: str, headers: Headers) -> None:
    """Refuse a request without the token.

    Args:
        token: the server's.
        headers: of the request.

    Raises:
        Problem: 401, none or another.
    """
    kind, _, given = headers.get("authorization", "").partition(" ")
    by_header = given.strip() if kind.lower() == "bearer" else ""
    by_cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
    if is_same(by_header, token) or is_same(by_cookie, token):
        return
    came = "a token that is not its own" if by_header or by_cookie else "no token"
    raise _unknown(came)


def signed_in(token: str, scope: Scope) -> Response | None:
    """Return the answer to a page's address with ``?token=``: a cookie, and the way on without it.

    A browser sends no header of ours, and a token that stayed in the address would be in its
    history and in what people copy from it.

    Args:
        token: the server's.
        scope: of the request.

    Returns:
        None for any other request.

    Raises:
        Problem: 401, another token.
    """
    if scope["method"] != "GET" or scope["path"].startswith("/v1/"):
        return None
    try:
        fields = parse_qsl(
            scope["query_string"].decode("latin-1"), True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return None
    given = [value for name, value in fields if name == PARAMETER]
    if not given:
        return None
    if not is_same(given[0], token):
        raise _unknown("a token that is not its own")
    rest = urlencode([field for field in fields if field[0] != PARAMETER])
    path = "/" + quote(scope["path"].lstrip("/"))  # "//name" would lead to another machine
    answer = Response(status_code=303, headers={"Location": f"{path}?{rest}" if rest else path})
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
    return answer


def is_same(given: str, token: str) -> bool:
    """Compare in a time that does not tell how much of a token is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _unknown(came: str) -> Problem:
    return Problem(
        401,
        f"This server needs its token, and got {came}. Send the header 'Authorization: Bearer "
        "TOKEN' with the token that the server printed when it started; in a browser, open the "
        "address that it printed.",
        {"WWW-Authenticate": 'Bearer realm="quantal"'},
    )
