"""All callbacks around the real model."""

import csv
import io
import os

import keras
import numpy as np
import pytest
from rich.console import Console

from keras_stylegan.models import Discriminator, Generator
from keras_stylegan.training.callbacks import LossPlot, Progress, SampleGrid, StopOnNonFinite, TrainingLog
from keras_stylegan.training.gan import StyleGAN
from keras_stylegan.training.journal import Journal


def make_gan(learning_rate=1e-3):
    sizes = {"resolution": 8, "channel_base": 64, "channel_max": 8, "c_dim": 2, "seed": 0}
    gan = StyleGAN(Generator(z_dim=8, w_dim=8, mapping_layers=2, **sizes), Discriminator(**sizes))
    adam = keras.optimizers.Adam
    gan.compile(g_optimizer=adam(learning_rate), m_optimizer=adam(learning_rate), d_optimizer=adam(learning_rate))
    return gan


def fit(gan, callbacks, images, epochs):
    labels = np.arange(len(images)) % 2
    gan.fit(images, labels, batch_size=4, shuffle=False, epochs=epochs, verbose=0, callbacks=callbacks)


@pytest.mark.slow
def test_a_run_leaves_its_log_plot_and_samples(tmp_path):
    gan = make_gan()
    console = Console(file=io.StringIO(), force_terminal=False)
    non_finite = StopOnNonFinite()
    callbacks = [
        non_finite,
        Progress(24, Journal(console), 0.008),
        TrainingLog(tmp_path, 0.008),
        LossPlot(tmp_path),
        SampleGrid(tmp_path / "samples", ("AD", "NC"), 0.016, 8, tensorboard_dir=tmp_path / "tensorboard"),
    ]
    images = np.random.default_rng(0).uniform(-1, 1, (12, 8, 8, 1)).astype(np.float32)
    fit(gan, callbacks, images, epochs=2)
    assert non_finite.stopped_reason is None
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    # The epochs end at 12 and 24 images; the intervals do not care.
    assert [(row["kimg"], row["epoch"]) for row in rows] == [("0.008", "1"), ("0.016", "2"), ("0.024", "2")]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    assert float(rows[0]["gradient_penalty"]) > 0
    assert len(console.file.getvalue().splitlines()) == 3
    assert (tmp_path / "loss.png").stat().st_size > 10000
    names = sorted(os.listdir(tmp_path / "samples"))
    assert names == ["kimg000000.000.png", "kimg000000.016.png", "kimg000000.024.png"]
    assert len({(tmp_path / "samples" / name).read_bytes() for name in names}) == 3


@pytest.mark.slow
def test_a_damaged_image_stops_the_run_before_it_reaches_the_weights(capsys):
    gan, callback = make_gan(), StopOnNonFinite()
    images = np.random.default_rng(0).uniform(-1, 1, (12, 8, 8, 1)).astype(np.float32)
    images[5, 0, 0] = np.nan
    fit(gan, [callback], images, epochs=2)
    assert gan.images_seen == 8
    assert callback.stopped_reason.startswith("Stopped at 0.008 kimg: d_loss is nan.")
    for network in (gan.generator, gan.generator_ema, gan.discriminator):
        assert all(np.isfinite(keras.ops.convert_to_numpy(weight)).all() for weight in network.weights)
