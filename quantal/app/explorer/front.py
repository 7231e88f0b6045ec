"""The two names that the server needs of the explorer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import require_extra

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ...data import Dataset

STATIC: Path = Path(__file__).parent / "static"
"""Folder of the style sheet and scripts, to be served at ``/static``."""


def explorer_routes(model: Any, data: Dataset, edits: Path, *, pictures: Any = None) -> APIRouter:
    """Return the explorer's pages, the overview at ``/``.

    Args:
        model: a fitted estimator, clusterer or hasher.
        data: the rows to look at, of the kind that the model was fitted on. Images may come as
            images even where the model was fitted on features of them.
        edits: SQLite file that keeps the edits; made where there is none.
        pictures: (n, h, w) or (n, h, w, 3) images to show, one a row, where ``data`` holds features
            of images; `quantal.report.shown_rows.pictures_of` reads them.

    Returns:
        Routes for a FastAPI application that also serves `STATIC` at ``/static`` and refuses
        forms of other sites, as `quantal.app.create_app` does.

    Raises:
        DataError: The rows have another width than the model's.
        FileFormatError: ``edits`` is damaged.
        MissingExtraError: The extra ``app`` is not installed.
        ParameterError: ``edits`` belongs to another model or other data, or cannot be written; or
            the method labels only the rows of its fit, and ``data`` are others.
    """
    for module in ("fastapi", "jinja2", "python_multipart"):
        require_extra(module, "app")
    from .explorer import Explorer
    from .rendering import PageRoute
    from .routes import add_routes

    explorer = Explorer(model, data, Path(edits), pictures)

    @asynccontextmanager
    async def closing(_: object) -> AsyncIterator[None]:
        yield
        explorer.curation.close()  # SQLite then leaves one file and no other beside it

    router: APIRouter = require_extra("fastapi", "app").APIRouter(
        route_class=PageRoute, include_in_schema=False, lifespan=closing
    )
    add_routes(router, explorer)
    return router
