"""Requests made up from a server's own description, and what is wrong with their answers."""

from __future__ import annotations

from collections import Counter

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from served import ARROW, NPY, arrow, npy, rows

from quantal.app import ServerSettings, create_app
from quantal.data import open_source

LARGEST = 1e6  # what overflows in a model is refused, and no description can say from where on


def app_of(model, **more):
    """Return an application with limits that made-up requests reach."""
    limits = ServerSettings(
        max_rows=5, max_neighbors=4, allowed_hosts=("testserver",), timeout_seconds=60, **more
    )
    return create_app(model, data=open_source(rows()), settings=limits)


def schema_of(app):
    """Return the description of an application, from which requests can be made."""
    bodies = rows()[:5]
    for kind, write in ((NPY, npy), (ARROW, arrow)):
        schemathesis.openapi.media_type(
            kind, st.integers(1, 5).map(lambda n, write=write: write(bodies[:n]))
        )
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app)

    @schema.hook
    def map_body(context, body):
        return _clipped(body)

    return schema


def _clipped(value):
    if isinstance(value, list):
        return [_clipped(item) for item in value]
    if isinstance(value, dict):
        return {name: _clipped(item) for name, item in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return min(LARGEST, max(-LARGEST, value))
    return value


def statuses(schema, n_examples):
    """Try every operation with right and wrong requests; return how often each status came.

    Args:
        schema: of `schema_of`.
        n_examples: requests of each kind.

    Raises:
        AssertionError: An answer that the description does not allow, a wrong request that was
            accepted, a right one that was refused, or a failure of the server.
    """
    seen = Counter()
    for result in schema.get_all_operations():
        operation = result.ok()
        modes = [GenerationMode.POSITIVE]
        if operation.method == "post":  # a request for health can have nothing wrong
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            _try(operation, mode, n_examples, seen)
    return seen


def _try(operation, mode, n_examples, seen):
    @settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        response = case.call()
        seen[operation.path, mode.name, response.status_code] += 1
        case.validate_response(response)

    check()
