"""Templates: what figures look like, and what becomes of text that a page cannot hold."""

from __future__ import annotations

import pytest

from quantal.report.templating import environment


@pytest.fixture
def filled(tmp_path):
    def fill(text, value):
        (tmp_path / "t.html").write_text(text)
        environment.cache_clear()
        return environment(tmp_path, "report").get_template("t.html").render(value=value)

    return fill


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0 %"),
        (0.0004, "&lt; 0.1 %"),
        (0.25, "25.0 %"),
        (0.9996, "&gt; 99.9 %"),
        (1, "100.0 %"),
    ],
)
def test_only_all_is_a_hundred_percent_and_only_none_is_zero(filled, share, text):
    assert filled("{{ value | percent }}", share) == text


def test_text_is_escaped_and_loses_what_turns_its_direction(filled):
    assert filled("{{ value }}", "<b>\u202e\ud800") == "&lt;b&gt;\ufffd\ufffd"


@pytest.mark.parametrize(("count", "text"), [(1, "1 row"), (0, "0 rows"), (1200, "1,200 rows")])
def test_words_follow_their_number(filled, count, text):
    assert filled("{{ value | plural('row') }}", count) == text
