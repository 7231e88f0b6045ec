"""``--set name=value``: what a user types becomes the value of a parameter."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ParameterError

WORDS: dict[str, Any] = {"none": None, "null": None, "true": True, "false": False}


def parse_settings(settings: Iterable[str], options: Mapping[str, str]) -> dict[str, Any]:
    """Turn "name=value" strings into parameters.

    Args:
        settings: as typed.
        options: parameters that have an option of their own, and that option.

    Raises:
        ParameterError: Without "=", given twice, or set by an option.
    """
    parameters: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise ParameterError(
                f"--set wants name=value, got {setting!r}. For example: --set alpha=0.25"
            )
        if name in options:
            raise ParameterError(f"--set {name} has an option of its own: use {options[name]}.")
        if name in parameters:
            raise ParameterError(f"--set {name} was given twice. Keep one of them.")
        parameters[name] = parse_value(text)
    return parameters


def parse_value(text: str) -> Any:
    """Return the value that ``text`` means: a TOML value, none, true, a tuple, else a string.

    Examples:
        >>> parse_value("(256, 256)"), parse_value("1e-3"), parse_value("none"), parse_value("vat")
        ([256, 256], 0.001, None, 'vat')
        >>> parse_value("256,256"), parse_value("stepped,100,0.5")
        ([256, 256], ['stepped', 100, 0.5])
    """
    text = text.strip()
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if text.startswith("(") and text.endswith(")"):
        text = f"[{text[1:-1]}]"
    for form in (text, f"[{text}]") if "," in text else (text,):  # 256,256 is a list too
        try:
            return tomllib.loads(f"value = {form}")["value"] if "\n" not in text else text
        except tomllib.TOMLDecodeError:
            continue
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "," in inner and not set(inner) & set("[]{}()\"'\n"):
        return [parse_value(part) for part in inner.rstrip(", ").split(",")]  # a list with words
    return text
