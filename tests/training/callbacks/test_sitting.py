"""A sitting ends in time, counts training apart from all else, and goes on where the state is."""

import time

import keras
import pytest
from fake_gan import FakeGan, fit, rows

from keras_stylegan.training.callbacks import Sitting
from keras_stylegan.training.callbacks import sitting as module
from keras_stylegan.training.clock import Moment, read_clock


@pytest.fixture
def clock(monkeypatch):
    """Seconds that stand still but for what the test adds."""

    class Clock:
        now = 0.0

        def advance(self, seconds):
            self.now += seconds

    found = Clock()
    monkeypatch.setattr(module.time, "perf_counter", lambda: found.now)
    yield found
    assert time.perf_counter() == found.now


def on_step(action):
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: action())


def sit(model, sitting, clock, images=40, step=1.0, other=10.0, total=1000):
    """One epoch: a step takes `step` seconds of training and `other` of other things."""
    evaluated = []
    sitting.join(total, 0.004, lambda: evaluated.append(model.images_seen))
    callbacks = [on_step(lambda: clock.advance(step)), sitting, on_step(lambda: clock.advance(other)), sitting.after]
    fit(model, rows(images), callbacks)
    return evaluated


def test_training_time_is_that_of_the_steps_but_for_the_first(tmp_path, clock):
    clock.now = 7.0
    path, model = tmp_path / "clock.csv", FakeGan()
    assert sit(model, Sitting(path, seconds=3.0, started=2.0), clock) == [16]
    # Start-up 5, first step 1, and the others' 10 three times; a step of 4 images counts from the second on.
    assert read_clock(path) == [Moment(4, 0, 6), Moment(8, 1, 16), Moment(12, 2, 26), Moment(16, 3, 36 + 10)]
    assert model.stop_training


def test_the_next_sitting_goes_on_from_the_state_and_forgets_what_is_beyond_it(tmp_path, clock):
    path, model = tmp_path / "clock.csv", FakeGan()
    sit(model, Sitting(path, images=16, started=0.0), clock)
    before = read_clock(path)
    model.images.assign(8)
    assert sit(model, Sitting(path, images=16, started=clock.now), clock) == [16]
    after = read_clock(path)
    assert after[:2] == before[:2]
    # 8 images and 1 second at the state; its first step counts as other time, the second as training.
    assert after[2:] == [Moment(12, 1, before[1].other + 1), Moment(16, 2, before[1].other + 21)]


def test_it_ends_with_the_run_and_says_whether_it_is_over(tmp_path, clock):
    path, model = tmp_path / "clock.csv", FakeGan()
    sitting = Sitting(path, seconds=100.0)
    assert sit(model, sitting, clock, total=12) == [12]
    assert sitting.over
    short = Sitting(tmp_path / "other.csv", seconds=100.0)
    assert sit(FakeGan(), short, clock, images=8) == []
    assert not short.over
    assert [moment.images for moment in read_clock(tmp_path / "other.csv")] == [4, 8]
