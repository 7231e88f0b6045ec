"""A server of the explorer alone, and how its tests visit it."""

from __future__ import annotations

import csv
import io
import re

from fastapi import FastAPI
from fastapi.testclient import TestClient

from quantal.app.explorer import explorer_routes

HOSTILE = "<script>alert('x')</script>\u202e\" onerror=\"x"


TEXTS = [f"{HOSTILE} apples and pears {i}" for i in range(30)] + [
    f"rockets reach the moon in {i} days" for i in range(30)
]


def visit(model, data, path, **options):
    app = FastAPI()
    app.include_router(explorer_routes(model, data, path, **options))
    return TestClient(app, base_url="http://127.0.0.1:8000")


def table_of(client):
    return list(csv.DictReader(io.StringIO(client.get("/export.csv").text)))


def numbers(client, sort="number"):
    return [
        int(n) for n in re.findall(r'name="cluster" value="(\d+)"', page(client, f"/?sort={sort}"))
    ]


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


def post(client, path, **fields):
    return client.post(f"/edits/{path}", data=fields, follow_redirects=False)
