"""From figures to HTML: templates with every value escaped."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import require_extra

# Control characters, and the marks by which a text could turn the direction of what surrounds it.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
FOLDER = Path(__file__).parent / "templates"
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain(text: Any) -> str:
    """Return text without characters that a page cannot hold or that would disturb others."""
    return _SURROGATE.sub("\ufffd", _UNPRINTABLE.sub("\ufffd", str(text)))


def render(name: str, **values: Any) -> bytes:
    """Fill a template of this package.

    Args:
        name: its file name.
        **values: what it speaks of; text is escaped by the template engine.

    Returns:
        UTF-8.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    text: str = environment(FOLDER, "report").get_template(name).render(**values)
    return text.encode()


@cache
def environment(folder: Path, extra: str) -> Any:
    """Return what fills the templates of a folder.

    Args:
        folder: where the templates are.
        extra: of quantal that needs them.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    jinja2 = require_extra("jinja2", extra)
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    made.filters.update(count=_count, percent=_percent, plural=_plural, number=number)
    return made


def _cleaned(value: Any) -> Any:
    """Clean text before it is escaped; what a macro made is finished already."""
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _count(value: int) -> str:
    return f"{int(value):,}"


def _percent(share: float) -> str:
    """Return a share as a percentage; nothing but all is 100 %, nothing but none 0 %."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 99.95 or share >= 1 else "> 99.9 %"


def _plural(value: int, word: str) -> str:
    return f"{int(value):,} {word}" if value == 1 else f"{int(value):,} {word}s"


def number(value: Any) -> str:
    """Return a number with about four figures."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
