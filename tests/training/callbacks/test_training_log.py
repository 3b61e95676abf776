import csv
import os

import keras
import numpy as np
import pytest
from fake_gan import FakeGan, fit, rows
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_stylegan.errors import InputError
from keras_stylegan.training.callbacks import TrainingLog


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_a_row_holds_the_means_of_its_interval(tmp_path):
    data = rows(24)
    model = FakeGan()
    log = TrainingLog(tmp_path, kimg=0.008)
    fit(model, data, [log])
    fit(model, data[:8], [log], epoch=1)
    header, *lines = read(tmp_path / "log.csv")
    assert header == ["kimg", "epoch", "d_loss", "g_loss", "r1_penalty", "real_score", "skipped_updates"]
    assert [line[0] for line in lines] == ["0.008", "0.016", "0.024", "0.032"]
    assert [line[1] for line in lines] == ["1", "1", "1", "2"]
    shown = np.concatenate([data, data[:8]])
    for n, line in enumerate(lines):
        expected = shown[8 * n : 8 * n + 8].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(np.array(line[2:6], float), expected, rtol=1e-5, atol=1e-7)


def test_a_cell_is_the_float32_itself(tmp_path):
    values = np.array([[0.1, 1e-30, -3e20, 1 / 3]], np.float32)
    fit(FakeGan(), values, [TrainingLog(tmp_path, kimg=0.001)], batch_size=1)
    cells = read(tmp_path / "log.csv")[1][2:6]
    assert cells[0] == "0.1"
    np.testing.assert_array_equal(np.array(cells, np.float32), values[0])


def test_a_penalty_that_was_not_due_is_an_empty_cell(tmp_path):
    data = rows(8)
    data[4:, 2] = np.nan
    fit(FakeGan(), data, [TrainingLog(tmp_path, kimg=0.004)])
    _, first, second = read(tmp_path / "log.csv")
    assert float(first[4]) == pytest.approx(data[:4, 2].mean(), rel=1e-5)
    assert second[4] == ""


def test_batches_that_cross_the_interval(tmp_path):
    fit(FakeGan(), rows(20), [TrainingLog(tmp_path, kimg=0.006)])
    assert [line[0] for line in read(tmp_path / "log.csv")[1:]] == ["0.008", "0.012", "0.02"]


@pytest.mark.parametrize("saved_after", [0, 1, 4, 5])
@pytest.mark.parametrize("torn", ["", "0.0"])
def test_a_resumed_run_writes_the_same_bytes(tmp_path, saved_after, torn):
    data = rows(40)
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    part.mkdir()
    fit(FakeGan(), data, [TrainingLog(whole, kimg=0.008)])

    states = []
    model = FakeGan()
    # What a checkpoint holds after the first step of interest; the run itself goes on for a while before it is killed.
    keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: states.append(model.state()))
    begin = [model.state()]
    fit(model, data[:28], [TrainingLog(part, kimg=0.008), keep])
    with open(part / "log.csv", "a") as file:
        file.write(torn)

    resumed = FakeGan()
    resumed.restore((begin + states)[saved_after])
    fit(resumed, data[4 * saved_after :], [TrainingLog(part, kimg=0.008)])
    assert (part / "log.csv").read_bytes() == (whole / "log.csv").read_bytes()


def test_other_columns_and_damage_are_refused(tmp_path):
    log = tmp_path / "log.csv"
    model = FakeGan()
    model.images.assign(100)
    log.write_text("kimg,epoch,d_loss\n0.004,1,3\n")
    with pytest.raises(InputError, match=r"log.csv has other columns than this run.*Received: 'kimg,epoch,d_loss'"):
        fit(model, rows(4), [TrainingLog(tmp_path, kimg=0.004)])
    assert log.read_text() == "kimg,epoch,d_loss\n0.004,1,3\n"
    log.write_text("kimg,epoch,d_loss\nnonsense,1,3\n")
    with pytest.raises(InputError, match=r"log.csv is damaged.*Received row: 'nonsense,1,3'"):
        fit(model, rows(4), [TrainingLog(tmp_path, kimg=0.004)])


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"Cannot write .*log\.csv: No space left on device"):
        fit(FakeGan(), rows(4), [TrainingLog(tmp_path, kimg=0.004)])


def test_tensorboard_has_the_same_numbers(tmp_path):
    model = FakeGan()
    log = TrainingLog(tmp_path, kimg=0.008)
    fit(model, rows(16), [log])
    fit(model, rows(16, seed=1), [log], epoch=1)
    # Killed and resumed from an older state, with other numbers to see which ones count.
    resumed = FakeGan()
    resumed.images.assign(16)
    fit(resumed, rows(8, seed=2), [TrainingLog(tmp_path, kimg=0.008)], epoch=1)
    _, *lines = read(tmp_path / "log.csv")
    assert [line[0] for line in lines] == ["0.008", "0.016", "0.024"]
    events = EventAccumulator(str(tmp_path / "tensorboard" / "metrics")).Reload()
    points = [(event.step, event.value) for event in events.Scalars("d_loss")]
    assert points == [(round(1000 * float(line[0])), float(np.float32(line[2]))) for line in lines]
