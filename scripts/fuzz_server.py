"""Ask a server in this process thousands of questions made up from its own description.

Usage: python scripts/fuzz_server.py [EXAMPLES]

EXAMPLES (default 2000) right and as many wrong requests go to every address of a hasher and of a
clusterer. An answer that the description does not allow, a wrong request that is accepted, a right
one that is refused, or a failure of the server ends the run with exit status 1 and says which
request it was. Needs the development extra.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "app"))

from described import app_of, schema_of, statuses
from served import small_clusterer, small_hasher

if __name__ == "__main__":
    n_examples = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for model in (small_hasher(), small_clusterer()):
        print(type(model).__name__)
        for (path, mode, status), count in sorted(
            statuses(schema_of(app_of(model)), n_examples).items()
        ):
            print(f"  {path}  {mode.lower()} requests answered {status}: {count}")
