import csv
import os
import re

import keras
import numpy as np
import pytest
from fake_gan import FakeGan, fit, rows
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_stylegan.errors import InputError
from keras_stylegan.training.callbacks import TrainingLog, tensorboard_events
from keras_stylegan.training.callbacks.loss_plot import draw_loss_plot


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


class Penalised(FakeGan):
    """Has one more penalty, turned on when the run was resumed, and one less."""

    @property
    def metrics(self):
        used = [metric for metric in super().metrics if metric.name != "r1_penalty"]
        return [used[0], self.extra, *used[1:]]

    def __init__(self):
        super().__init__()
        self.extra = keras.metrics.Mean(name="path_length")

    def train_step(self, data):
        self.extra.update_state(7.0)
        return super().train_step(data)


def test_penalties_turned_on_and_off_on_resume_are_columns(tmp_path):
    data = rows(16)
    fit(FakeGan(), data, [TrainingLog(tmp_path, kimg=0.004)])
    before = read(tmp_path / "log.csv")
    resumed = Penalised()
    resumed.images.assign(8)
    fit(resumed, data[8:], [TrainingLog(tmp_path, kimg=0.004)], epoch=1)
    header, *lines = read(tmp_path / "log.csv")
    own = ["kimg", "epoch", "d_loss", "path_length", "g_loss", "real_score", "skipped_updates"]
    assert header == [*own, "r1_penalty"]
    assert [line[3] for line in lines] == ["", "", "7.0", "7.0"]
    assert [line[7] for line in lines] == [before[1][4], before[2][4], "", ""]
    # All other cells as they were, the later rows with the same numbers.
    for name in ("kimg", "d_loss", "g_loss", "real_score"):
        assert [line[own.index(name)] for line in lines] == [line[before[0].index(name)] for line in before[1:]]
    assert draw_loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")
    events = EventAccumulator(str(tmp_path / "tensorboard" / "metrics")).Reload()
    assert [event.step for event in events.Scalars("path_length")] == [12, 16]
    # And back again.
    last = FakeGan()
    last.images.assign(12)
    fit(last, data[12:], [TrainingLog(tmp_path, kimg=0.004)], epoch=1)
    header, *lines = read(tmp_path / "log.csv")
    assert header == [*before[0], "path_length"]
    assert [line[-1] for line in lines] == ["", "", "7.0", ""]
    assert lines[3][:-1] == [before[4][0], "2", *before[4][2:]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"kimg,epoch,d_loss\nnonsense,1,3\n", "log.csv is damaged: move it away. Received: row 'nonsense,1,3'"),
        (b"kimg,epoch,d_loss\n0.004,1,x\n", "log.csv is damaged"),
        (b"kimg,epoch,d_loss\n0.004,1\n", "log.csv is damaged"),
        (b"kimg,epoch,d_loss\nnan,1,3\n", "log.csv is damaged"),
        (b"kimg,epoch,d_loss\n1e999,1,3\n", "log.csv is damaged"),
        (b"kimg,epoch,d_loss\n,1,3\n", "log.csv is damaged"),
        (b"kimg,epoch,d_loss,d_loss\n", "log.csv is no log of a run"),
        (b"name,age\nA,3\n", "log.csv is no log of a run: move it away. Received: columns 'name,age'"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00\n", "log.csv cannot be read: move it away"),
        (b'"' * 131_073 + b"\n" + b"a" * 200_000 + b"\n", "log.csv"),
    ],
)
def test_a_log_that_is_none_is_refused_and_kept(tmp_path, content, told):
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(told)) as caught:
        TrainingLog(tmp_path, kimg=0.004)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    with pytest.raises(InputError, match=re.escape(told)):
        draw_loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")
    assert (tmp_path / "log.csv").read_bytes() == content


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"annot write .*log\.csv: No space left on device"):
        fit(FakeGan(), rows(4), [TrainingLog(tmp_path, kimg=0.004)])


def test_a_full_disk_is_one_line_for_tensorboard_too(tmp_path, monkeypatch, capfd):
    (tmp_path / "tensorboard").mkdir()
    log = TrainingLog(tmp_path, kimg=0.004)
    full = open("/dev/full", "wb")  # noqa: SIM115 - the callback closes it
    monkeypatch.setattr(tensorboard_events, "open", lambda *_: full, raising=False)
    with pytest.raises(InputError, match=r"cannot write .*metrics: No space left on device; make room"):
        fit(FakeGan(), rows(4), [log])
    # No thread of its own that says so in ten lines.
    assert "Traceback" not in capfd.readouterr().err


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
