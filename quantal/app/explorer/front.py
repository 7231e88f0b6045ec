"""The two names that the server needs of the explorer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import require_extra

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ...data import Dataset

STATIC: Path = Path(__file__).parent / "static"
"""Folder of the style sheet and scripts, to be served at ``/static``."""


def explorer_routes(model: Any, data: Dataset, edits: Path) -> APIRouter:
    """Return the explorer's pages, the overview at ``/``.

    Args:
        model: a fitted estimator, clusterer or hasher.
        data: the rows to look at, of the kind that the model was fitted on.
        edits: SQLite file that keeps the edits; made where there is none.

    Returns:
        Routes for a FastAPI application that also serves `STATIC` at ``/static``.

    Raises:
        FileFormatError: ``edits`` is damaged, or belongs to another model or other data.
        MissingExtraError: The extra ``app`` is not installed.
    """
    fastapi = require_extra("fastapi", "app")
    require_extra("jinja2", "app")
    responses = require_extra("fastapi.responses", "app")
    router: APIRouter = fastapi.APIRouter(include_in_schema=False)

    def overview() -> Any:
        return responses.PlainTextResponse(f"{type(model).__name__} on {data.name}: {edits.name}")

    router.add_api_route("/", overview, methods=["GET"])
    return router
