"""Pages from templates: every value is escaped, and errors are pages too."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from ...errors import QuantalError
from ...report.templating import environment
from .edits import MOST_MOVED, NothingThereError
from .example import LONGEST_TEXT

FOLDER = Path(__file__).parent / "templates"
FORM_SECONDS = 30  # for a form to come in
OTHER_FIELDS = 10  # of a form, beside the members that it names
NOT_KEPT = {"Cache-Control": "no-store"}
# Where a form may lead back to: pages of the explorer, never another site.
_OWN_PAGE = re.compile(
    r"/(?:clusters/[0-9]{1,9}|rows/[0-9]{1,10}|search|history|keys)?(?:\?[\w=&.%+-]{0,300})?"
)


def render(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill a template.

    Args:
        name: its file name without the ending.
        status: HTTP status of the answer.
        **values: what it speaks of.
    """
    text = environment(FOLDER, "app").get_template(f"{name}.html").render(**values)
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
                if request.method == "POST":
                    await _read_form(request)
                return await handler(request)
            except QuantalError as error:
                status, message = 404 if isinstance(error, NothingThereError) else 400, str(error)
            except HTTPException as error:
                status, message = error.status_code, str(error.detail)
            except RequestValidationError as error:
                status, message = 422, _first_of(error)
            except TimeoutError:
                status = 408
                message = f"The form did not come within {FORM_SECONDS} s. Send it again."
            here, is_form = _own_referer(request), request.method == "POST"
            return render("error", status, message=message, here=here, is_form=is_form)

        return answer


async def _read_form(request: Request) -> None:
    """Read a form by the limits of what the explorer's forms may hold; it stays with the request.

    Starlette's own are a thousand fields, and a mebibyte for each.
    """
    with anyio.fail_after(FORM_SECONDS):
        await request.form(max_fields=MOST_MOVED + OTHER_FIELDS, max_part_size=4 * LONGEST_TEXT)


def _first_of(error: RequestValidationError) -> str:
    found = error.errors()[0]
    return f"{found['loc'][-1]}: {found['msg']}."


def _own_referer(request: Request) -> str:
    """Return the explorer's page from which a request came, else the overview."""
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # no address at all
        return "/"
    place = f"{came.path}?{came.query}" if came.query else came.path
    return place if _OWN_PAGE.fullmatch(place) else "/"
