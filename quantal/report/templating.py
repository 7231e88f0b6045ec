"""From the figures of a report to one HTML file: templates with every value escaped."""

from __future__ import annotations

import re
from typing import Any

from ..errors import require_extra

# Control characters, and the marks by which a text could turn the direction of what surrounds it.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
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
    jinja2 = require_extra("jinja2", "report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    environment.filters.update(count=_count, percent=_percent, number=number)
    text: str = environment.get_template(name).render(**values)
    return text.encode()


def _cleaned(value: Any) -> Any:
    """Clean text before it is escaped; what a macro made is finished already."""
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _count(value: int) -> str:
    return f"{int(value):,}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def number(value: Any) -> str:
    """Return a number with about four figures."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
