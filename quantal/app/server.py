"""The server as a whole: one application of REST interface and pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from .. import __version__
from .descriptions import complete
from .explorer import STATIC, explorer_routes
from .guard import Guard
from .problems import add_handlers
from .request_body import BodyLimit
from .settings import ServerSettings
from .work_queue import WorkQueue

if TYPE_CHECKING:
    from ..data import Dataset
    from .row_index import Progress

DESCRIPTION = "Cluster labels, hash codes and neighbours of rows, by one fitted model."


def create_app(
    model: Any,
    *,
    data: Dataset | None = None,
    edits: Path | None = None,
    pictures: Any = None,
    settings: ServerSettings | None = None,
    on_rows: Progress | None = None,
) -> FastAPI:
    """Make the application that serves a model.

    Args:
        model: a fitted clusterer or hasher.
        data: rows to search in and to look at; without them only the model is served.
        edits: the file of the explorer's edits; without one, or without ``data``, there are no
            pages.
        pictures: (n, h, w) or (n, h, w, 3) images that the pages show, where the rows of ``data``
            are features of them.
        settings: limits and addresses; default: those of `ServerSettings`.
        on_rows: hears how many of all rows are ready to be searched in.

    Returns:
        An ASGI application. It listens nowhere: a server such as uvicorn does.
    """
    # Loads torch, which takes seconds; who only wants a port need not wait for it.
    from .rest import rest_routes
    from .row_index import build_index
    from .served_model import ServedModel

    settings = settings or ServerSettings()
    queue = WorkQueue(settings)
    app = FastAPI(
        lifespan=_closing(queue),
        title="quantal",
        version=__version__,
        description=DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
    )
    add_handlers(app)

    served = ServedModel(model)
    index = None if data is None else build_index(served, data, on_rows)
    app.include_router(rest_routes(served, index, settings, queue))
    if data is not None and edits is not None:
        _add_pages(app, model, data, edits, pictures)
    complete(app, needs_token=settings.token is not None)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(Guard, settings=settings)  # the last one added is the first to be asked
    return app


def _add_pages(app: FastAPI, model: Any, data: Dataset, edits: Path, pictures: Any) -> None:
    app.include_router(
        explorer_routes(model, data, edits, pictures=pictures), include_in_schema=False
    )
    app.mount("/static", StaticFiles(directory=STATIC))


def _closing(queue: WorkQueue) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        queue.stop()

    return lifespan
