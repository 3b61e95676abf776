"""What is said of the difference between two classifiers."""

import numpy as np
import pytest

from keras_stylegan.usefulness.gains import gains, sentences
from keras_stylegan.usefulness.learner import Task
from keras_stylegan.usefulness.trials import ONLY, Trial

PEOPLE = np.repeat(np.arange(40), 5)


def rows_of(task, alone, mixed, ratio=1.0):
    found = gains(task, {Trial(8, 0.0, 0): alone, Trial(8, ratio, 0): mixed}, PEOPLE)
    return found, sentences(task, found, "accuracy" if task.classes else "error of age")


def test_a_gain_for_everybody_is_a_gain():
    rng = np.random.default_rng(0)
    alone = (rng.random(200) < 0.5).astype(float)
    mixed = np.maximum(alone, rng.random(200) < 0.5)
    rows, (line,) = rows_of(Task("class", 2), alone, mixed)
    assert rows[0]["score"] == alone.mean() and "change" not in rows[0]
    assert rows[1]["change"] == pytest.approx(mixed.mean() - alone.mean())
    low, high = rows[1]["change_interval"]
    assert 0 < low < rows[1]["change"] < high
    assert line.startswith(
        "With 8 real subjects, adding 1 generated image for every real one changes the accuracy by +"
    )
    assert line.endswith(": a gain.")


def test_what_one_person_gains_is_nothing_certain():
    alone, mixed = np.zeros(200), np.where(PEOPLE == 0, 1.0, 0.0)
    rows, (line,) = rows_of(Task("class", 2), alone, mixed)
    assert rows[1]["change_interval"][0] == 0 and line.endswith(": nothing certain.")


def test_less_error_is_a_gain_and_told_with_the_sign_of_the_error():
    rng = np.random.default_rng(0)
    alone = 5 + rng.random(200)
    rows, (line,) = rows_of(Task("age"), alone, alone - 2 - rng.random(200), ONLY)
    assert rows[1]["change"] > 2 and rows[1]["ratio"] is None
    assert "in place of the real ones of 8 subjects changes the error of age by -2" in line and line.endswith("a gain.")
    low, high = (float(text) for text in line[line.index("[") + 1 : line.index("]")].split(","))
    assert -3 < low < high < -2


def test_scores_are_means_over_repetitions():
    scores = {Trial(4, 0.0, n): np.full(200, value) for n, value in enumerate((0.2, 0.4))}
    (row,) = gains(Task("class", 2), scores, PEOPLE)
    assert row["score"] == pytest.approx(0.3) and row["interval"] is None
    assert row["spread"] == pytest.approx(np.std([0.2, 0.4], ddof=1))
