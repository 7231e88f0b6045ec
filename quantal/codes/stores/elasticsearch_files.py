"""Codes as files that Elasticsearch loads: ``elasticsearch:FOLDER``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ParameterError
from ..description import Description
from ..index_options import Option
from .address import Address
from .bit_text import hex_strings
from .capability import StoreIndex, StorePlan, StoreType
from .description import StoreDescription
from .folder import new_folder, write_description
from .source import CodeBatch, CodeSource

MAX_BITS = 4096  # of a dense_vector
MAX_ID_BYTES = 32_766  # of a keyword
BULK_BYTES = 16 << 20  # a request; the server's limit is 100 MB unless changed
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,254}")

LOAD = """\
#!/bin/sh
# In this folder: ES_URL=https://localhost:9200 sh load.sh [options of curl, such as -u NAME]
# Makes the index {index}, which must not exist, and sends every bulk file.
set -eu
url="${{ES_URL:?set ES_URL to the address of the server}}/{index}"
curl -fsS "$@" -X PUT -H 'Content-Type: application/json' --data-binary @mapping.json "$url"
for file in bulk-*.ndjson; do
    curl -fsS "$@" -H 'Content-Type: application/x-ndjson' --data-binary "@$file" \\
        "$url/_bulk?filter_path=errors,items.*.error" > answer.json
    grep -q '"errors":false' answer.json || {{
        echo "$file was refused: see answer.json" >&2
        exit 1
    }}
done
rm -f answer.json
curl -fsS "$@" -X POST "$url/_refresh" > answer.json
curl -fsS "$@" "$url/_count" > answer.json
grep -q '"count":{n_rows}[,}}]' answer.json || {{
    echo "the index does not hold {n_rows} codes: see answer.json" >&2
    exit 1
}}
rm -f answer.json
"""


def write_elasticsearch(address: Address, plan: StorePlan, source: CodeSource) -> None:
    """Write mapping.json, bulk files, load.sh, queries, and the description."""
    index = _index_name(plan.names["index"])
    codes = source.description
    longest = source.longest_id(lambda name: len(name.encode()))
    if longest > MAX_ID_BYTES:
        raise ParameterError(
            f"Elasticsearch stores ids of up to {MAX_ID_BYTES:,} bytes; one has {longest:,}. Name "
            "the rows by shorter ids."
        )
    described = StoreDescription(
        "elasticsearch", plan.kind, plan.options, codes, source.longest_id()
    )
    with new_folder(address) as folder:
        _write_bulk(folder, source)
        _write_json(folder / "mapping.json", _mapping(plan, described))
        _write_json(folder / "query-exact.json", exact_query(codes, _zeros(codes), 10))
        _write_json(folder / "query-knn.json", _knn_query(codes, plan, 10))
        script = LOAD.format(index=index, n_rows=described.n_rows)
        (folder / "load.sh").write_text(script, "utf-8")
        write_description(folder, described)


def exact_query(codes: Description, code: str, k: int) -> dict[str, Any]:
    """Return the search that compares every code, ties by row; distance = bits - score.

    Args:
        codes: of what the index holds.
        code: hexadecimal digits, as in the bulk files.
        k: codes to return, at most 10,000 by the server's default.
    """
    script = {
        "source": "params.bits - hamming(params.code, 'code')",
        "params": {"bits": 8 * codes.n_bytes, "code": code},
    }
    return {
        "size": k,
        "_source": _fields(codes),
        "query": {"script_score": {"query": {"match_all": {}}, "script": script}},
        "sort": [{"_score": "desc"}, {"row": "asc"}],
        "track_scores": True,
    }


def _knn_query(codes: Description, plan: StorePlan, k: int) -> dict[str, Any]:
    """Return the search of the index; distance = bits * (1 - score), ties in any order."""
    knn = {"field": "code", "query_vector": _zeros(codes), "k": k}
    knn["num_candidates"] = max(k, int(plan.options.get("num_candidates", k)))
    return {"size": k, "_source": _fields(codes), "knn": knn}


def _mapping(plan: StorePlan, described: StoreDescription) -> dict[str, Any]:
    codes = described.codes
    options: dict[str, Any] = {"type": plan.kind}
    if plan.kind == "hnsw":
        options |= {name: plan.options[name] for name in ("m", "ef_construction")}
    properties: dict[str, Any] = {
        "row": {"type": "long"},
        "code": {
            "type": "dense_vector",
            "element_type": "bit",
            "dims": 8 * codes.n_bytes,  # bits, of which those that fill the last byte are 0
            "index": True,
            "similarity": "l2_norm",  # what Elasticsearch calls the Hamming distance of bits
            "index_options": options,
        },
    }
    if codes.ids != "none":
        properties["id"] = {"type": "keyword" if codes.ids == "string" else "long"}
    meta = {"quantal": json.loads(described.to_json())}
    return {"mappings": {"dynamic": "strict", "_meta": meta, "properties": properties}}


def _write_bulk(folder: Path, source: CodeSource) -> None:
    number, held = 0, BULK_BYTES
    file: Any = None
    try:
        for batch in source.read():
            for line in _lines(batch):
                if held + len(line) > BULK_BYTES:
                    if file is not None:
                        file.close()
                    file = (folder / f"bulk-{number:06d}.ndjson").open("wb")
                    number, held = number + 1, 0
                file.write(line)
                held += len(line)
    finally:
        if file is not None:
            file.close()


def _lines(batch: CodeBatch) -> list[bytes]:
    """Return the two lines of each document; its _id is the row, so loading twice is harmless."""
    rows, codes = batch.rows.tolist(), hex_strings(batch.packed)
    if batch.ids is None:
        named = [""] * len(rows)
    elif isinstance(batch.ids, np.ndarray):
        named = [f',"id":{name}' for name in batch.ids.tolist()]
    else:
        named = [f',"id":{json.dumps(name)}' for name in batch.ids]
    return [
        f'{{"index":{{"_id":"{row}"}}}}\n{{"row":{row}{name},"code":"{code}"}}\n'.encode()
        for row, name, code in zip(rows, named, codes, strict=True)
    ]


def _index_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ParameterError(
            f"An index of Elasticsearch is named here by up to 255 of the characters a-z, 0-9, '.',"
            f" '_' and '-', beginning with a letter or digit; got {name!r}."
        )
    return name


def _fields(codes: Description) -> list[str]:
    return ["row"] if codes.ids == "none" else ["row", "id"]


def _zeros(codes: Description) -> str:
    return "00" * codes.n_bytes


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")


REAL = "it is for real-valued vectors."
ELASTICSEARCH = StoreType(
    "elasticsearch",
    "Elasticsearch",
    kinds={
        "flat": StoreIndex(exact=True, max_bits=MAX_BITS),
        "hnsw": StoreIndex(
            exact=False,
            max_bits=MAX_BITS,
            written={"m": Option(16, 2, 512), "ef_construction": Option(100, high=3200)},
            searched={"num_candidates": Option(100, high=10_000)},
        ),
    },
    unable=dict.fromkeys(
        ("int8_hnsw", "int4_hnsw", "bbq_hnsw", "int8_flat", "int4_flat", "bbq_flat", "bbq_disk"),
        REAL,
    ),
    names={"index": "codes"},
    write=write_elasticsearch,
    unopened="Load them with load.sh; query-exact.json and query-knn.json are the searches.",
)
