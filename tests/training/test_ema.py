"""The moving average of the generator."""

import keras
import numpy as np
import pytest

from keras_stylegan.training.ema import ema_decay, update_ema


@pytest.mark.parametrize(
    ("seen", "rampup", "half_life"), [(1e6, 0.05, 10_000), (1000, 0.05, 50), (200_000, 0.05, 10_000), (7, None, 10_000)]
)
def test_decay(seen, rampup, half_life):
    np.testing.assert_allclose(ema_decay(32, seen, 10.0, rampup), 0.5 ** (32 / half_life), rtol=1e-6)


def test_decay_before_the_first_image_is_zero():
    assert float(ema_decay(32, 0, 10.0, 0.05)) == 0.0


class Pair(keras.Model):
    def __init__(self, value):
        super().__init__()
        self.trained = self.add_weight(name="trained", shape=(2,), initializer=keras.initializers.Constant(value))
        self.buffer = self.add_weight(
            name="buffer", shape=(), initializer=keras.initializers.Constant(value), trainable=False
        )


def test_after_one_half_life_of_images_the_distance_is_half():
    average, model = Pair(0.0), Pair(8.0)
    for _ in range(1000 // 50):
        update_ema(average, model, ema_decay(50, 1e6, 1.0, None))
    np.testing.assert_allclose(average.trained, [4.0, 4.0], rtol=1e-5)


def test_buffers_are_copied():
    average, model = Pair(0.0), Pair(8.0)
    update_ema(average, model, 0.75)
    np.testing.assert_allclose(average.trained, [2.0, 2.0])
    assert float(average.buffer) == 8.0
