"""Turns: who trains when, and until when."""

from pathlib import Path

import pytest
from fake_worker import options, tiny

from keras_stylegan.comparison.contender import make_contenders, make_runs
from keras_stylegan.comparison.schedule import due, turns
from keras_stylegan.training.clock import Moment


def runs(**others):
    configs = [tiny(Path()), tiny(Path(), batch_size=8)]
    chosen = options(Path(), **others)
    return make_runs(make_contenders(["a", "b"], configs), chosen, Path("out")), chosen


def test_every_second_round_goes_backwards():
    made, chosen = runs(minutes=1.5, seeds=1, slices=3)
    planned = [(turn.run.name, turn.number, turn.seconds, turn.images) for turn in turns(made, chosen)]
    assert planned == [
        ("a_seed0", 1, 30.0, None), ("b_seed0", 1, 30.0, None),
        ("b_seed0", 2, 60.0, None), ("a_seed0", 2, 60.0, None),
        ("a_seed0", 3, 90.0, None), ("b_seed0", 3, 90.0, None),
    ]  # fmt: skip


def test_slices_of_images_are_rounded_up_and_end_at_the_whole():
    made, chosen = runs(minutes=None, kimg=0.1, seeds=1, slices=3)
    assert [turn.images for turn in turns(made[:1], chosen)] == [34, 67, 100]


@pytest.mark.parametrize(
    ("now", "seconds", "images", "done"),
    [
        (Moment(99, 60.0, 0.0), 60.0, None, True),
        (Moment(99, 59.9, 900.0), 60.0, None, False),
        (Moment(100, 0.0, 0.0), None, 100, True),
        (Moment(99, 999.0, 0.0), None, 100, False),
    ],
)
def test_a_turn_is_done_by_what_counts(now, seconds, images, done):
    made, chosen = runs()
    assert turns(made, chosen)[0]._replace(seconds=seconds, images=images).is_done(now) is done


def test_what_is_done_or_has_ended_is_passed_over_when_its_turn_comes():
    made, chosen = runs(minutes=1.0, seeds=1, slices=2)
    trained = {"a_seed0": 30.0, "b_seed0": 0.0}
    ended = set()
    seen = []
    for turn in due(turns(made, chosen), lambda run: Moment(0, trained[run.name], 0.0), lambda run: run.name in ended):
        seen.append((turn.run.name, turn.number))
        trained[turn.run.name] = turn.seconds
        ended.add("b_seed0")
    assert seen == [("b_seed0", 1), ("a_seed0", 2)]
