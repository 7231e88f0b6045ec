"""Documentation that can be wrong is run: examples, links, commands, tables."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RUN = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("start", "hashing", "extend")),
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


def page_name(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(autouse=True)
def _few_epochs(monkeypatch):
    """Train as little as possible: these tests are about names, shapes and files."""
    defaults = importlib.import_module("quantal.estimators.defaults")
    monkeypatch.setattr(defaults, "n_epochs", lambda *_: 2)
    monkeypatch.setattr(defaults, "n_init", lambda *_: 1)


@pytest.mark.parametrize("page", RUN, ids=page_name)
def test_python_examples_run_as_they_stand(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == "python"]
    assert blocks, f"{page.name} has no example"
    names = {}
    for text in blocks:
        code = compile(text, page_name(page), "exec")
        exec(code, names)


def modules_with_examples():
    paths = [p for p in sorted((ROOT / "quantal").rglob("*.py")) if ">>>" in p.read_text("utf-8")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0
    assert found.attempted > 0


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_within_the_project_lead_somewhere(page):
    text = BLOCK.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            path = page.parent / target.partition("#")[0]
            assert path.exists(), f"{page_name(page)} links to {target}"


def shell_lines():
    """Every call of quantal in an example, with the page that holds it."""
    for page in PAGES:
        text = page.read_text("utf-8")
        blocks = [body for kind, body in BLOCK.findall(text) if kind in {"bash", "sh", "console"}]
        indented = [line for line in BLOCK.sub("", text).splitlines() if line.startswith("    ")]
        for line in [*"\n".join(blocks).splitlines(), *indented]:
            call = re.sub(r"^\s*(\.venv/bin/)?", "", line).partition("#")[0]
            if call.startswith("quantal ") and "<" not in call:
                yield page_name(page), call.strip()


@pytest.mark.parametrize(("page", "line"), sorted(set(shell_lines())))
def test_commands_in_the_documentation_exist_with_their_options(page, line):
    from quantal.cli import app

    command = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while hasattr(command, "commands"):
        assert words and words[0] in command.commands, f"{page}: {line}"
        command = command.commands[words.pop(0)]
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    known |= {"--help", "-h", "--debug"}
    used = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert used <= known, f"{page}: {line}"


def test_the_readme_says_what_it_must(root):
    text = (root / "README.md").read_text("utf-8")
    for needed in ("bash scripts/run", "bash scripts/test", "docs/images/", "LICENSE"):
        assert needed in text
    [python] = [body for kind, body in BLOCK.findall(text) if kind == "python"]
    [shell] = [body for kind, body in BLOCK.findall(text) if kind == "bash"]
    assert len(python.split("\n")) <= 11
    assert len(shell.split("\n")) <= 11


def test_the_reference_lists_its_pages(root):
    index = (root / "docs" / "index.md").read_text("utf-8")
    pages = [p for p in (root / "docs").rglob("*.md") if p.name != "index.md"]
    missing = [str(p.relative_to(root / "docs")) for p in pages]
    assert [name for name in missing if f"({name})" not in index] == []


def test_every_parameter_of_a_method_is_explained_in_its_docstring():
    from quantal.catalog import METHODS

    for method in METHODS.values():
        explained = set(re.findall(r"^ {4,8}(\w+): ", method.__doc__, re.MULTILINE))
        assert set(method._get_param_names()) <= explained, method
