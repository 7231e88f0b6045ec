from __future__ import annotations

import pytest

from quantal.experiments import judge

PUBLISHED = {"mean": 0.6, "std": 0.02, "n": 12}


def verdict(recipe_of, record_of, accuracies, **keys):
    recipe = recipe_of(seeds=[0, 1, 2], published=PUBLISHED, **keys)
    return judge(recipe, record_of(recipe, accuracies))


@pytest.mark.parametrize(
    ("accuracies", "word", "why"),
    [
        ([0.60, 0.61, 0.62], "reproduced", ""),
        ([0.56, 0.56, 0.5601], "reproduced", ""),
        ([0.5, 0.5, 0.5], "not reproduced", "5.0 published deviations below, allowed 2"),
        ([0.7, 0.7, 0.7], "not reproduced", "5.0 published deviations above, allowed 2"),
        ([0.6, 0.6], "incomplete", "2 of 3 seeds"),
    ],
)
def test_a_bar_in_published_deviations_is_two_sided(recipe_of, record_of, accuracies, word, why):
    found = verdict(recipe_of, record_of, accuracies, bar={"within": 2})
    assert (found.word, found.why) == (word, why)


def test_a_good_mean_does_not_excuse_a_bad_seed(recipe_of, record_of):
    bar = {"at_least": 0.6, "no_seed_below": 0.5}
    found = verdict(recipe_of, record_of, [0.9, 0.9, 0.4], bar=bar)
    assert (found.word, found.why) == ("not reproduced", "a seed at 40.0, below 50.0")


def test_a_mean_below_the_bar_says_so(recipe_of, record_of):
    found = verdict(recipe_of, record_of, [0.5, 0.5, 0.5], bar={"at_least": 0.6})
    assert (found.word, found.why) == ("not reproduced", "mean below 60.0")


def test_without_a_bar_a_row_is_reported(recipe_of, record_of):
    found = verdict(recipe_of, record_of, [0.5, 0.6, 0.7])
    assert found.word == "reported"
    assert (found.ours.mean, found.ours.std, found.ours.n) == pytest.approx((0.6, 0.1, 3))


def test_seeds_that_the_recipe_does_not_name_do_not_count(recipe_of, record_of):
    recipe = recipe_of(seeds=[1, 2])
    assert judge(recipe, record_of(recipe, [0.0, 0.5, 0.7])).ours.mean == pytest.approx(0.6)


def test_without_a_record_nothing_is_claimed(recipe_of, record_of):
    assert judge(recipe_of(), None).word == "not run"
    assert judge(recipe_of(), record_of(recipe_of(), [])).word == "not run"


def test_runs_of_an_earlier_recipe_are_out_of_date(recipe_of, record_of):
    found = judge(recipe_of(params={"xi": 1.0}), record_of(recipe_of(), [0.5, 0.5]))
    assert (found.word, found.ours) == ("out of date", None)
