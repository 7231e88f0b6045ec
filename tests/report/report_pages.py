"""A report's page as a test reads it: what it refers to, its tables, its text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

LOADING = ("src", "href", "action", "data", "poster", "srcset", "xlink:href", "background")
VOID = {"meta", "img", "br", "path", "rect", "polyline", "link", "input"}


class Page(HTMLParser):
    """The elements of a page.

    Attributes:
        elements: Tag and attributes of each, in order.
        rows: Texts of the cells of each table row.
        words: All text outside of styles, joined.
        open_tags: Elements that were never closed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text("utf-8")
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[str]] = []
        self.open_tags: list[str] = []
        self._texts: list[str] = []
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if "style" in self.open_tags:
            return
        self._texts.append(data)
        if {"td", "th"} & set(self.open_tags) and self.rows:
            self.rows[-1][-1] += data

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._texts).split())

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def table(self, first: str) -> list[list[str]]:
        """Rows, stripped, of the table whose heading starts with ``first``, without the heading."""
        rows = [[cell.strip() for cell in row] for row in self.rows]
        start = next(i for i, row in enumerate(rows) if row and row[0] == first)
        width = len(rows[start])
        found = []
        for row in rows[start + 1 :]:
            if len(row) != width:
                break
            found.append(row)
        return found

    def loaded(self) -> list[str]:
        """Whatever a reader of the page would have to fetch: not data, and not on the page."""
        places = [
            value
            for _, attributes in self.elements
            for name, value in attributes.items()
            if name in LOADING and not value.startswith(("data:image/", "#"))
        ]
        return places + re.findall(r"url\([^)]*\)|@import[^;]*", self.source)
