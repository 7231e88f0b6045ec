"""What `mkdocs build` needs beside the folder docs: pages that stand elsewhere in the project.

The result tables, the changelog and the notes for contributors are pages of the site too. They are
taken from where they are, so that none exists twice, and links to them are led to the site's page.
A link to any other file of the project becomes the file's name: the site holds no source. A page
that would ask a network for a script, a font or a picture stops the build.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PAGES = {
    "benchmarks/RESULTS.md": "results.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
FIGURES = PurePosixPath("benchmarks/figures")
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)\s]+)\)")
ELSEWHERE = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"']?https?:[^>]*>"
)
FENCE = re.compile(r"^( {0,3}```.*?^ {0,3}```$)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages and figures that stand outside of docs."""
    root = PurePosixPath(config.config_file_path).parent
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(root / source)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead every link that leaves docs to the site's own page, figure or file name."""
    origin = {generated: source for source, generated in PAGES.items()}
    here = page.file.src_uri
    folder = posixpath.dirname(origin.get(here, f"docs/{here}"))

    def led(match: re.Match[str]) -> str:
        target, _, anchor = match["target"].partition("#")
        if not target or "://" in target:
            return match[0]
        place = posixpath.normpath(posixpath.join(folder, target))
        if place.startswith("docs/"):
            inside = place.removeprefix("docs/")
        elif place in PAGES:
            inside = PAGES[place]
        elif PurePosixPath(place).is_relative_to(FIGURES):
            inside = _figure(place, config, files)
        else:
            return f"`{place}`"
        link = posixpath.relpath(inside, posixpath.dirname(here) or ".")
        return f"{match['text']}({link}{'#' + anchor if anchor else ''})"

    parts = FENCE.split(markdown)
    return "".join(part if i % 2 else LINK.sub(led, part) for i, part in enumerate(parts))


def _figure(place: str, config: MkDocsConfig, files: Files) -> str:
    """Put a figure into the site, once, and return its place there."""
    inside = place.removeprefix("benchmarks/")
    if files.get_file_from_path(inside) is None:
        root = PurePosixPath(config.config_file_path).parent
        files.append(File.generated(config, inside, abs_src_path=str(root / place)))
    return inside


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001
    """Stop the build where a page would load anything from a network."""
    found = ELSEWHERE.search(output)
    if found:
        raise PluginError(f"{page.file.src_uri} loads from a network: {found[0]}")
    return output
