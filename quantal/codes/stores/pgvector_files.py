"""Codes as files that PostgreSQL with pgvector loads: ``pgvector:FOLDER``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import DataError, ParameterError
from ..description import Description
from ..index_options import Option
from .address import Address
from .bit_text import bit_strings
from .capability import StoreIndex, StorePlan, StoreType
from .description import StoreDescription
from .folder import new_folder, write_description
from .source import CodeBatch, CodeSource

DATA = "codes.tsv"
MAX_COLUMN_BITS = 83_886_080  # PostgreSQL's limit of bit(n)
MAX_INDEX_BITS = 64_000  # pgvector's
MOST_LISTS = 32_768
MAX_NAME_BYTES = 63  # longer ones PostgreSQL cuts without a word
TEXT_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

LOAD = """\
-- In this folder: psql -f load.sql DATABASE
-- PostgreSQL with pgvector 0.7 or later. All or nothing; a table of that name must not exist.
\\set ON_ERROR_STOP on
BEGIN;
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE {table} ({columns});
\\copy {table} FROM 'codes.tsv' WITH (FORMAT text, ENCODING 'UTF8')
DO {tag}BEGIN
    IF (SELECT count(*) FROM {table}) <> {n_rows} THEN
        RAISE EXCEPTION 'codes.tsv is not complete: it should hold {n_rows} codes';
    END IF;
END{tag};
COMMENT ON TABLE {table} IS {comment};
{index}COMMIT;
ANALYZE {table};
"""
QUERY_EXACT = """\
-- psql --set code={example} --set k=10 -f query.sql DATABASE
-- The code is {n_bits} digits of 0 and 1, bit 0 first. Every code is compared; ties by "row".
SELECT {names}, "code" <~> :'code' AS distance
FROM {table}
ORDER BY distance, "row"
LIMIT :k;
"""
QUERY_INDEXED = """\
-- psql --set code={example} --set k=10 -f query.sql DATABASE
-- The code is {n_bits} digits of 0 and 1, bit 0 first. The index may miss some, and finds no more
-- than the number below allows: raise it with k. Ties by "row" among what it finds.
SET {search};
WITH near AS MATERIALIZED (
    SELECT {names}, "code" <~> :'code' AS distance
    FROM {table}
    ORDER BY "code" <~> :'code'
    LIMIT 4 * :k
)
SELECT * FROM near ORDER BY distance, "row" LIMIT :k;
"""


def write_pgvector(address: Address, plan: StorePlan, source: CodeSource) -> None:
    """Write codes.tsv for COPY, load.sql, query.sql, and the description."""
    table = quoted_name(plan.names["table"])
    codes = source.description
    described = StoreDescription("pgvector", plan.kind, plan.options, codes, source.longest_id())
    with new_folder(address) as folder:
        with (folder / DATA).open("w", encoding="utf-8", newline="\n") as file:
            for batch in source.read():
                file.write(_lines(batch, codes.n_bits))
        (folder / "load.sql").write_text(_load(table, plan, described), "utf-8")
        (folder / "query.sql").write_text(_query(table, plan, codes), "utf-8")
        write_description(folder, described)


def quoted_name(name: str) -> str:
    """Return a name as SQL writes it, whatever stands in it.

    Raises:
        ParameterError: Not a name that PostgreSQL can have.
    """
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        length = 0
    if not 0 < length <= MAX_NAME_BYTES or not name.isprintable():
        raise ParameterError(
            f"The table of pgvector files must have a name of 1 to {MAX_NAME_BYTES} bytes without "
            f"line breaks or control characters, got {name!r}."
        )
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """Return a string as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _lines(batch: CodeBatch, n_bits: int) -> str:
    bits = [code.decode() for code in bit_strings(batch.packed, n_bits)]
    rows = map(str, batch.rows.tolist())
    columns: list[Any] = [rows, bits]
    if batch.ids is not None:
        columns.insert(1, [_field(name) for name in batch.ids])
    return "".join("\t".join(line) + "\n" for line in zip(*columns, strict=True))


def _field(name: Any) -> str:
    """Return an id as a field of COPY's text format."""
    if not isinstance(name, str):
        return str(int(name))
    if "\0" in name:
        raise DataError(f"PostgreSQL stores no text with a zero byte, as the id {name!r} has.")
    return name.translate(TEXT_ESCAPES)


def _load(table: str, plan: StorePlan, described: StoreDescription) -> str:
    codes = described.codes
    columns = ['"row" bigint PRIMARY KEY', f'"code" bit({codes.n_bits}) NOT NULL']
    if codes.ids != "none":
        columns.insert(1, f'"id" {"text" if codes.ids == "string" else "bigint"} NOT NULL')
    tag = "q"
    while f"${tag}$" in table:
        tag += "q"
    return LOAD.format(
        table=table,
        columns=", ".join(columns),
        tag=f"${tag}$",
        n_rows=described.n_rows,
        comment=quoted_text(" ".join(described.to_json().decode().split())),
        index=_index(table, plan),
    )


def _index(table: str, plan: StorePlan) -> str:
    options = {
        "hnsw": "m = {m}, ef_construction = {ef_construction}",
        "ivfflat": "lists = {n_lists}",
    }
    if plan.kind not in options:
        return ""
    values = options[plan.kind].format(**plan.options)
    return f'CREATE INDEX ON {table} USING {plan.kind} ("code" bit_hamming_ops) WITH ({values});\n'


def _query(table: str, plan: StorePlan, codes: Description) -> str:
    search = {
        "hnsw": "hnsw.ef_search = {ef_search}",
        "ivfflat": "ivfflat.probes = {n_probes}",
    }
    text = QUERY_INDEXED if plan.kind in search else QUERY_EXACT
    return text.format(
        table=table,
        names='"row"' if codes.ids == "none" else '"row", "id"',
        n_bits=codes.n_bits,
        example="0" * codes.n_bits,
        search=search.get(plan.kind, "").format(**plan.options),
    )


def _require_wide_construction(options: Mapping[str, int | bool], _n_bits: int) -> None:
    m, ef = options["m"], options["ef_construction"]
    if ef < 2 * m:
        raise ParameterError(
            f"pgvector wants ef_construction to be at least 2 * m = {2 * m}, got {ef}. Raise it, "
            "or lower m."
        )


PGVECTOR = StoreType(
    "pgvector",
    "pgvector",
    kinds={
        "flat": StoreIndex(exact=True, max_bits=MAX_COLUMN_BITS),
        "hnsw": StoreIndex(
            exact=False,
            max_bits=MAX_INDEX_BITS,
            written={"m": Option(16, 2, 100), "ef_construction": Option(64, 4, 1000)},
            searched={"ef_search": Option(40, high=1000)},
            rule=_require_wide_construction,
        ),
        "ivfflat": StoreIndex(
            exact=False,
            max_bits=MAX_INDEX_BITS,
            written={"n_lists": Option(100, high=MOST_LISTS)},
            searched={"n_probes": Option(10, high=MOST_LISTS)},
        ),
    },
    names={"table": "codes"},
    write=write_pgvector,
    unopened="Load them with load.sql and search with query.sql, both in the folder.",
)
