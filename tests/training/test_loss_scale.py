"""The loss scale of float16: its rules by hand, and overflows planted in training."""

import keras
import numpy as np
import pytest
from keras import ops
from small_gan import BATCH, images, make_gan, trained, values

from keras_stylegan.backend import value_and_gradients
from keras_stylegan.training.callbacks import StopOnNonFinite
from keras_stylegan.training.loss_scale import LossScale

TOO_LARGE = 2.0**24


def float16_gan(**options):
    return make_gan(dtype="mixed_float16", **({"optimizer": keras.optimizers.Adam} | options))


def slow_adam(rate, name):
    """Of a rate at which training does not diverge: its gradients would outgrow any scale."""
    return keras.optimizers.Adam(rate / 1000, name=name)


def test_halves_on_an_overflow_and_doubles_after_good_updates():
    scale = LossScale(initial=8.0, growth_interval=3, minimum=1.0, maximum=32.0)
    updates = [(True, 8), (True, 8), (False, 4), (True, 4), (True, 4), (True, 8), (True, 8), (True, 8), (True, 16),
               (True, 16), (True, 16), (True, 32), (True, 32), (True, 32), (True, 32), (False, 16), (False, 8),
               (True, 8), (False, 4), (False, 2), (False, 1), (False, 1)]  # fmt: skip
    for number, (finite, expected) in enumerate(updates):
        assert bool(scale.can_fall()) == (float(scale.scale) > 1)
        scale.update(ops.convert_to_tensor(finite))
        assert float(scale.scale) == expected, number


def test_gradients_survive_float16_and_come_back_unscaled():
    """2^-30 is zero in float16; times 2^12 it is not."""
    weight, scale = keras.Variable([1.0, 2.0]), LossScale()

    def loss():
        return 2.0**-30 * ops.sum(ops.cast(ops.cast(weight, "float16"), "float32")), "rest"

    np.testing.assert_array_equal(value_and_gradients(loss, [weight])[2][0], [0, 0])
    value, rest, (gradient,) = scale.value_and_gradients(loss, [weight])
    assert float(value) == 3 * 2.0**-30 and rest == "rest"
    np.testing.assert_array_equal(gradient, [2.0**-30, 2.0**-30])


@pytest.mark.parametrize("which", ["d", "g"])
def test_an_overflow_halves_the_scale_and_changes_nothing_else(which):
    gan = float16_gan(gp_weight=0.0, adversarial="logistic", r1_gamma=0.0)
    hit, other = (gan.d_loss_scale, gan.g_loss_scale) if which == "d" else (gan.g_loss_scale, gan.d_loss_scale)
    gan.train_on_images(images())
    hit.scale.assign(TOO_LARGE)
    networks = {"d": [gan.discriminator], "g": [gan.generator.synthesis, gan.generator.mapping]}
    optimizers = {"d": [gan.d_optimizer], "g": [gan.g_optimizer, gan.m_optimizer]}

    def state(name):
        slots = [variable.numpy() for optimizer in optimizers[name] for variable in optimizer.variables]
        return [value for network in networks[name] for value in trained(network)] + slots

    before = {name: state(name) for name in networks}
    gan.train_on_images(images())
    assert float(hit.scale) == TOO_LARGE / 2 and float(other.scale) == other.initial
    for old, new in zip(before[which], state(which), strict=True):
        np.testing.assert_array_equal(old, new)
    left = "g" if which == "d" else "d"
    assert any(np.any(old != new) for old, new in zip(before[left], state(left), strict=True))
    assert float(gan.trackers["overflows"].result()) == 1
    assert float(gan.trackers["skipped_updates"].result()) == 0


@pytest.mark.slow
def test_a_run_goes_on_until_the_scale_fits():
    penalties = {"gp_weight": 0.0, "r1_gamma": 0.1, "r1_interval": 2, "pl_weight": 1.0, "pl_interval": 2}
    gan = float16_gan(optimizer=slow_adam, adversarial="logistic", **penalties)
    for scale in (gan.d_loss_scale, gan.g_loss_scale):
        scale.scale.assign(TOO_LARGE)
    before, stop = trained(gan.generator) + trained(gan.discriminator), StopOnNonFinite()
    history = gan.fit(images(), batch_size=BATCH, epochs=20, verbose=0, callbacks=[stop]).history
    assert stop.stopped_reason is None and gan.images_seen == 20 * BATCH
    assert sum(history["overflows"]) > 2 and history["overflows"][-1] == 0
    assert sum(history["skipped_updates"]) == 0
    after = trained(gan.generator) + trained(gan.discriminator)
    assert any(np.any(old != new) for old, new in zip(before, after, strict=True))


def test_an_overflow_at_the_smallest_scale_is_a_skipped_update():
    """Which stops a run: see test_callbacks_non_finite."""
    gan = float16_gan(gp_weight=0.0)
    gan.d_loss_scale.scale.assign(TOO_LARGE)
    gan.d_loss_scale.minimum = TOO_LARGE
    gan.train_on_images(images())
    assert float(gan.trackers["skipped_updates"].result()) == 1
    assert float(gan.trackers["overflows"].result()) == 0
    assert float(gan.d_loss_scale.scale) == TOO_LARGE


def test_a_nan_image_is_not_taken_for_an_overflow():
    gan, bad = float16_gan(gp_weight=0.0), images()
    bad[1, 3, 4, 0] = np.nan
    before = values(gan.discriminator)
    gan.train_on_images(bad)
    assert float(gan.trackers["skipped_updates"].result()) == 1
    assert float(gan.trackers["overflows"].result()) == 0
    for old, new in zip(before, values(gan.discriminator), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_without_float16_there_is_no_scale(dtype):
    gan = make_gan(dtype=dtype)
    assert gan.d_loss_scale is None and gan.g_loss_scale is None and "overflows" not in gan.trackers
