"""How the compiled code of this unit is made. Importing this module loads numba.

Numba's cache on disk does not notice a change of a function in another file: after one, save the
files that call it as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on first use, keep the result on disk, run without the interpreter's lock."""
    # NumPy's division: no code for an error at every division, which compiling would pay for.
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
