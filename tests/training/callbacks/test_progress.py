import io
import re

import pytest
from fake_gan import FakeGan, fit, rows
from rich.console import Console

from keras_stylegan.training.callbacks import Progress, TrainingLog
from keras_stylegan.training.callbacks.progress import _duration
from keras_stylegan.training.journal import Journal


def test_one_line_an_interval_without_a_terminal(tmp_path):
    console = Console(file=io.StringIO(), force_terminal=False, width=40)
    data = rows(32)
    log = tmp_path / "train.log"
    log.write_text("before\n")
    journal = Journal(console, log)
    journal.begin()
    progress = Progress(64, journal, kimg=0.008)
    model = FakeGan()
    callbacks = [progress, TrainingLog(tmp_path, kimg=0.008)]
    fit(model, data, callbacks)
    fit(model, data[:16], callbacks, epoch=1)
    lines = console.file.getvalue().splitlines()
    assert log.read_text().splitlines() == ["before", *lines]
    assert [line.split(" kimg")[0] for line in lines] == [
        f"0.0{n} of 0.064" for n in ("08", "16", "24", "32", "4", "48")
    ]
    pattern = (
        r"0\.016 of 0\.064 kimg, [\d.e+]+ s/kimg \([\d.e+]+ images/s\), \d+:\d\d:\d\d left: d_loss (\S+), g_loss (\S+)"
    )
    d_loss, g_loss = re.fullmatch(pattern, lines[1]).groups()
    assert float(d_loss) == pytest.approx(data[8:16, 0].mean(), rel=1e-3)
    assert float(g_loss) == pytest.approx(data[8:16, 1].mean(), rel=1e-3)


def test_speed_and_time_left(tmp_path, monkeypatch):
    seconds = iter([100.0, 104.0, 116.0])
    monkeypatch.setattr("keras_stylegan.training.callbacks.progress.time.perf_counter", lambda: next(seconds))
    console = Console(file=io.StringIO(), force_terminal=False)
    # 4 images (compiling) | 4 images in 4 s | 8 in 12 s; the mean is 16 s / 12 images.
    fit(FakeGan(), rows(16), [Progress(3616, Journal(console), kimg=0.008)])
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert "0.008 of 3.616 kimg, 1e+03 s/kimg (1 images/s), 1:00:08 left" in lines[0]
    assert "0.016 of 3.616 kimg, 1.5e+03 s/kimg (0.667 images/s), 1:20:00 left" in lines[1]


def test_a_bar_on_a_terminal(tmp_path):
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    journal = Journal(console, tmp_path / "train.log")
    journal.begin()
    progress = Progress(32, journal, kimg=0.008)
    model = FakeGan()
    fit(model, rows(16), [progress])
    fit(model, rows(16), [progress], epoch=1)
    shown = console.file.getvalue()
    assert "0.016 of 0.032 kimg" in shown and "0.032 of 0.032 kimg" in shown
    assert "images/s" in shown and "d_loss" in shown
    assert len((tmp_path / "train.log").read_text().splitlines()) == 4


def test_duration():
    assert [_duration(seconds) for seconds in (0, 59.2, 3661)] == ["0:00:00", "0:01:00", "1:01:01"]
