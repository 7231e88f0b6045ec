"""What every file of the project must be: at home on any machine, and small."""

from __future__ import annotations

import re
import subprocess

import pytest

# Written in pieces, so that this file does not find itself.
PLACES = (
    r"/wor" r"k/",
    r"\.\./sha" r"red",
    r"\bissue #" r"\d",
    r"\bsess" r"ions?\b",
    r"/ro" r"ot/",
    r"pypi\.or" r"g|pythonhost" r"ed",
)
LARGEST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def project_files(root):
    """Files that are or would be committed."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout, so there is no list of the project's files")
    paths = [root / line for line in listing.stdout.splitlines()]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("pattern", PLACES)
def test_no_file_names_the_place_where_it_was_written(project_files, root, pattern):
    found = []
    for path in project_files:
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:  # a picture or a data file
            continue
        names = enumerate(lines, start=1)
        found += [f"{path.relative_to(root)}:{n}" for n, line in names if re.search(pattern, line)]
    if "sess" in pattern:  # pytest's name for one run of the tests is a keyword
        found = [place for place in found if not place.startswith("tests/")]
    assert found == []


def test_no_file_is_larger_than_a_picture(project_files, root):
    large = {str(p.relative_to(root)): p.stat().st_size for p in project_files}
    assert {name: size for name, size in large.items() if size > LARGEST_BYTES} == {}


def test_versions_agree(root):
    import quantal

    pyproject = (root / "pyproject.toml").read_text("utf-8")
    assert f'version = "{quantal.__version__}"' in pyproject
    assert f"version: {quantal.__version__}" in (root / "CITATION.cff").read_text("utf-8")
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{quantal.__version__}]" in changelog


def test_continuous_integration_runs_the_test_command_and_nothing_else(root):
    lines = (root / ".ci" / "run").read_text("utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert len(commands) == 1
    assert commands[0].endswith("bash scripts/test")


def test_no_two_test_files_share_a_name(root):
    names = [path.name for path in (root / "tests").rglob("test_*.py")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
