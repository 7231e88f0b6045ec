from __future__ import annotations

import pytest

from quantal.errors import FileFormatError
from quantal.experiments import (
    CLUSTERING_RECORDS,
    list_recipes,
    readme_table,
    record_path,
    results_markdown,
    stale_tables,
    write_tables,
)

ROW = """title = "RIM"
method = "rim"
dataset = "digits"
n_clusters = 10
seeds = [0, 1, 2]
source = "Doe 2020, Table 2"
published = { mean = 0.6, std = 0.02, n = 12 }
bar = { within = 2 }
departures = ["Another optimiser."]
headline = true
"""
SWEEP = """title = "RIM"
method = "rim"
dataset = "digits"
n_clusters = 10
seeds = [0]
sweep = { parameter = "xi", values = [1.0, 2.0], panel = "4a", selected = 2.0 }
"""


@pytest.fixture
def bench(tmp_path):
    (tmp_path / "recipes" / "doe").mkdir(parents=True)
    (tmp_path / "recipes" / "doe" / "row.toml").write_text(ROW)
    return tmp_path


def tables(bench):
    return bench / "recipes", bench / "records"


def store(bench, record):
    CLUSTERING_RECORDS.save(record, record_path(record.recipe, bench / "records"))


def test_a_row_without_a_record_is_not_run(bench):
    text = results_markdown(*tables(bench))
    assert (
        "| `doe/row` | RIM | 60.0 (2.0) | - | ± 2 published std | not run | - | - | - | 1, 2 |"
        in text
    )
    assert "1. Published in Doe 2020, Table 2.\n2. Departure: Another optimiser.\n" in text


def test_a_row_prints_mean_deviation_n_verdict_and_median_seconds(bench, record_of):
    (recipe,) = list_recipes(bench / "recipes")
    store(bench, record_of(recipe, [0.58, 0.60, 0.62]))
    text = results_markdown(*tables(bench))
    assert (
        "| 60.0 (2.0) | 60.0 (2.0), n = 3 | ± 2 published std | reproduced | 50.0 | - | 3 |" in text
    )
    assert "- cpu a processor, torch 2: doe/row" in text


def test_nmi_stands_beside_the_papers_and_says_where_that_is_printed(bench, record_of):
    path = bench / "recipes" / "doe" / "row.toml"
    path.write_text(ROW + 'nmi = { mean = 0.55, source = "Roe 2021, Table 4" }\n')
    assert "| not run | - (55.0) | - |" in results_markdown(*tables(bench))
    (recipe,) = list_recipes(bench / "recipes")
    store(bench, record_of(recipe, [0.6, 0.6, 0.6]))
    text = results_markdown(*tables(bench))
    assert "| 50.0 (55.0) | - | 3 |" in text and "NMI published in Roe 2021, Table 4." in text


def test_a_missed_bar_says_by_how_much_and_why(bench, record_of):
    path = bench / "recipes" / "doe" / "row.toml"
    path.write_text(ROW + 'reason = "Their code is not public"\n')
    (recipe,) = list_recipes(bench / "recipes")
    store(bench, record_of(recipe, [0.5, 0.5, 0.5]))
    assert (
        "2. `doe/row` is not reproduced: 5.0 published deviations below, allowed 2. "
        "Reason: Their code is not public.\n"
    ) in results_markdown(*tables(bench))


def test_rows_share_the_number_of_a_shared_departure(bench):
    (bench / "recipes" / "doe" / "two.toml").write_text('extends = "row"\n')
    text = results_markdown(*tables(bench))
    assert text.count("Another optimiser") == 1


def test_a_sweep_shows_every_value_and_what_equation_21_selects(bench, record_of):
    (bench / "recipes" / "doe" / "sweep.toml").write_text(SWEEP)
    text = results_markdown(*tables(bench))
    assert "| digits | not run | not run |" in text and "selects nothing yet" in text
    recipe = next(r for r in list_recipes(bench / "recipes") if r.sweep)
    store(bench, record_of(recipe, [0.5, 0.4], values=[1.0, 2.0]))
    text = results_markdown(*tables(bench))
    assert "| data set | 1 | 2 |" in text and "| digits | 50.0 | 40.0 |" in text
    assert "Eq. 21 selects 1; the paper, on its own data sets, selects 2." in text


def test_a_sweep_has_a_table_for_every_measure(bench, record_of):
    values = '[{ update = "exact" }, { update = "alpha", alpha = 0.1 }]'
    text = SWEEP.partition("sweep")[0] + (
        f'sweep = {{ parameter = "update", values = {values}, panel = "Fig. 1", '
        'measures = ["nmi_geometric", "seconds"] }\n'
    )
    (bench / "recipes" / "doe" / "sweep.toml").write_text(text)
    recipe = next(r for r in list_recipes(bench / "recipes") if r.sweep)
    store(bench, record_of(recipe, [0.5, 0.4], values=list(recipe.sweep.values)))
    text = results_markdown(*tables(bench))
    assert "### Fig. 1: NMI by `update`\n\n| data set | exact | alpha 0.1 |" in text
    assert "### Fig. 1: seconds by `update`" in text and "| digits | 2 | 3 |" in text


def test_the_readme_shows_headlines_only(bench, record_of):
    (bench / "recipes" / "doe" / "two.toml").write_text('extends = "row"\nheadline = false\n')
    (recipe, _) = list_recipes(bench / "recipes")
    store(bench, record_of(recipe, [0.6, 0.6, 0.6]))
    lines = readme_table(*tables(bench)).splitlines()
    assert lines[2:] == ["| digits | RIM | 60.0 (2.0) | 60.0 (0.0), n = 3 | - | 3 |"]


def test_written_tables_are_fresh_until_something_changes(bench, record_of):
    readme, results = bench / "README.md", bench / "RESULTS.md"
    readme.write_text("# A\n<!-- results:begin -->\nold\n<!-- results:end -->\nB\n")
    paths = (*tables(bench), results, readme)
    assert len(stale_tables(*paths)) == 2
    write_tables(*paths)
    assert stale_tables(*paths) == []
    assert readme.read_text().startswith("# A\n<!-- results:begin -->\n| data set")
    assert readme.read_text().endswith("|\n<!-- results:end -->\nB\n")
    (recipe,) = list_recipes(bench / "recipes")
    store(bench, record_of(recipe, [0.6, 0.6, 0.6]))
    assert [s.split(" is out of date")[0] for s in stale_tables(*paths)] == [
        str(results),
        str(readme),
    ]


def test_a_readme_without_markers_is_refused(bench):
    (bench / "README.md").write_text("# A\n")
    with pytest.raises(FileFormatError, match="must hold one <!-- results:begin -->"):
        write_tables(*tables(bench), bench / "RESULTS.md", bench / "README.md")
