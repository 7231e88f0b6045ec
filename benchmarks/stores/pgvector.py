"""The files for PostgreSQL, loaded and searched for real by psql.

    python -m benchmarks.stores.pgvector "host=localhost dbname=test"

The database needs pgvector 0.7 or later and a role that may create extensions. Tables are made and
dropped. It stops with an error where a result is not that of exact search.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.stores.exact import WIDTHS, agreement, gallery, nearest, queries
from quantal.codes import Codes, write_store
from quantal.codes.stores.bit_text import bit_strings

TABLE = "Codes' \"; DROP TABLE x; --$q$:k \\"
KINDS = ("flat", "hnsw", "ivfflat")


def psql(database: str, *arguments: str, folder: Path | None = None) -> str:
    """Run psql; stop where it fails."""
    command = ["psql", "-X", "-q", "-A", "-t", "--set=ON_ERROR_STOP=1", "-d", database, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command}: {done.stderr}")
    return done.stdout


def try_kind(database: str, n_bits: int, kind: str) -> None:
    """Write, load and search the files of one index."""
    codes = gallery(n_bits)
    quoted = '"' + TABLE.replace('"', '""') + '"'
    psql(database, "-c", f"DROP TABLE IF EXISTS {quoted}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "files"
        write_store(f"pgvector:{folder}?kind={kind}&table={TABLE}", codes)
        psql(database, "-f", "load.sql", folder=folder)

        def search(asked: NDArray[np.uint8], k: int) -> tuple[Any, Any]:
            found = [_found(database, folder, code, k) for code in bit_strings(asked, n_bits)]
            pairs = np.array(found)
            return pairs[..., 1], pairs[..., 0]

        print(f"{kind}: {agreement(n_bits, search)}")
        if kind == "flat":
            expected = nearest(codes, queries(n_bits))
            for one, other in zip(search(queries(n_bits), 10), expected, strict=True):
                np.testing.assert_array_equal(one, other)
            _same_names(database, quoted, codes)
        comment = psql(database, "-c", f"SELECT obj_description('{_literal(quoted)}'::regclass)")
        assert '"format": "quantal store"' in comment
    psql(database, "-c", f"DROP TABLE {quoted}")


def _found(database: str, folder: Path, code: bytes, k: int) -> list[tuple[int, int]]:
    values = [f"--set=code={code.decode()}", f"--set=k={k}", "-F", "\x1f", "-R", "\x1e"]
    text = psql(database, *values, "-f", "query.sql", folder=folder)
    lines = [line.split("\x1f") for line in text.rstrip("\n").split("\x1e") if line]
    hits = [(int(line[0]), int(float(line[-1]))) for line in lines]
    return hits + [(-1, -1)] * (k - len(hits))


def _same_names(database: str, quoted: str, codes: Codes) -> None:
    """Every id, hex by hex, and every bit is what was written."""
    named = "encode(convert_to(id, 'UTF8'), 'hex')"
    rows = psql(
        database, "-c", f"SELECT row, {named}, code FROM {quoted} ORDER BY row"
    ).splitlines()
    bits = bit_strings(codes.packed, codes.n_bits)
    assert codes.ids is not None
    for row, line in enumerate(rows):
        assert line == f"{row}|{str(codes.ids[row]).encode().hex()}|{bits[row].decode()}"
    assert len(rows) == len(codes)


def _literal(name: str) -> str:
    return name.replace("'", "''")


def main() -> None:
    """Try every kind of index at every width."""
    [database] = sys.argv[1:] or sys.exit(__doc__)
    print(psql(database, "-c", "SELECT version()").split(" on ")[0].strip())
    for n_bits in WIDTHS:
        for kind in KINDS:
            try_kind(database, n_bits, kind)
    print("pgvector", psql(database, "-c", "SELECT extversion FROM pg_extension").split()[-1])


if __name__ == "__main__":
    main()
