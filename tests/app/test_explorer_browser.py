"""A person's whole path through the explorer, in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest
import uvicorn
from PIL import Image
from sklearn.datasets import load_digits

from quantal.app import create_app
from quantal.clustering import RIM
from quantal.data import Dataset

playwright = pytest.importorskip("playwright.sync_api")
PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 850}
PATIENCE = 60_000  # milliseconds: the machine may be busy

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")


def browsers():
    """Executables to try, playwright's own as None."""
    named = os.environ.get("QUANTAL_CHROMIUM")
    if named:
        return [named]
    return [
        None,
        *filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    ]


@pytest.fixture(scope="module")
def browser():
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        tried = []
        for executable in browsers():
            try:
                opened = driver.chromium.launch(
                    executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
                )
            except playwright.Error as error:
                tried.append(
                    f"{executable or 'the one of playwright'}: {str(error).splitlines()[0]}"
                )
                continue
            yield opened
            opened.close()
            return
    pytest.skip(f"no browser: set QUANTAL_CHROMIUM to a Chromium. Tried {'; '.join(tried)}")


@pytest.fixture(scope="module")
def model_and_data():
    data = Dataset(load_digits().images.astype(np.uint8)[:500] * 15, "digits", "images")
    model = RIM(n_clusters=8, n_epochs=40, n_init=1, random_state=0).fit(data)
    return model, data


@contextmanager
def serving(model_and_data, edits):
    """Serve the whole application on a free port; yield its address."""
    model, data = model_and_data
    app = create_app(model, data=data, edits=edits)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def shots(tmp_path):
    """Where pictures of pages go: QUANTAL_SCREENSHOTS, or a temporary folder."""
    folder = Path(os.environ.get("QUANTAL_SCREENSHOTS", tmp_path / "shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def tab(browser):
    """Return a function that opens a page which must not complain, with scripts or without."""
    complaints, contexts = [], []

    def open_tab(**options):
        context = browser.new_context(viewport=DESK, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("response", lambda r: complaints.append(r.url) if r.status >= 400 else None)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []


def expect(place):
    return playwright.expect(place)


def check(page, what):
    expect(page.locator("#status")).to_have_text(f"Last edit: {what}.")


def look_through(page, size):
    """Open a cluster, and more of its members on the same page."""
    page.get_by_role("link", name="Cluster 0", exact=True).click()
    expect(page.locator("#members > li")).to_have_count(48)
    page.get_by_role("button", name="Show more here").click()
    expect(page.locator("#members > li")).to_have_count(min(96, size))


def find_one(page):
    expect(page.locator("h1")).to_have_text("8 clusters")
    page.get_by_label("Find").fill("cluster 5")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"find=cluster"))


def merge_two(page):
    page.get_by_role("link", name="Clusters", exact=True).first.click()
    page.get_by_label("Choose Cluster 6").check()
    page.get_by_label("Choose Cluster 7").check()
    expect(page.get_by_text("2 clusters chosen")).to_be_visible()
    page.get_by_role("button", name="Merge", exact=True).click()
    check(page, "Merged Cluster 7 into Cluster 6")
    expect(page.locator("h1")).to_have_text("7 clusters")


def name_split_and_put_aside(page):
    page.get_by_role("link", name="Cluster 6", exact=True).click()
    page.get_by_label("Name", exact=True).fill("<i>sixes</i> & sevens")
    page.get_by_role("button", name="Rename").click()
    check(page, "Renamed Cluster 6 to <i>sixes</i> & sevens")
    page.get_by_label("Split into parts").fill("2")
    page.get_by_role("button", name="Split").click()
    check(page, "Split <i>sixes</i> & sevens into 6 and 8")
    page.get_by_role("button", name="Mark as junk").click()
    check(page, "Marked <i>sixes</i> & sevens as junk")
    expect(page.locator("h1 .badge")).to_have_text("junk")


def move_one_and_undo_by_a_key(page):
    page.locator("#members input").first.check()
    page.get_by_label("to cluster").fill("8")
    page.get_by_role("button", name="Move", exact=True).click()
    check(page, "Moved 1 member to Cluster 8")
    page.keyboard.press("u")
    check(page, "Marked <i>sixes</i> & sevens as junk")


def search_by_image(page, picture):
    page.get_by_role("link", name="Search by example").click()
    page.set_input_files("#image", picture)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("#members > li")).to_have_count(48)
    page.wait_for_load_state("networkidle")


def take_labels(page, path):
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    waiting.value.save_as(path)


def test_a_person_goes_the_whole_way(model_and_data, tab, tmp_path, shots):
    (model, data), labels, page = model_and_data, tmp_path / "labels.csv", tab()
    Image.fromarray(data.x[42]).save(tmp_path / "example.png")
    with serving(model_and_data, tmp_path / "edits.sqlite") as address:
        page.goto(address)
        expect(page.locator("h1")).to_have_text("8 clusters")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=shots / "overview.png")
        look_through(page, int((model.labels_ == 0).sum()))
        page.screenshot(path=shots / "members.png")
        page.go_back()
        find_one(page)
        merge_two(page)
        name_split_and_put_aside(page)
        page.screenshot(path=shots / "cluster.png")
        move_one_and_undo_by_a_key(page)
        search_by_image(page, tmp_path / "example.png")
        expect(page.locator("#members > li").first).to_contain_text("42")
        page.screenshot(path=shots / "search.png")
        take_labels(page, labels)
    assert [p.name for p in tmp_path.glob("edits*")] == ["edits.sqlite"]  # closed, nothing beside
    assert pyarrow.csv.read_csv(labels)["original_label"].to_pylist() == model.labels_.tolist()
    with serving(model_and_data, tmp_path / "edits.sqlite") as address:
        page.goto(f"{address}/history")
        expect(page.locator(".history li").first).to_contain_text("undone")
        assert page.request.get(f"{address}/export.csv").body() == labels.read_bytes()


def test_it_works_without_scripts_and_by_keyboard(model_and_data, tab, tmp_path, shots):
    page = tab(java_script_enabled=False)
    with serving(model_and_data, tmp_path / "edits.sqlite") as address:
        page.goto(address)
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the content"
        page.get_by_label("Choose Cluster 1").check()
        page.get_by_label("Choose Cluster 2").check()
        page.get_by_role("button", name="Merge", exact=True).click()
        expect(page.locator("h1")).to_have_text("7 clusters")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("h1")).to_have_text("8 clusters")
        page.get_by_label("Order").select_option("smallest")
        page.get_by_role("button", name="Apply").click()
        assert "sort=smallest" in page.url

        scripted = tab()
        scripted.goto(address)
        scripted.keyboard.press("j")
        scripted.keyboard.press("Space")
        scripted.keyboard.press("j")
        scripted.keyboard.press("Space")
        scripted.keyboard.press("m")
        scripted.keyboard.press("Enter")
        expect(scripted.locator("h1")).to_have_text("7 clusters")
        scripted.keyboard.press("?")
        expect(scripted.locator("h1")).to_have_text("Keyboard shortcuts")


def test_a_phone_sees_no_page_wider_than_itself(model_and_data, tab, tmp_path, shots):
    page = tab(color_scheme="dark")
    page.set_viewport_size(PHONE)
    with serving(model_and_data, tmp_path / "edits.sqlite") as address:
        for name in ("", "clusters/0", "rows/0", "search?row=0", "history", "keys"):
            page.goto(f"{address}/{name}")
            page.screenshot(path=shots / f"phone-{name.partition('/')[0].partition('?')[0]}.png")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE["width"], name
