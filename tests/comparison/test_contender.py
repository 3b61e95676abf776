"""Names of contenders and options of their runs."""

import dataclasses
from pathlib import Path

import pytest
from fake_worker import options, tiny

from keras_stylegan.comparison.contender import make_contenders, make_runs
from keras_stylegan.config import ScheduleConfig
from keras_stylegan.errors import InputError

SCHEDULE = ScheduleConfig(r1_gamma=((0.0, 5.0), (1.0, 40.0)))


def test_names_are_those_of_files_and_unlike_each_other():
    configs = [tiny(Path(), batch_size=size) for size in (4, 8, 12)]
    assert [c.name for c in make_contenders(["x/a.py", "y/a.py", "demo"], configs)] == ["a", "a-2", "demo"]


def test_none_and_the_same_twice_are_refused():
    with pytest.raises(InputError, match="name the experiments to compare"):
        make_contenders([], [])
    with pytest.raises(InputError, match=r"every experiment once, please: copy\.py has the same options as demo"):
        make_contenders(["demo", "copy.py"], [tiny(Path()), tiny(Path())])


def test_runs_have_their_seeds_and_evaluate_at_the_ends_of_slices_only():
    contenders = make_contenders(["a"], [tiny(Path(), seed=5, total_kimg=30.0, evaluate_count=70)])
    timed = make_runs(contenders, options(Path(), minutes=1.0, count=500), Path("out"))
    assert [(run.seed, run.path) for run in timed] == [
        (5, Path("out/runs/a_seed5")),
        (6, Path("out/runs/a_seed6")),
    ]
    training = timed[0].config.training
    # The length in time leaves the schedules of the experiment as they are.
    assert (training.total_kimg, training.evaluate_kimg, training.evaluate_count) == (30.0, None, 500)
    short = make_contenders(["a"], [tiny(Path(), total_kimg=1.0)])
    short = [dataclasses.replace(short[0], config=dataclasses.replace(short[0].config, schedule=SCHEDULE))]
    with pytest.raises(InputError, match=r"a: schedule\.r1_gamma must be given to the end of the run \(2\.0 kimg\)"):
        make_runs(short, options(Path(), minutes=None, kimg=2.0), Path("out"))
    counted = make_runs(contenders, options(Path(), minutes=None, kimg=2.0), Path("out"))
    assert counted[0].config.training.total_kimg == 2.0
