"""Under a limit on the address space, files that claim or unpack to more are refused by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzzing.bombs import MIB, write_bombs

resource = pytest.importorskip("resource", reason="limits of processes are those of Unix")
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs /proc to know what a process holds"
)

LEFT = 384 * MIB  # beside what the libraries take
HELD = 256 * MIB  # most that any of the files may make resident
CHILD = """
import json, os, resource, sys
from pathlib import Path
import h5py, pyarrow.parquet, pyarrow.csv, PIL.Image, torch
import quantal
from quantal.data import open_source
from quantal.errors import QuantalError
pyarrow.set_cpu_count(1)
quantal.load  # everything is imported before the limit
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * os.sysconf("SC_PAGE_SIZE") + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

def most_resident():
    [line] = [l for l in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in l]
    return 1024 * int(line.split()[1])

before = most_resident()
found = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    read = quantal.load if path.name.startswith("m-") else open_source
    try:
        read(path)
        found[path.name] = "read"
    except QuantalError as error:
        found[path.name] = f"refused: {error}"
    except BaseException as error:
        found[path.name] = f"{type(error).__name__}: {error}"
print(json.dumps({"found": found, "held": most_resident() - before}))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    write_bombs(folder)
    command = [sys.executable, "-W", "ignore", "-c", CHILD, str(folder), str(LEFT)]
    threads = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    env = {**os.environ, **threads}
    child = subprocess.run(
        command, check=False, capture_output=True, text=True, env=env, timeout=300
    )
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


def test_every_file_that_claims_too_much_is_refused_by_its_name(answer):
    wrong = {
        name: text
        for name, text in answer["found"].items()
        if not text.startswith("refused: ") or name.partition(".")[0] not in text
    }
    assert wrong == {}
    assert len(answer["found"]) == 18


def test_none_of_them_fills_the_memory(answer):
    assert answer["held"] <= HELD


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.npy", "is truncated: its header says shape (999999999999, 3)"),
        ("zeros.npz", "array 'x', needs 0.3 GiB, more than"),
        ("many.npz", "holds several arrays that could be the data"),
        ("sparse.npz", "needs 8388608.0 GiB"),
        ("constant.parquet", "constant.parquet needs 0.3 GiB"),
        ("claimed.h5", "array 'x', needs 262144.0 GiB"),
        ("line.txt.gz", "line 1, is longer than 64 MiB"),
        ("lines.txt.gz", "lines.txt.gz needs 0."),
        ("nested.jsonl.gz", "line 1, needs 0."),
        ("many", "taken for a decompression bomb"),
        ("m-header", "its header claims 4611686018427387904 bytes"),
        ("m-shape", "has a damaged safetensors header"),
        ("m-holes", "weights.safetensors needs 8.0 GiB"),
        ("m-config", "config.json needs 1.4 GiB"),
    ],
)
def test_the_refusal_says_what_was_claimed(answer, name, text):
    assert text in answer["found"][name]
