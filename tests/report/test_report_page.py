"""What one page says: figures that can be counted by hand, escaping, samples, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from report_pages import Page
from sklearn.datasets import load_digits

import quantal
from quantal.clustering import IMSAT, RIM, GraphDegreeLinkage
from quantal.data import open_source
from quantal.errors import DataError, MissingExtraError, ParameterError, QuantalWarning
from quantal.hashing import ITQ, RandomHyperplaneHashing
from quantal.report import run_facts, write_report

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}\u202eabc\x00\ud800"


@pytest.fixture(scope="module")
def blobs():
    """Three groups of 50, 30 and 20 rows, far apart, and the group of each row."""
    generator = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], [50, 30, 20])
    centers = np.array([[0, 0, 0], [20, 0, 0], [0, 20, 0]])
    return (centers[truth] + generator.normal(size=(100, 3))).astype(np.float32), truth


@pytest.fixture(scope="module")
def linkage(blobs):
    return GraphDegreeLinkage(3, n_neighbors=5).fit(blobs[0])


@pytest.fixture
def page_of(tmp_path):
    def write(model, *arguments, **options):
        return Page(write_report(model, tmp_path / "page.html", *arguments, **options))

    return write


def test_sizes_and_shares_are_those_of_the_rows(page_of, linkage, blobs):
    rows = page_of(linkage, blobs[0]).table("cluster")
    assert [(r[0], r[2], r[3], r[4]) for r in rows] == [
        ("0", "50", "50.0 %", "33.3 %"),
        ("1", "30", "30.0 %", "33.3 %"),
        ("2", "20", "20.0 %", "33.3 %"),
    ]


def test_the_matched_confusion_has_the_pairs_on_its_diagonal(page_of, linkage, blobs):
    names = np.array(["c", "a", "b"])[blobs[1]]
    names[:4] = "b"
    page = page_of(linkage, blobs[0], truth=names)
    # classes a, b, c; clusters 1, 2, 0 are paired with them
    rows = [row for row in page.rows if row and row[0].startswith("cluster ")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["cluster 1", "30", "·", "·"],
        ["cluster 2", "·", "20", "·"],
        ["cluster 0", "·", "4", "46"],
    ]
    assert ["accuracy (Hungarian)", "0.9600"] in [row[:2] for row in page.rows]
    assert page.source.count("<td class=paired") == 3


def test_a_prior_is_drawn_and_other_methods_are_said_to_have_none(page_of, linkage, blobs):
    told = RIM(3, n_epochs=1, n_init=1, random_state=0).fit(blobs[0])
    told.set_params(prior=[0.5, 0.3, 0.2])  # a fit that reaches it takes seconds
    page = page_of(told, blobs[0])
    assert "the share that the prior expects" in page.words
    assert [row[4] for row in page.table("cluster")] == ["50.0 %", "30.0 %", "20.0 %"]
    assert "this method was given no prior" in page_of(linkage, blobs[0]).words


def test_every_term_of_the_history_has_a_curve(page_of, blobs):
    model = IMSAT(3, hidden_layer_sizes=(8,), n_epochs=3, n_init=1, random_state=0).fit(blobs[0])
    page = page_of(model)
    labels = [a["aria-label"] for tag, a in page.elements if tag == "svg"]
    for name, values in model.history_.items():
        expected = f"{name} by epoch: from {values[0]:.4g} to {values[-1]:.4g}"
        assert expected in labels
    assert page.source.index("total by epoch") < page.source.index("vat by epoch")


def test_a_hostile_text_name_or_class_is_text(page_of, tmp_path, blobs):
    documents = [f"{HOSTILE} apples pears number{i % 5}" for i in range(20)]
    documents += [f"stars planets moon{i % 5} {HOSTILE}" for i in range(20)]
    lines = [{"id": f"{HOSTILE}{i}", "text": text} for i, text in enumerate(documents)]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, lines)))
    model = RIM(2, n_epochs=3, n_init=1, random_state=0).fit(str(tmp_path / "d.jsonl"))
    page = page_of(model, str(tmp_path / "d.jsonl"), truth=[HOSTILE, "b"] * 20)
    assert "<script>alert(1)</script>" in page.words  # as text that a person reads
    assert page.tags & {"script", "iframe", "object", "embed", "form", "link"} == set()
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    assert page.loaded() == []
    assert not set("\x00\u202e\ud800") & set(page.source)
    assert "{{7*7}}" in page.words
    assert "default-src 'none'" in page.source


def test_a_hostile_column_name_is_text(page_of, tmp_path, blobs):
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = '"><script>alert(1)</script>'
    table = pa.table({name: blobs[0][:, 0], "b": blobs[0][:, 1]})
    pq.write_table(table, tmp_path / "t.parquet")
    model = GraphDegreeLinkage(3, n_neighbors=5).fit(open_source(tmp_path / "t.parquet"))
    page = page_of(model, str(tmp_path / "t.parquet"))
    assert "script" not in page.tags
    assert name in page.words


def test_texts_are_shown_with_the_strongest_words(page_of):
    texts = [f"apples pears plums {word}" for word in ["red", "ripe", "sweet", "green", "soft"]] * 4
    texts += [f"stars planets moons {word}" for word in ["far", "bright", "cold", "dim", "hot"]] * 4
    model = RIM(2, n_epochs=60, n_init=1, random_state=0).fit(texts)
    page = page_of(model, texts)
    [fruit, sky] = sorted(
        (card.partition("Most typical")[0] for card in page.source.split("<article")[1:]),
        key=lambda card: "apples" not in card,
    )
    assert all(f"<li>{w}</li>" in fruit for w in ("apples", "pears", "plums"))
    assert all(f"<li>{w}</li>" in sky for w in ("stars", "planets", "moons"))
    assert "stars" not in fruit


def test_images_are_shown_as_images_with_alt_texts(page_of):
    images = load_digits().images[:60].astype(np.uint8)
    model = IMSAT(3, hidden_layer_sizes=(8,), n_epochs=2, n_init=1, random_state=0).fit(images)
    page = page_of(model, images)
    pictures = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(pictures) >= 20
    assert all(a["alt"] and a["src"].startswith("data:image/png;base64,") for a in pictures)
    assert [a for tag, a in page.elements if tag == "svg" and not a.get("aria-label")] == []


def test_pictures_of_features_are_shown(page_of):
    images = load_digits().images[:40].astype(np.uint8)
    features = images.reshape(40, -1)[:, 8:40].astype(np.float32)
    model = ITQ(8, random_state=0).fit(features)
    page = page_of(model, features, pictures=images)
    assert sum(tag == "img" for tag, _ in page.elements) == 6 * 9
    with pytest.raises(DataError, match=r"pictures has 39 images, but .* has 40 rows"):
        page_of(model, features, pictures=images[:39])


def test_the_same_seed_gives_the_same_file_and_global_randomness_stays(tmp_path, linkage, blobs):
    before = np.random.get_state()[1].copy()
    files = [write_report(linkage, tmp_path / f"{i}.html", blobs[0], seed=3) for i in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_a_memory_map_is_read_in_blocks_and_its_maps_are_samples(page_of, tmp_path, monkeypatch):
    from quantal.report import shown_rows

    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(5000, 4)).astype("f4"))
    rows = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = RIM(3, n_epochs=1, n_init=1, random_state=0).fit(rows[:500])
    monkeypatch.setattr(shown_rows, "BLOCK_BYTES", 1 << 16)
    told = []
    page = page_of(model, rows, on_rows=lambda *report: told.append(report))
    assert told[0] == ("labelling", 1024, 5000)
    assert told[-1] == ("labelling", 5000, 5000)
    assert "3,000 of 5,000 rows" in page.words
    assert "These are not the rows of the fit" in page.words
    sizes = np.bincount(model.predict(rows), minlength=3)
    assert [row[2] for row in page.table("cluster")] == [f"{size:,}" for size in sizes]


def test_many_clusters_are_summed_up(page_of):
    rows = np.repeat(np.arange(70.0), 3)[:, None] * [1.0, 0.5] + [[0.0, 0.0]]
    rows = rows + np.random.default_rng(0).normal(scale=0.01, size=rows.shape)
    model = GraphDegreeLinkage(70, n_neighbors=2).fit(rows)
    page = page_of(model, rows, truth=np.arange(210) // 3)
    assert len(page.table("cluster")) == 60
    assert "10 smaller clusters of at most" in page.words
    assert "The 24 largest clusters are shown; 46 smaller ones are not." in page.words
    assert "70 clusters from top to bottom, 70 classes from left to right" in page.words


def test_a_dead_cluster_is_a_warning_with_its_remedy(page_of, blobs):
    model = RIM(3, n_epochs=2, n_init=1, random_state=0).fit(blobs[0])
    group = blobs[0][model.labels_ == 0]
    page = page_of(model, np.concatenate([group[:1], group]))
    assert "2 of 3 clusters hold fewer rows than a tenth of their expected share" in page.words
    assert "Ask for fewer clusters, raise balance" in page.words


def test_constant_bits_are_counted_and_named(page_of):
    rows = np.random.default_rng(0).normal(size=(200, 6))
    model = RandomHyperplaneHashing(8, random_state=0).fit(rows)
    page = page_of(model, rows + 1000 * np.abs(rows[:1]))
    constant = int(page.words.partition(" of 8 bits are constant")[0].rsplit(" ", 1)[1])
    bits = model.transform(rows + 1000 * np.abs(rows[:1])).mean(axis=0)
    assert constant == ((bits < 0.02) | (bits > 0.98)).sum() > 0
    assert f"constant bits {constant} of 8" in page.words


def test_the_run_is_described_from_the_folder(page_of, tmp_path, blobs):
    model = RIM(3, n_epochs=2, n_init=1, random_state=5).fit(blobs[0])
    model.fit_seconds_ = 12.5
    model.save(tmp_path / "model")
    page = page_of(tmp_path / "model")
    facts = {row[0]: row[1].strip() for row in page.rows if len(row) == 2}
    assert facts["Saved by"] == f"quantal {quantal.__version__}"
    assert facts["Fit took"] == "12.5 s"
    assert facts["Fitted on"] == "100 x 3 numbers of type float32"
    assert facts["Fingerprint of these rows"] == model.data_["sha256_of_rows"]
    assert "<strong>random_state</strong> <code>5</code>" in page.source
    assert "<span>balance</span> <code>1.0</code>" in page.source


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("page.txt",), {}, r"the ending of a report must be one of '\.html', '\.htm'"),
        (("page.html",), {"truth": [1]}, "truth and pictures belong to rows, and no data"),
        (("page.html",), {"seed": -1}, "seed must be an integer"),
    ],
)
def test_wrong_calls_are_refused_before_anything_is_written(
    linkage, tmp_path, arguments, options, message
):
    with pytest.raises(ParameterError, match=message):
        write_report(linkage, tmp_path / arguments[0], **options)
    assert not list(tmp_path.iterdir())


def test_something_else_than_a_model_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="a fitted estimator of quantal or its folder"):
        write_report(object(), tmp_path / "page.html")


def test_rows_and_truth_must_fit(linkage, blobs, tmp_path):
    with pytest.raises(DataError, match="has 2 columns, but the model was fitted on 3"):
        write_report(linkage, tmp_path / "page.html", blobs[0][:, :2])
    with pytest.raises(DataError, match=r"one label for each of the 100 rows, got .*99"):
        write_report(linkage, tmp_path / "page.html", blobs[0], truth=blobs[1][:99])


def test_a_missing_jinja2_is_one_line(linkage, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'quantal\[report\]'"):
        write_report(linkage, tmp_path / "page.html")


def test_no_template_switches_escaping_off(root):
    for template in (root / "quantal" / "report" / "templates").iterdir():
        text = template.read_text("utf-8")
        assert "safe" not in text.replace("unsafe-inline", ""), template
        assert "autoescape" not in text


def test_warnings_are_not_raised_by_a_page(page_of, linkage, blobs, recwarn):
    page_of(linkage, blobs[0])
    assert not [w for w in recwarn if issubclass(w.category, QuantalWarning)]


@pytest.mark.parametrize("values", [[10**400, 1], [float("nan")], []])
def test_a_history_that_cannot_be_drawn_is_no_series(values):
    assert not run_facts._is_series(values)
