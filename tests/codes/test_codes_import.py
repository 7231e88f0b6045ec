"""What importing the unit costs."""

from __future__ import annotations

import subprocess
import sys


def test_numba_torch_pyarrow_and_faiss_wait_until_they_are_needed():
    code = (
        "import sys, quantal.codes; "
        "print(*[m for m in ('numba', 'torch', 'pyarrow', 'faiss') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
