"""The interface as OpenAPI describes it, with the widths and limits of the model at hand."""

from __future__ import annotations

import http
from typing import Any

from fastapi import FastAPI

from .media_types import ARROW, JSON, NPY
from .problems import PROBLEM_JSON
from .row_form import RowForm

PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail", "request_id"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What came, what is allowed, what to do."},
        "request_id": {"type": "string"},
    },
}
ALWAYS = (403, 421, 500)  # what the checks of every request may answer
WITH_ROWS = (400, 406, 408, 413, 415, 422, 429, 503, 504)
BINARY = {"type": "string", "format": "binary"}


def request_body(form: RowForm) -> dict[str, Any]:
    """Return what a body of rows is."""
    bodies = [_object("rows", rows) for rows in _rows_schemas(form)]
    if form.takes_text:
        texts = {"type": "array", "items": {"type": "string"}}
        bodies.append(_object("texts", {**texts, **_counted(form)}))
    schema = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
    return {
        "required": True,
        "description": f"Up to {form.max_rows} rows of {form.n_features} numbers. Numbers so large "
        "that the model's sums overflow are refused.",
        "content": {
            JSON: {"schema": schema},
            NPY: {"schema": {**BINARY, "description": "An array, as numpy.save writes it."}},
            ARROW: {"schema": {**BINARY, "description": "Columns of numbers, or one of lists."}},
        },
    }


def _rows_schemas(form: RowForm) -> list[dict[str, Any]]:
    shapes = [(form.n_features,), *([form.image_shape] if form.image_shape else [])]
    rows = []
    for shape in shapes:
        row: dict[str, Any] = {"type": "number"}
        for side in reversed(shape):
            row = {"type": "array", "items": row, "minItems": side, "maxItems": side}
        rows.append({"type": "array", "items": row, **_counted(form)})
    return rows


def _counted(form: RowForm) -> dict[str, int]:
    return {"minItems": 1, "maxItems": form.max_rows}


def _object(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name],
        "properties": {name: schema},
        "additionalProperties": False,
    }


def answers(properties: dict[str, Any], required: list[str]) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a route that takes rows, by status.

    Args:
        properties: of the JSON object that it answers.
        required: which of them are always there.
    """
    schema = {"type": "object", "required": required, "properties": properties}
    fine = {
        "description": "One entry a row.",
        "content": {
            JSON: {"schema": schema},
            NPY: {"schema": BINARY},
            ARROW: {"schema": BINARY},
        },
    }
    return {200: fine, **refusals(*ALWAYS, *WITH_ROWS)}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the responses of refused requests."""
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": http.HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": reference}},
        }
        for status in sorted(statuses)
    }


def table(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list of lists of ``items``."""
    return column({"type": "array", "items": items})


def column(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list of ``items``."""
    return {"type": "array", "items": items}


def complete(app: FastAPI, *, needs_token: bool) -> None:
    """Add to the description of ``app`` what its routes refer to."""
    description = app.openapi()
    components = description.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    if not needs_token:
        return
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    description["security"] = [{"token": []}]
    for path in description["paths"].values():
        for operation in path.values():
            operation["responses"].update({str(s): r for s, r in refusals(401).items()})
