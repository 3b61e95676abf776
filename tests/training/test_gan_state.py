"""Construction, metrics and files of `StyleGAN`."""

import keras
import numpy as np
import pytest
from small_gan import clone, count, images, make_gan, values

from keras_stylegan.backend import Adam
from keras_stylegan.models import Discriminator, Generator
from keras_stylegan.training.gan import StyleGAN
from keras_stylegan.training.scheduled_adam import ScheduledAdam
from keras_stylegan.training.state import state


def test_networks_that_do_not_fit_are_refused():
    for name, (a, b) in {"resolution": (8, 16), "channels": (1, 3), "c_dim": (0, 2)}.items():
        sizes = {"channel_base": 32, "channel_max": 2, "resolution": 8}
        with pytest.raises(ValueError, match=f"same {name}. Received: {a} and {b}"):
            StyleGAN(Generator(z_dim=3, w_dim=4, **(sizes | {name: a})), Discriminator(**(sizes | {name: b})))


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match=r"adversarial must be one of \['hinge', .*Received: 'lsgan'"):
        make_gan(adversarial="lsgan")


def test_calling_the_model_is_calling_the_average():
    gan = make_gan()
    gan.train_on_images(images())
    z = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(gan(z), gan.generator_ema(z))
    assert not np.allclose(gan(z), gan.generator(z))


def test_the_average_starts_as_a_copy():
    gan = make_gan()
    sizes = gan.generator.get_config()
    assert gan.generator_ema.get_config() == sizes | {"name": "generator_ema", "trainable": False}
    fresh = StyleGAN(clone(gan.generator), clone(gan.discriminator))
    for a, b in zip(values(fresh.generator), values(fresh.generator_ema), strict=True):
        np.testing.assert_array_equal(a, b)


def test_metrics_are_those_in_use():
    names = [metric.name for metric in make_gan().metrics]
    assert names == ["d_loss", "g_loss", "gradient_penalty", "r1_penalty", "real_score", "fake_score",
                     "skipped_updates"]  # fmt: skip
    names = [metric.name for metric in make_gan(pl_weight=1.0, gp_weight=0.0, r1_gamma=0.0, r2_gamma=1.0).metrics]
    assert names == ["d_loss", "g_loss", "r2_penalty", "path_length_penalty", "path_length", "real_score",
                     "fake_score", "skipped_updates"]  # fmt: skip


def test_interval_metrics_survive_the_reset_of_an_epoch():
    gan = make_gan()
    gan.trackers["d_loss"].update_state(3.0)
    gan.interval_metrics = True
    gan.reset_metrics()
    assert count(gan, "d_loss") == 1
    gan.reset_interval()
    assert count(gan, "d_loss") == 0


def assert_same(first, second):
    assert list(first) == list(second)
    for path, value in first.items():
        np.testing.assert_array_equal(value, second[path], err_msg=path)


def kept(gan):
    """What a `.keras` file holds: the state but for the running means."""
    return {path: variable.numpy() for path, variable in state(gan).items() if not path.startswith("metrics/")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "dtype"), [(keras.optimizers.Adam, "float32"), (ScheduledAdam, "float32"), (Adam, "mixed_float16")]
)
def test_a_keras_file_continues_bit_for_bit(tmp_path, kind, dtype):
    options = {"adversarial": "hinge", "gp_weight": 2.0, "r1_interval": 2, "pl_weight": 1.0, "discriminator_steps": 2}
    if kind is ScheduledAdam:
        options["schedules"] = {"beta_2": [[0, 0.9], [0.01, 0.99]], "r1_gamma": [[0, 1.0], [0.01, 3.0]]}
    gan = make_gan(2, optimizer=kind, mixing=0.5, dtype=dtype, **options)
    if gan.d_loss_scale is not None:
        # One of its own, and one that overflows now and then.
        gan.d_loss_scale.scale.assign(2.0**9)
        gan.g_loss_scale.scale.assign(2.0**24)
    labels = np.array([0, 1, 1, 0])
    for seed in range(3):
        gan.train_on_images(images(seed), labels)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.compile_options == gan.compile_options
    assert [loaded.g_optimizer.name, loaded.d_optimizer.name] == ["g_optimizer", "d_optimizer"]
    assert loaded.get_config() == gan.get_config()
    assert_same(kept(gan), kept(loaded))
    for seed in (3, 4):
        gan.train_on_images(images(seed), labels)
        loaded.train_on_images(images(seed), labels)
    assert_same(kept(gan), kept(loaded))


def test_an_uncompiled_gan_can_be_saved(tmp_path):
    gan = StyleGAN(make_gan().generator, make_gan().discriminator)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert not loaded.compiled
    for a, b in zip(values(gan.generator_ema), values(loaded.generator_ema), strict=True):
        np.testing.assert_array_equal(a, b)
