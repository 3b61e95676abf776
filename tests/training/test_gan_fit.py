"""`fit` with stock Keras callbacks on numpy arrays, traces, and XLA."""

import csv

import keras
import numpy as np
import pytest
from small_gan import BATCH, images, make_gan, values

STEPS = 5


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two epochs of five steps: (gan, traces after every batch, folder, history)."""
    folder = tmp_path_factory.mktemp("run")
    gan = make_gan(adversarial="logistic", gp_weight=0.0, r1_interval=3, pl_weight=1.0, pl_interval=4, mixing=0.9)
    calls, traces = [], []
    step = gan.train_on_images

    def counted(*arguments):
        calls.append(1)
        return step(*arguments)

    gan.train_on_images = counted
    callbacks = [
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: traces.append(len(calls))),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
        keras.callbacks.CSVLogger(folder / "log.csv"),
        keras.callbacks.TensorBoard(folder / "tensorboard"),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.ModelCheckpoint(folder / "{epoch}.weights.h5", save_weights_only=True),
    ]
    history = gan.fit(images(count=STEPS * BATCH), batch_size=BATCH, epochs=2, verbose=0, callbacks=callbacks)
    return gan, traces, folder, history.history


@pytest.mark.slow
def test_nothing_is_traced_after_the_first_step(run):
    """Ten steps with lazy R1 in 0, 3, 6, 9 and path length in 0, 4, 8."""
    gan, traces, _, _ = run
    assert len(traces) == 2 * STEPS
    assert set(traces) == {traces[0]}
    assert gan.images_seen == 2 * STEPS * BATCH


def test_logs_are_means_of_the_epoch(run):
    _, _, folder, history = run
    with open(folder / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert {"d_loss", "g_loss", "r1_penalty", "path_length", "loss", "learning_rate"} <= set(rows[0])
    for name in ("d_loss", "g_loss"):
        np.testing.assert_allclose([float(row[name]) for row in rows], history[name], rtol=1e-5)
        assert np.isfinite(history[name]).all()


def test_learning_rate_scheduler_moves_the_synthesis_optimizer(run):
    gan, _, _, history = run
    np.testing.assert_allclose(history["learning_rate"], [0.1, 0.05], rtol=1e-6)
    np.testing.assert_allclose(gan.g_optimizer.learning_rate, 0.05, rtol=1e-6)


def test_weights_of_model_checkpoint_can_be_loaded(run):
    gan, _, folder, _ = run
    other = make_gan(adversarial="logistic", gp_weight=0.0, r1_interval=3, pl_weight=1.0, pl_interval=4, mixing=0.9)
    other.load_weights(folder / "2.weights.h5")
    for network in ("generator", "generator_ema", "discriminator"):
        for a, b in zip(values(getattr(gan, network)), values(getattr(other, network)), strict=True):
            np.testing.assert_array_equal(a, b)
    assert int(other.step) == 2 * STEPS


def test_tensorboard_has_events(run):
    assert list(run[2].glob("tensorboard/**/events.*"))


def test_terminate_on_nan_stops(run):
    gan = run[0]
    bad = images(count=STEPS * BATCH)
    bad[:] = np.nan
    step = int(gan.step)
    before = values(gan.discriminator)
    gan.fit(bad, batch_size=BATCH, epochs=3, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert int(gan.step) == step + 1
    for old, new in zip(before, values(gan.discriminator), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.slow
def test_labels_of_fit_reach_the_step():
    gan = make_gan(c_dim=3, gp_weight=0.0)
    before = gan.generator.mapping.embed.kernel.numpy()
    gan.fit(images(), np.full(BATCH, 2), batch_size=BATCH, verbose=0)
    change = np.abs(gan.generator.mapping.embed.kernel.numpy() - before).max(axis=1)
    assert change[2] > 0 and change[0] == change[1] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("count", "shown"), [(9, 9), (11, 11), (14, 12)])
def test_a_free_batch_size_trains_on_a_smaller_last_batch(count, shown):
    """Last batches of 1 and 3 are a group of their own; of 6 with groups of 4 the last two are left out."""
    gan = make_gan(batch_size=None, group=4, pl_weight=1.0, pl_interval=1)
    gan.fit(images(count=count), batch_size=8 if count == 14 else 4, verbose=0)
    assert gan.images_seen == shown
    assert int(gan.trackers["skipped_updates"].result()) == 0


@pytest.mark.slow
@pytest.mark.parametrize("adversarial", ["wgan-gp", "logistic"])
def test_xla_gives_the_same_losses(adversarial, monkeypatch):
    """With the same draws: from one seed XLA makes other random numbers."""

    def draw(kind):
        def constant(shape, *bounds, seed=None):
            return keras.ops.convert_to_tensor(getattr(np.random.default_rng(1), kind)(size=shape).astype("float32"))

        return constant

    for kind in ("normal", "uniform"):
        monkeypatch.setattr(keras.random, kind, draw(kind))
    histories = []
    for jit_compile in (False, True):
        options = {"gp_weight": 10.0} if adversarial == "wgan-gp" else {"gp_weight": 0.0, "r1_interval": 2}
        gan = make_gan(adversarial=adversarial, jit_compile=jit_compile, pl_weight=1.0, pl_interval=2, **options)
        histories.append(gan.fit(images(), batch_size=BATCH, shuffle=False, verbose=0).history)
    assert histories[0].keys() == histories[1].keys()
    for name, value in histories[0].items():
        np.testing.assert_allclose(histories[1][name], value, rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.slow
def test_images_are_counted_right_after_an_interruption():
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    gan = make_gan()
    with pytest.raises(KeyboardInterrupt):
        gan.fit(images(count=2 * BATCH), batch_size=BATCH, verbose=0, callbacks=[Interrupt()])
    assert gan.images_seen == BATCH
    gan.images.assign(1000)
    assert gan.images_seen == 1000
    gan.fit(images(), batch_size=BATCH, verbose=0)
    assert gan.images_seen == int(gan.images) == 1000 + BATCH
