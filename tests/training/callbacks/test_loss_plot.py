import keras
import numpy as np
import pytest
from fake_gan import FakeGan, fit, rows
from PIL import Image

from keras_stylegan.training.callbacks import LossPlot, TrainingLog
from keras_stylegan.training.callbacks.loss_plot import draw_loss_plot


def write_log(path, count):
    names = ["d_loss", "g_loss", "gradient_penalty", "r1_penalty", "real_score", "fake_score"]
    values = np.random.default_rng(0).normal(size=(count, len(names))).cumsum(axis=0) ** 2 + 0.1
    lines = [",".join(["kimg", "epoch", *names])]
    lines += [",".join([str(n + 1), "1", *map(str, row)]) for n, row in enumerate(values)]
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("count", [1, 10, 400])
def test_plot_has_curves(tmp_path, count):
    write_log(tmp_path / "log.csv", count)
    assert draw_loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")
    with Image.open(tmp_path / "loss.png") as file:
        width, height = file.size
        colours = {colour for _, colour in file.convert("RGB").getcolors(1 << 24)}
    assert width > 800 and height > 800
    assert {(0, 0x72, 0xB2), (0xD5, 0x5E, 0)} <= colours  # the first two curves of a panel


def test_evaluations_have_a_panel_of_their_own(tmp_path):
    """A file that is older than a column, or damaged, or none, is no reason not to draw."""
    write_log(tmp_path / "log.csv", 3)
    heights = []
    for content in (None, "kimg,fid\n1,2\n", "kimg,recall_random\n2,0.5\n", "kimg,covered_variance\n2,0.5\n3,0.7\n"):
        if content is not None:
            (tmp_path / "evaluation.csv").write_text(content)
        draw_loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")
        with Image.open(tmp_path / "loss.png") as file:
            heights.append(file.height)
    assert heights[0] == heights[1] < heights[2] == heights[3]


BLUE = (0, 0x72, 0xB2)


def places(path, colour):
    """(y, x) of the pixels of a colour in the upper half."""
    with Image.open(path) as file:
        pixels = np.asarray(file.convert("RGB"))
    return np.argwhere((pixels[: len(pixels) // 2] == colour).all(axis=-1))


def test_the_resolution_jumps_and_its_fade_is_a_line(tmp_path):
    alpha = [*[1] * 20, *np.linspace(0.05, 1, 20)]
    lines = [f"{n + 1},1,{8 if n < 20 else 32},{a:g}" for n, a in enumerate(alpha)]
    heights = []
    for columns in (3, 4):
        rows = ["kimg,epoch,resolution,alpha", *lines]
        (tmp_path / "log.csv").write_text("".join(",".join(row.split(",")[:columns]) + "\n" for row in rows))
        draw_loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")
        with Image.open(tmp_path / "loss.png") as file:
            heights.append(file.height)
    assert heights[1] == pytest.approx(2 * heights[0], abs=2)
    found = places(tmp_path / "loss.png", BLUE)
    low, high = found[:, 0].max(), found[:, 0].min()
    between = found[(found[:, 0] > high + 5) & (found[:, 0] < low - 5)]
    # A ramp over one of the 39 intervals of the about 800 pixels of the axis would be 20 wide.
    assert len(between) > 50 and np.ptp(between[:, 1]) <= 4


def test_plot_of_gaps_and_non_finite_rows(tmp_path):
    (tmp_path / "log.csv").write_text("kimg,epoch,d_loss,g_loss,r1_penalty\n1,1,0.5,nan,\n2,1,inf,0.25,0.0\n")
    assert draw_loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")


def test_nothing_to_plot(tmp_path):
    (tmp_path / "log.csv").write_text("kimg,epoch,d_loss\n")
    assert not draw_loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")
    assert not (tmp_path / "loss.png").exists()


def test_the_plot_is_redrawn_for_new_rows_but_not_all_the_time(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "keras_stylegan.training.callbacks.loss_plot.draw_loss_plot",
        lambda log, picture: drawn.append(log.read_text().count("\n") - 1) or drawn[-1] > 0,
    )
    now = [0.0]
    monkeypatch.setattr("keras_stylegan.training.callbacks.loss_plot.time.monotonic", lambda: now[0])
    tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: now.__setitem__(0, now[0] + 10))
    model = FakeGan()
    plot = LossPlot(tmp_path, seconds=30)
    fit(model, rows(40), [tick, TrainingLog(tmp_path, kimg=0.004), plot])
    # Batches at 10, 20, ... 100 s with a row each; the last row is drawn at the end.
    assert drawn == [1, 4, 7, 10]
    fit(model, rows(4), [plot], epoch=1)
    assert drawn == [1, 4, 7, 10]
