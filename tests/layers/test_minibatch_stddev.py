"""Minibatch standard deviation by hand and against a numpy loop."""

import numpy as np
import pytest
import reference_numpy as reference
import tensorflow as tf
from helpers import close, nchw, normal

from keras_stylegan.layers.minibatch_stddev import DeviationMaps, MinibatchStddev


def test_minibatch_stddev_groups_are_strided():
    """Six samples, groups of three: {0, 2, 4} and {1, 3, 5}."""
    x = np.zeros((6, 1, 2, 1), np.float32)
    x[[0, 2, 4], 0, 0, 0] = [1.0, 2.0, 3.0]  # variance 2/3; the second pixel has none
    x[[1, 3, 5], 0, :, 0] = [[0.0, 6.0], [0.0, 6.0], [3.0, 6.0]]  # variance 2 and 0
    output = np.asarray(MinibatchStddev(3, epsilon=0.0)(x))
    assert output.shape == (6, 1, 2, 2)
    np.testing.assert_array_equal(output[..., :1], x)
    even, odd = (2 / 3) ** 0.5 / 2, 2**0.5 / 2
    close(output[..., 1], np.array([even, odd] * 3)[:, None, None] * np.ones((1, 1, 2)))


def test_minibatch_stddev_group_is_at_most_the_batch():
    x = normal(2, 4, 4, 3)
    close(nchw(MinibatchStddev(4)(x)), reference.minibatch_stddev(nchw(x), 4))
    close(np.asarray(MinibatchStddev(4)(x[:1]))[..., -1], np.full((1, 4, 4), 1e-4))  # √ε


@pytest.mark.parametrize("batch", [1, 3, 4, 8])
def test_minibatch_stddev_of_a_batch_known_only_when_the_graph_runs(batch):
    layer = MinibatchStddev(4)
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, 4, 4, 3))])
    x = normal(batch, 4, 4, 3)
    close(nchw(graph(x)), reference.minibatch_stddev(nchw(x), 4))


def test_deviation_maps_add_what_a_group_differs_in_where_it_does():
    layer = DeviationMaps(group_size=3, epsilon=0.0, seed=1)
    x = normal(6, 2, 3, 4)
    output = np.asarray(layer(x))
    # Equalised: over the square root of four inputs, and halved.
    mix = np.asarray(layer.mix.kernel)[0, 0] / 2 / 2
    assert mix.shape == (4, 4)
    for sample in range(6):
        close(output[sample], x[sample] + np.std(x[sample % 2 :: 2], axis=0) @ mix)
    # A pixel that is the same in all images of a group stays as it is, and says nothing of others.
    x[:, 0, 0] = 1.0
    close(np.asarray(layer(x))[:, 0, 0], x[:, 0, 0])
    close(np.asarray(layer(x))[:, 1], output[:, 1])


@pytest.mark.parametrize("batch", [1, 3, 4, 8])
def test_deviation_maps_of_a_batch_known_only_when_the_graph_runs(batch):
    layer = DeviationMaps(group_size=4, seed=1)
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, 4, 4, 3))])
    x = normal(batch, 4, 4, 3)
    close(graph(x), layer(x))


def test_minibatch_stddev_refuses_a_batch_that_is_no_multiple():
    with pytest.raises(ValueError, match="multiple of the group size 4. Received a batch of 6"):
        MinibatchStddev(4)(normal(6, 4, 4, 3))


def test_an_empty_group_is_refused():
    with pytest.raises(ValueError, match="group_size must be at least 1. Received: 0"):
        MinibatchStddev(0)
    with pytest.raises(ValueError, match="group_size must be at least 1. Received: 0"):
        DeviationMaps(group_size=0)
