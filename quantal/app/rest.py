"""The REST interface: labels, codes and neighbours of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from ..errors import QuantalError
from . import descriptions
from .answers import Answer
from .media_types import accepted_form
from .problems import Problem
from .query_options import QueryOption, read_options
from .raw_rows import RawRows
from .request_body import BodyReader
from .request_rows import Reader, reader_for
from .row_form import RowForm
from .row_index import RowIndex
from .served_model import ServedModel
from .settings import ServerSettings
from .work_queue import WorkQueue

USUAL_NEIGHBORS = 10
WHOLE: dict[str, Any] = {"type": "integer"}


@dataclass(frozen=True)
class RowRoutes:
    """Makes routes that take rows and answer about each.

    Attributes:
        form: What rows must be.
        raw: Describes texts.
        queue: Where the model is called.
        bodies: Reads the bodies of requests.
        settings: Limits of a request and an answer.
    """

    form: RowForm
    raw: RawRows
    queue: WorkQueue
    bodies: BodyReader
    settings: ServerSettings

    def add(
        self,
        router: APIRouter,
        name: str,
        work: Callable[..., Answer],
        options: Sequence[QueryOption],
        responses: dict[int | str, dict[str, Any]],
    ) -> None:
        """Add ``POST /v1/NAME``, answered by ``work(rows, **options)`` on a worker."""

        async def endpoint(request: Request) -> Response:
            values = read_options(request.query_params, options)
            media = accepted_form(request.headers.get("accept", ""))
            read = reader_for(request.headers)
            async with self.bodies.body(request) as body:
                return await self.queue.run(lambda: self._answer(work, read, body, media, values))

        router.add_api_route(
            f"/v1/{name}",
            endpoint,
            methods=["POST"],
            name=name,
            operation_id=name,
            description=work.__doc__,
            response_model=None,
            responses=responses,
            openapi_extra={
                "parameters": [option.described() for option in options],
                "requestBody": descriptions.request_body(self.form),
            },
        )

    def _answer(
        self,
        work: Callable[..., Answer],
        read: Reader,
        body: bytes,
        media: str,
        values: dict[str, int],
    ) -> Response:
        try:
            rows = self.raw.described(read(body, self.form))
            self._require_short_answer(len(rows), values)
            return work(rows, **values).response(media)
        except QuantalError as error:
            raise Problem(422, str(error)) from None
        except MemoryError:
            raise Problem(503, "Not enough memory for this request. Send fewer rows.") from None

    def _require_short_answer(self, n_rows: int, values: dict[str, int]) -> None:
        limit = self.settings.max_answer_values
        for name, value in values.items():
            if n_rows * value > limit:
                raise Problem(
                    422,
                    f"{n_rows:,} rows with {name}={value} would be answered by {n_rows * value:,} "
                    f"entries, and may be by {limit:,}. Send fewer rows, or lower {name}.",
                )


def rest_routes(
    served: ServedModel, index: RowIndex | None, settings: ServerSettings, queue: WorkQueue
) -> APIRouter:
    """Return the routes of a model, and of the rows that it is to find.

    Args:
        served: the model.
        index: the rows, or None.
        settings: limits.
        queue: where the model is called.
    """
    router = APIRouter()
    form = RowForm.of(served.model, settings.max_rows)
    raw = RawRows(getattr(served.model, "reader_", None) or {})
    routes = RowRoutes(form, raw, queue, BodyReader(settings), settings)
    _add_health(router, served, queue)
    if served.predicts:
        _add_predict(router, routes, served)
    else:
        _add_absent(router, "predict", _no_labels(served))
    if served.makes_codes:
        _add_encode(router, routes, served)
    else:
        reason = f"{served.name} makes no hash codes. POST the rows to /v1/predict."
        _add_absent(router, "encode", reason)
    if index is not None:
        _add_search(router, routes, index)
    else:
        _add_absent(router, "search", _no_search(served))
    return router


def _add_health(router: APIRouter, served: ServedModel, queue: WorkQueue) -> None:
    async def healthz() -> dict[str, str | int]:
        """Say that the server is up, and how much it has to do."""
        return {
            "status": "ok",
            "model": served.name,
            "waiting": queue.waiting,
            "busy": queue.busy,
        }

    router.add_api_route(
        "/v1/healthz",
        healthz,
        operation_id="healthz",
        responses=descriptions.refusals(*descriptions.ALWAYS),
    )


def _add_predict(router: APIRouter, routes: RowRoutes, served: ServedModel) -> None:
    def predict(rows: Any, top: int = 0) -> Answer:
        """Label each row with its cluster."""
        return served.predict(rows, top)

    meaning = "How many of the likeliest clusters of each row to name with their probabilities."
    options = [QueryOption("top", 0, served.most_likely, 0, meaning)] if served.most_likely else []
    share = {"type": "number", "minimum": 0, "maximum": 1.001}
    properties = {"labels": descriptions.column(WHOLE)}
    if options:
        properties["clusters"] = descriptions.table(WHOLE)
        properties["probabilities"] = descriptions.table(share)
    routes.add(router, "predict", predict, options, descriptions.answers(properties, ["labels"]))


def _add_encode(router: APIRouter, routes: RowRoutes, served: ServedModel) -> None:
    def encode(rows: Any) -> Answer:
        """Turn each row into a hash code: its bytes, in JSON as hexadecimal text."""
        return served.encode(rows)

    digits = 2 * -(-int(served.model.n_bits) // 8)
    code = {"type": "string", "pattern": f"^[0-9a-f]{{{digits}}}$"}
    properties = {
        "n_bits": WHOLE,
        "bit_order": {"type": "string", "description": "Of the bits in a byte."},
        "codes": descriptions.column(code),
    }
    routes.add(router, "encode", encode, [], descriptions.answers(properties, list(properties)))


def _add_search(router: APIRouter, routes: RowRoutes, index: RowIndex) -> None:
    def search(rows: Any, k: int) -> Answer:
        """Find the rows of the server's data that are nearest to each row."""
        return index.search(rows, k)

    most = min(len(index), routes.settings.max_neighbors)
    option = QueryOption("k", 1, most, min(USUAL_NEIGHBORS, most), "How many neighbours a row.")
    properties = {
        "by": {"type": "string", "description": "What distances are: hamming, embedding, ..."},
        "neighbors": descriptions.table(WHOLE),
        "distances": descriptions.table({"type": "number", "minimum": 0}),
    }
    required = list(properties)
    if index.ids is not None:
        properties["ids"] = descriptions.table({"type": "string"})
    routes.add(router, "search", search, [option], descriptions.answers(properties, required))


def _add_absent(router: APIRouter, name: str, reason: str) -> None:
    async def endpoint() -> Response:
        raise Problem(404, reason)

    router.add_api_route(f"/v1/{name}", endpoint, methods=["POST"], include_in_schema=False)


def _no_labels(served: ServedModel) -> str:
    if served.makes_codes:
        return f"{served.name} makes hash codes, not labels. POST the rows to /v1/encode."
    return (
        f"{served.name} labels only the rows that it was fitted on. Serve a method that labels new "
        "rows, such as imsat."
    )


def _no_search(served: ServedModel) -> str:
    if served.makes_codes or hasattr(served.model, "transform") or served.most_likely:
        return (
            "There are no rows to search in. Start the server with them: quantal explore MODEL DATA"
        )
    return f"{served.name} has nothing to compare new rows by. Serve a hasher, or imsat."
