"""The commands of docs/hashing.md, in the order in which they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
from tiny_data import vectors

PAGE = Path(__file__).parents[2] / "docs/hashing.md"


def test_every_command_of_the_page_works(quantal, folder):
    rows = vectors(900, 80)
    for name, part in {"vectors": rows[:600], "queries": rows[:40], "held-out": rows[600:]}.items():
        np.save(f"{name}.npy", part)
    np.save("classes.npy", np.arange(300) % 10)
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    commands = [line for block in blocks for line in block.splitlines()]
    assert len(commands) == 7
    for command in commands:
        result = quantal(*shlex.split(command)[1:])
        assert result.status == 0, f"{command}: {result.err}"
    wanted = {"codes.npy", "hits.parquet", "near.csv", "better.csv"}
    assert wanted <= {path.name for path in folder.iterdir()}
