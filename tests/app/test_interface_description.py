"""The description of the interface is valid, and true of the server."""

from __future__ import annotations

import pytest
import schemathesis
from described import app_of, schema_of, statuses
from served import ARROW, NPY, client

SHORT = {"max_rows": 5, "max_neighbors": 4}
"""Limits that the description states, so that tools that read it stay within them."""


@pytest.mark.parametrize("model", ["hasher", "clusterer"])
@pytest.mark.parametrize("token", [None, "a-long-enough-token"])
def test_the_description_is_valid_openapi(model, token, request):
    from fastapi.openapi.models import OpenAPI

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with client(request.getfixturevalue(model), token=token, headers=headers) as found:
        described = found.get("/v1/openapi.json").json()
    OpenAPI.model_validate(described)
    schemathesis.openapi.from_dict(described).validate()
    assert described["info"]["title"] == "quantal"
    references = {path for path in str(described).split("'") if path.startswith("#/")}
    assert references == {"#/components/schemas/Problem"}
    assert "Problem" in described["components"]["schemas"]


def test_the_description_states_the_widths_and_limits_of_the_model(clusterer):
    with client(clusterer, **SHORT) as found:
        paths = found.get("/v1/openapi.json").json()["paths"]
    predict, search = paths["/v1/predict"]["post"], paths["/v1/search"]["post"]
    rows_of = predict["requestBody"]["content"]["application/json"]["schema"]["properties"]["rows"]
    assert (rows_of["minItems"], rows_of["maxItems"]) == (1, 5)
    assert (rows_of["items"]["minItems"], rows_of["items"]["maxItems"]) == (6, 6)
    assert predict["parameters"][0]["schema"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 3,
        "default": 0,
    }
    assert search["parameters"][0]["schema"]["maximum"] == 4
    assert set(predict["requestBody"]["content"]) == {"application/json", NPY, ARROW}


@pytest.mark.parametrize("model", ["hasher", "clusterer"])
def test_requests_made_up_from_the_description_find_nothing(model, request):
    seen = statuses(schema_of(app_of(request.getfixturevalue(model))), n_examples=10)
    fine = {path for (path, mode, status) in seen if mode == "POSITIVE" and status == 200}
    assert len(fine) == 3
    assert {status for (_, _, status) in seen} <= {200, 400, 422}
