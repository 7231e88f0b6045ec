"""Whole numbers in the query of an address: what is allowed, and reading them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from ..errors import suggestion
from .problems import Problem, shortened

_WHOLE = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class QueryOption:
    """A whole number that a client may choose.

    Attributes:
        name: What it is called in the address.
        low: Smallest allowed.
        high: Largest allowed.
        default: What it is if it is not given.
        meaning: One sentence for the description of the interface.
    """

    name: str
    low: int
    high: int
    default: int
    meaning: str

    def described(self) -> dict[str, Any]:
        """Return it as OpenAPI describes a parameter."""
        bounds = {"minimum": self.low, "maximum": self.high, "default": self.default}
        return {
            "name": self.name,
            "in": "query",
            "required": False,
            "description": self.meaning,
            "schema": {"type": "integer", **bounds},
        }

    def read(self, given: Sequence[str]) -> int:
        """Return the value of what stands in the address, which may be nothing.

        Raises:
            Problem: 422, no whole number in the range, or more than one.
        """
        if not given:
            return self.default
        if len(given) == 1 and _WHOLE.fullmatch(given[0]):
            value = int(given[0])
            if self.low <= value <= self.high:
                return value
        raise Problem(
            422,
            f"{self.name} must be one whole number from {self.low} to {self.high}, got "
            f"{shortened(', '.join(given))}.",
        )


def read_options(query: QueryParams, options: Sequence[QueryOption]) -> dict[str, int]:
    """Return the value of every option.

    Raises:
        Problem: 422, a value that is not allowed, or a name that is none of the options.
    """
    known = [option.name for option in options]
    for name in query:
        if name not in known:
            allowed = f"There is {', '.join(known)}." if known else "There is none."
            raise Problem(
                422, f"Unknown option {shortened(name)}. {allowed}{suggestion(name, known)}"
            )
    return {option.name: option.read(query.getlist(option.name)) for option in options}
