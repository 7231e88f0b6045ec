"""Pages from templates: every value is escaped, and errors are pages too."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from ...errors import QuantalError
from .row_text import printable

FOLDER = Path(__file__).parent / "templates"
NOT_KEPT = {"Cache-Control": "no-store"}
# Where a form may lead back to: pages of the explorer, never another site.
_OWN_PAGE = re.compile(
    r"/(?:clusters/[0-9]{1,9}|rows/[0-9]{1,10}|search|history|keys)?(?:\?[\w=&.%+-]{0,300})?"
)


@cache
def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    environment.filters.update(count=_count, percent=_percent, plural=_plural)
    return environment


def render(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill a template.

    Args:
        name: its file name without the ending.
        status: HTTP status of the answer.
        **values: what it speaks of.
    """
    text = _environment().get_template(f"{name}.html").render(**values)
    return HTMLResponse(text, status, NOT_KEPT)


def see_other(place: str, otherwise: str = "/") -> Response:
    """Send the browser to one of the explorer's own pages after a form.

    Args:
        place: path and query as a form gave them.
        otherwise: where to go if that is none of ours.
    """
    return RedirectResponse(place if _OWN_PAGE.fullmatch(place) else otherwise, 303)


class PageRoute(APIRoute):
    """A route whose refusals are pages that a person can read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with `QuantalError` answered by a page."""
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except QuantalError as error:
                gone = str(error).startswith("There is no cluster")
                here = _own_referer(request)
                is_form = request.method == "POST"
                return render(
                    "error", 404 if gone else 400, message=str(error), here=here, is_form=is_form
                )

        return answer


def _own_referer(request: Request) -> str:
    """Return the explorer's page from which a request came, else the overview."""
    came = urlsplit(request.headers.get("referer", ""))
    place = f"{came.path}?{came.query}" if came.query else came.path
    return place if _OWN_PAGE.fullmatch(place) else "/"


def _cleaned(value: Any) -> Any:
    """Clean text before it is escaped; what a macro made is finished already."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _count(value: int) -> str:
    return f"{int(value):,}"


def _percent(share: float) -> str:
    """Return a share as a percentage; nothing but all is 100 %, nothing but none 0 %."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 99.95 or share >= 1 else "> 99.9 %"


def _plural(value: int, word: str) -> str:
    return f"{int(value):,} {word}" if value == 1 else f"{int(value):,} {word}s"
