"""Rows from JSON: ``{"rows": [[...], ...]}``, or ``{"texts": [...]}`` for a model of texts."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from .problems import Problem, shortened
from .row_form import RowForm

MOST_AXES = 4  # (n, h, w, colours)
NUMBERS = {int, float}  # and no bool, which Python counts among the integers


def read_json_rows(body: bytes, form: RowForm) -> Any:
    """Return the rows as an array, or the texts as a list.

    Args:
        body: what came.
        form: what is allowed.

    Raises:
        Problem: 400, not JSON; 422, something else in it, or too many rows.
    """
    try:
        value = from_json(body)  # nan and infinity too: the model's own check says where they are
    except (ValueError, RecursionError) as error:
        raise Problem(
            400, f"The body is not JSON: {error}. Send {_expected(form)} as UTF-8."
        ) from None
    [name, given] = _only_entry(value, form)
    if not isinstance(given, list):
        raise Problem(422, f"{name} must be a list, got {_named(given)}. Send {_expected(form)}.")
    form.require_count(len(given))
    return _texts(given) if name == "texts" else _numbers(given, form)


def _expected(form: RowForm) -> str:
    numbers = "[[0.5, 1.5, ...], ...]"
    rows = f'{{"rows": {numbers}}} with {form.n_features} numbers a row'
    return f'{{"texts": ["...", ...]}} or {rows}' if form.takes_text else rows


def _only_entry(value: Any, form: RowForm) -> tuple[str, Any]:
    names = {"rows", "texts"} if form.takes_text else {"rows"}
    if not isinstance(value, dict):
        raise Problem(422, f"The body is {_named(value)}. Send {_expected(form)}.")
    if len(value) != 1 or not names >= value.keys():
        given = shortened(", ".join(map(str, value))) if value else "nothing"
        raise Problem(422, f"The body's object holds {given}. Send {_expected(form)}.")
    return next(iter(value.items()))


def _texts(given: list[Any]) -> list[str]:
    if set(map(type, given)) <= {str}:
        return given
    wrong = next(i for i, text in enumerate(given) if type(text) is not str)
    raise Problem(422, f"texts[{wrong}] is {_named(given[wrong])}, and must be a string.")


def _numbers(given: list[Any], form: RowForm) -> NDArray[Any]:
    """Nested lists -> array, with no guess at what is not a number."""
    if not given:
        return np.empty((0, form.n_features))
    shape, level = [len(given)], given
    while set(map(type, level)) == {list}:
        widths = set(map(len, level))
        if len(shape) == MOST_AXES or len(widths) > 1:
            raise Problem(422, _uneven(level, shape, form))
        shape.append(widths.pop())
        level = list(chain.from_iterable(level))
    kinds = set(map(type, level))
    if not kinds <= NUMBERS:
        raise Problem(422, _not_numbers(level, shape))
    return _as_array(level, integers=kinds == {int}).reshape(shape)


def _as_array(values: list[Any], *, integers: bool) -> NDArray[Any]:
    if integers:
        try:
            return np.array(values, np.int64)
        except OverflowError:  # still a float64, perhaps
            pass
    try:
        return np.array(values, np.float64)
    except OverflowError:
        raise Problem(
            422, "rows holds an integer that no float64 can hold. Scale the column."
        ) from None


def _uneven(level: list[list[Any]], shape: list[int], form: RowForm) -> str:
    if len(shape) == MOST_AXES:
        return f"rows is nested more than {MOST_AXES} deep. Send {_expected(form)}."
    other = next(i for i, part in enumerate(level) if len(part) != len(level[0]))
    return (
        f"{_place(other, shape)} holds {len(level[other])} values and {_place(0, shape)} holds "
        f"{len(level[0])}; all rows must be of one width. Send {_expected(form)}."
    )


def _not_numbers(level: list[Any], shape: list[int]) -> str:
    wrong = next(i for i, value in enumerate(level) if type(value) not in NUMBERS)
    kind = _named(level[wrong])
    return f"{_place(wrong, shape)} is {kind}, and must be a number, as must all beside it."


def _place(position: int, shape: list[int]) -> str:
    return "rows" + "".join(f"[{int(i)}]" for i in np.unravel_index(position, shape))


def _named(value: Any) -> str:
    names = {dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value)) or shortened(value)
