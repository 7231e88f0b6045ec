"""Files for PostgreSQL and Elasticsearch: what they hold, in the bit order that they state."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from quantal.codes import Codes, hamming_search, pack_bits, unpack_bits, write_store
from quantal.codes.stores import elasticsearch_files
from quantal.codes.stores.bit_text import bit_strings, hex_strings
from quantal.errors import DataError, ParameterError

RNG = np.random.default_rng(0)
BITS = (RNG.random((2000, 12)) < 0.3).astype(np.uint8)
IDS = [f"{row}\t\\n'\"\n\r$$é" for row in range(2000)]
CODES = Codes(pack_bits(BITS), 12, ids=IDS, method="itq 0123")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_bit_k_is_the_k_th_digit_of_a_bit_string():
    codes = pack_bits([[1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 1, 1, 0, 0, 0, 0, 0, 0]])
    assert bit_strings(codes, 10).tolist() == [b"1000000001", b"0011000000"]


def test_bit_k_is_the_k_th_most_significant_of_the_hexadecimal_digits():
    codes = pack_bits([[1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 1, 1, 0, 0, 0, 0, 0, 0]])
    assert hex_strings(codes) == ["8040", "3000"]
    data = np.frombuffer(bytes.fromhex("".join(hex_strings(CODES.packed))), np.uint8)
    msb_first = np.unpackbits(data.reshape(-1, 2), axis=1, bitorder="big")
    np.testing.assert_array_equal(msb_first[:, :12], BITS)
    assert (msb_first[:, 12:] == 0).all()


ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}


def unescaped(field):
    """What COPY reads in a field."""
    text, place = "", 0
    while place < len(field):
        pair = field[place : place + 2]
        text += ESCAPES.get(pair, field[place])
        place += 2 if pair in ESCAPES else 1
    return text


def test_the_lines_for_copy_hold_rows_ids_and_bits():
    write_store("pgvector:files", CODES)
    text = Path("files/codes.tsv").read_bytes().decode()
    lines = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    assert [int(row) for row, _, _ in lines] == list(range(2000))
    assert [unescaped(name) for _, name, _ in lines] == IDS
    np.testing.assert_array_equal([[int(bit) for bit in code] for _, _, code in lines], BITS)


def test_the_statements_make_a_column_of_the_codes_width_and_search_it():
    write_store("pgvector:files?kind=hnsw&m=8", CODES)
    load, query = (Path(f"files/{name}.sql").read_text() for name in ("load", "query"))
    assert '("row" bigint PRIMARY KEY, "id" text NOT NULL, "code" bit(12) NOT NULL)' in load
    assert 'USING hnsw ("code" bit_hamming_ops) WITH (m = 8, ef_construction = 64)' in load
    assert "<> 2000 THEN" in load and "BEGIN;" in load and "COMMIT;" in load
    assert "SET hnsw.ef_search = 40;" in query and '"code" <~> ' in query
    write_store("pgvector:files", Codes(CODES.packed, 12, ids=np.arange(2000)))
    assert '"id" bigint NOT NULL' in Path("files/load.sql").read_text()
    assert 'ORDER BY distance, "row"' in Path("files/query.sql").read_text()
    assert "CREATE INDEX" not in Path("files/load.sql").read_text()
    write_store("pgvector:files", Codes(CODES.packed, 12))
    assert (
        '("row" bigint PRIMARY KEY, "code" bit(12) NOT NULL)' in Path("files/load.sql").read_text()
    )
    assert Path("files/codes.tsv").read_text().startswith(f"0\t{''.join(map(str, BITS[0]))}\n")


def test_a_hostile_table_name_stays_a_name():
    write_store('pgvector:files?table=x"; DROP TABLE y; --$q$', CODES)
    load = Path("files/load.sql").read_text()
    name = '"x""; DROP TABLE y; --$q$"'
    assert load.count("DROP TABLE y") == load.count(name) == 5
    assert "DO $qq$BEGIN" in load and "END$qq$;" in load


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "x" * 64, "é" * 32, "a\u2028b", "\udc80"])
def test_a_name_that_postgresql_cannot_have_is_refused(name):
    with pytest.raises(ParameterError, match="must have a name of 1 to 63 bytes without line brea"):
        write_store(f"pgvector:files?table={name}", CODES)
    assert not list(Path().iterdir())


def test_an_id_with_a_zero_byte_is_refused_and_nothing_is_left():
    with pytest.raises(DataError, match="PostgreSQL stores no text with a zero byte"):
        write_store("pgvector:files", Codes(CODES.packed[:1], 12, ids=["a\0"]))
    assert not list(Path().iterdir())


def documents(folder):
    lines = []
    for path in sorted(folder.glob("bulk-*.ndjson")):
        lines += [json.loads(line) for line in path.read_bytes().splitlines()]
    return lines[::2], lines[1::2]


def test_elasticsearch_finds_by_its_own_arithmetic_what_exact_search_finds():
    write_store("elasticsearch:files", CODES)
    actions, held = documents(Path("files"))
    assert actions == [{"index": {"_id": str(row)}} for row in range(2000)]
    assert [document["id"] for document in held] == IDS
    query = json.loads(Path("files/query-exact.json").read_text())
    bits = query["query"]["script_score"]["script"]["params"]["bits"]
    asked = CODES.packed[:5] ^ np.array([[5, 8]], np.uint8)
    distances, rows = hamming_search(CODES.packed, asked, 30)
    for code, near, found in zip(hex_strings(asked), distances, rows, strict=True):
        scores = [bits - (int(d["code"], 16) ^ int(code, 16)).bit_count() for d in held]
        best = sorted(held, key=lambda d: (-scores[d["row"]], d["row"]))[:30]
        assert [d["row"] for d in best] == found.tolist()
        assert [bits - scores[d["row"]] for d in best] == near.tolist()
    assert query["sort"] == [{"_score": "desc"}, {"row": "asc"}]


def test_the_mapping_counts_bits_and_describes_the_codes():
    write_store("elasticsearch:files?kind=hnsw&m=8", CODES)
    mapping = json.loads(Path("files/mapping.json").read_text())["mappings"]
    assert mapping["properties"]["code"] == {
        "type": "dense_vector",
        "element_type": "bit",
        "dims": 16,
        "index": True,
        "similarity": "l2_norm",
        "index_options": {"type": "hnsw", "m": 8, "ef_construction": 100},
    }
    assert mapping["properties"]["id"] == {"type": "keyword"}
    assert mapping["_meta"]["quantal"]["codes"]["method"] == "itq 0123"
    knn = json.loads(Path("files/query-knn.json").read_text())["knn"]
    assert (knn["k"], knn["num_candidates"], knn["query_vector"]) == (10, 100, "0000")


@pytest.mark.parametrize("name", ["Codes", "-a", "a b", "a/b", "a;b", "$(id)", "x" * 256, "a\n"])
def test_an_index_name_that_could_mean_something_else_is_refused(name):
    with pytest.raises(ParameterError, match="is named here by up to 255 of the characters a-z"):
        write_store(f"elasticsearch:files?index={name}", CODES)
    assert not list(Path().iterdir())


class Server(BaseHTTPRequestHandler):
    """As much of Elasticsearch as load.sh talks to."""

    seen: ClassVar[list] = []
    refuses = False

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path.partition("?")[0], body))
        n_rows = sum(body.count(b"\n") // 2 for _, path, body in self.seen if "_bulk" in path)
        answer = {"errors": self.refuses} if "_bulk" in self.path else {"count": n_rows, "x": 1}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer, separators=(",", ":")).encode())

    do_PUT = do_POST = do_GET = _answer

    def log_message(self, *_):
        pass


@pytest.mark.skipif(shutil.which("curl") is None, reason="load.sh needs curl")
@pytest.mark.parametrize("refuses", [False, True])
def test_the_script_sends_every_file_and_stops_at_a_refusal(refuses, monkeypatch):
    monkeypatch.setattr(elasticsearch_files, "BULK_BYTES", 60_000)
    write_store("elasticsearch:files?index=my-codes", CODES)
    server = HTTPServer(("127.0.0.1", 0), Server)
    Server.seen, Server.refuses = [], refuses
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = subprocess.run(
            ["sh", "load.sh"],
            cwd="files",
            check=False,
            env={"ES_URL": f"http://127.0.0.1:{server.server_port}", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        server.shutdown()
        server.server_close()
    if refuses:
        assert done.returncode == 1
        assert "bulk-000000.ndjson was refused: see answer.json" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    paths = [(method, path) for method, path, _ in Server.seen]
    n_files = len(list(Path("files").glob("bulk-*")))
    assert paths == [
        ("PUT", "/my-codes"),
        *[("POST", "/my-codes/_bulk")] * n_files,
        ("POST", "/my-codes/_refresh"),
        ("GET", "/my-codes/_count"),
    ]
    assert n_files > 2
    assert not Path("files/answer.json").exists()


def test_bits_come_back_from_the_files():
    write_store("elasticsearch:files", Codes(CODES.packed, 12))
    _, held = documents(Path("files"))
    assert set(held[0]) == {"row", "code"}
    values = np.array([list(bytes.fromhex(d["code"])) for d in held], np.uint8)
    again = np.packbits(np.unpackbits(values, axis=1), axis=1, bitorder="little")
    np.testing.assert_array_equal(unpack_bits(again, 12), BITS)
