"""Values beyond black and white."""

import numpy as np
import pytest
import tensorflow as tf

from keras_stylegan.augment.leaky_clip import leaky_clip

X = np.array([-2.0, -1.5, -1.0, 0.3, 1.0, 3.0], np.float32)


def test_a_tenth_of_the_excess_is_left():
    np.testing.assert_allclose(leaky_clip(X, 0.1), [-1.1, -1.05, -1.0, 0.3, 1.0, 1.2], rtol=1e-6)


def test_without_a_leak_of_its_own_nothing_changes():
    assert leaky_clip(X, 1.0) is X


@pytest.mark.parametrize("leak", [0.1, 0.5])
def test_black_and_white_themselves_keep_their_whole_gradient(leak):
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = leaky_clip(x, leak)
    np.testing.assert_allclose(tape.gradient(y, x), [leak, leak, 1, 1, 1, leak])
