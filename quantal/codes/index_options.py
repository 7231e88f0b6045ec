"""Options of an index: their defaults and ranges, and the one check of what is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError, require_choice, require_range, suggestion

MOST = 2**31 - 1  # what the libraries count with


@dataclass(frozen=True)
class Option:
    """An option that is a whole number.

    Attributes:
        default: Its value where none is given.
        low: Least value with which the library works.
        high: Greatest.
    """

    default: int
    low: int = 1
    high: int = MOST


Options = Mapping[str, Option | bool]
"""Options by name; a truth value stands for itself as the default."""
Rule = Callable[[Mapping[str, int | bool], int], None]
"""(options, bits of a code): raises ParameterError where options do not go together."""


def no_rule(_options: Mapping[str, int | bool], _n_bits: int) -> None:
    """Allow everything."""


def checked_options(
    known: Options,
    rule: Rule,
    given: Mapping[str, Any],
    n_bits: int,
    index: str,
    others: tuple[str, ...] = (),
) -> dict[str, int | bool]:
    """Return all options, with those given put in.

    Args:
        known: the options of the index.
        rule: which values go together.
        given: values by name.
        n_bits: width of the codes.
        index: what messages call the index.
        others: what messages list as options too.

    Raises:
        ParameterError: An unknown option, or a value that is not allowed.
    """
    for name in given:
        if name not in known:
            listed = ", ".join([*others, *known]) or "none"
            raise ParameterError(
                f"{name!r} is no option of {index}, which has: {listed}.{suggestion(name, known)}"
            )
    options: dict[str, int | bool] = {}
    for name, option in known.items():
        if isinstance(option, bool):
            options[name] = given.get(name, option)
            require_choice(name, options[name], (True, False))
            continue
        value = given.get(name, option.default)
        try:
            require_range(name, value, low=option.low, high=option.high, integer=True)
        except ParameterError:
            raise ParameterError(
                f"{name} must be an integer from {option.low:,} to {option.high:,}, got {value!r}."
            ) from None
        options[name] = int(value)
    rule(options, n_bits)
    return options
