"""The server as a whole: one application of REST interface and pages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from .guard import Guard
from .problems import add_handlers
from .settings import ServerSettings

if TYPE_CHECKING:
    from ..data import Dataset

DESCRIPTION = "Cluster labels, hash codes and neighbours of rows, by one fitted model."


def create_app(
    model: Any,
    *,
    data: Dataset | None = None,
    edits: Path | None = None,
    settings: ServerSettings | None = None,
) -> FastAPI:
    """Make the application that serves a model.

    Args:
        model: a fitted clusterer or hasher.
        data: rows to search in and to look at; without them only the model is served.
        edits: the file of the explorer's edits; without one, or without ``data``, there are no
            pages.
        settings: limits and addresses; default: those of `ServerSettings`.

    Returns:
        An ASGI application. It listens nowhere: a server such as uvicorn does.
    """
    settings = settings or ServerSettings()
    app = FastAPI(
        title="quantal",
        description=DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
    )
    add_handlers(app)

    @app.get("/v1/healthz")
    async def healthz() -> dict[str, str]:
        """Say that the server is up."""
        return {"status": "ok", "model": type(model).__name__}

    if data is not None and edits is not None:
        _add_pages(app, model, data, edits)
    app.add_middleware(Guard, settings=settings)
    return app


def _add_pages(app: FastAPI, model: Any, data: Dataset, edits: Path) -> None:
    if importlib.util.find_spec(f"{__package__}.explorer") is None:
        return
    explorer: Any = importlib.import_module(".explorer", __package__)
    app.include_router(explorer.explorer_routes(model, data, edits))
    app.mount("/static", StaticFiles(directory=explorer.STATIC))
