"""Everything quantal raises or warns of, and the checks that raise it.

    QuantalError
    ├── DataError            (also ValueError)    the data cannot be used as they are
    ├── ParameterError       (also ValueError)    a parameter has a value that is not allowed
    ├── FileFormatError      (also ValueError)    a data or model file is damaged
    ├── TrainingError        (also RuntimeError)  training cannot go on
    │   ├── NonFiniteLossError                    a loss term became nan or infinite
    │   └── LostProcessError                      one of several processes of a fit ended early
    └── MissingExtraError    (also ImportError)   an optional dependency is not installed

    QuantalWarning           (UserWarning)
    ├── CollapseWarning                           clusters died, sizes are far off, bits are dead
    └── ScaleWarning                              columns differ too much in scale

Every message says what came, what is allowed and what to do.
"""

from __future__ import annotations

import difflib
import importlib
import math
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


class QuantalError(Exception):
    """Base class of every error that quantal raises on purpose."""


class DataError(QuantalError, ValueError):
    """The data cannot be used as they are."""


class ParameterError(QuantalError, ValueError):
    """A parameter has a value that is not allowed."""


class FileFormatError(QuantalError, ValueError):
    """A data or model file is damaged, truncated or lies about itself."""


class TrainingError(QuantalError, RuntimeError):
    """Training cannot go on."""


class NonFiniteLossError(TrainingError):
    """A loss term became nan or infinite."""


class LostProcessError(TrainingError):
    """One of several processes of a fit ended early.

    Args:
        message: the text.
        is_speaker: whether this process is the one to tell the user, of those that noticed.
    """

    def __init__(self, message: str, *, is_speaker: bool = True) -> None:
        super().__init__(message)
        self.is_speaker = is_speaker


class MissingExtraError(QuantalError, ImportError):
    """An optional dependency is not installed."""


class QuantalWarning(UserWarning):
    """Base class of every warning that quantal gives."""


class CollapseWarning(QuantalWarning):
    """Clusters died, the marginal entropy is below its bound, or bits are constant or undecided."""


class ScaleWarning(QuantalWarning):
    """The columns' units make the result hard to interpret."""


def require_range(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    integer: bool = False,
    infinite: bool = False,
) -> None:
    """Raise ParameterError unless ``value`` is a finite number in [low, high].

    Args:
        name: what the message calls the value.
        value: anything; booleans and text are refused.
        low: smallest allowed number.
        high: largest allowed number.
        low_open: exclude ``low`` itself.
        integer: allow whole numbers only.
        infinite: allow infinity too, where ``low`` and ``high`` do.
    """
    wanted = "an integer" if integer else "a number"
    opening = "(" if low_open or (low == -math.inf and not infinite) else "["
    closing = ")" if high == math.inf and not infinite else "]"
    allowed = f"{name} must be {wanted} in {opening}{low:g}, {high:g}{closing}"
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{allowed}, got {value!r}.") from None
    not_a_number = isinstance(value, bool | str)  # "3" would pass here and break later
    inside = (low < number if low_open else low <= number) and number <= high
    reachable = infinite or math.isfinite(number)
    if not_a_number or not inside or not reachable or (integer and not number.is_integer()):
        raise ParameterError(f"{allowed}, got {value!r}.")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the closest known name, or an empty string.

    Args:
        name: what was given.
        known: what is allowed.
    """
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def require_choice(name: str, value: Any, allowed: Iterable[Any]) -> None:
    """Raise ParameterError unless ``value`` is one of ``allowed``.

    Args:
        name: what the message calls the value.
        value: anything.
        allowed: the choices, listed in the message.
    """
    choices = list(allowed)
    if not any(value is choice or value == choice for choice in choices):
        listed = ", ".join(repr(choice) for choice in choices)
        hint = suggestion(value, [c for c in choices if isinstance(c, str)])
        raise ParameterError(f"{name} must be one of {listed}, got {value!r}.{hint}")


def require_probabilities(p: Tensor, name: str) -> None:
    """Raise DataError unless ``p`` has shape (n, k) and rows that sum to 1.

    Args:
        p: what should be probabilities.
        name: what the message calls it.
    """
    if p.ndim != 2:
        raise DataError(f"{name} must have shape (n_samples, n_clusters), got {tuple(p.shape)}.")
    if len(p) == 0:
        raise DataError(f"{name} has no rows; pass at least one.")
    off = (p.detach().sum(1) - 1).abs().max().item()
    lowest = p.detach().min().item()
    if not (off <= 1e-4 and lowest >= 0):  # "not <=" also catches nan
        raise DataError(
            f"{name} rows must be probabilities that sum to 1, but one sum is off by {off:.3g} "
            f"and the smallest entry is {lowest:.3g}. "
            f"Pass {name}.softmax(dim=1) if these are logits."
        )


def require_extra(module: str, extra: str) -> ModuleType:
    """Import an optional module, or say which command installs it.

    Args:
        module: its import name.
        extra: the extra of this package that brings it.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(
            f"This needs {module}, which is not installed. Run: pip install 'quantal[{extra}]'"
        ) from None
