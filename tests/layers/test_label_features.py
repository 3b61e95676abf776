"""Fourier features of covariates beside the one-hot class."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import scipy.stats

from keras_stylegan.backend import compiled
from keras_stylegan.layers.label_features import FEATURES, FREQUENCIES, label_features, spreads
from keras_stylegan.models.label import label_of_columns
from keras_stylegan.resources import OF_COVARIATE


def test_features_are_those_of_the_standardised_numbers():
    covariates = spreads({"slice": (1, 32, 16.5, 9.0), "age": [60, 90, 72, 8]})
    label = np.array([[1, 0, 3.0, 80.0], [0, 1, 16.5, 64.0]], np.float32)
    found = np.asarray(label_features(label, 2, covariates))
    assert found.shape == (2, 2 + 2 * FEATURES)
    np.testing.assert_array_equal(found[:, :2], label[:, :2])
    for row in range(2):
        for place, (mean, deviation) in enumerate(((16.5, 9.0), (72, 8))):
            z = (label[row, 2 + place] - mean) / deviation
            for k, frequency in enumerate(FREQUENCIES):
                start = 2 + place * FEATURES
                np.testing.assert_allclose(found[row, start + k], np.cos(2 * np.pi * frequency * z), atol=1e-5)
                at = start + len(FREQUENCIES) + k
                np.testing.assert_allclose(found[row, at], np.sin(2 * np.pi * frequency * z), atol=1e-5)


def test_frequencies_are_quantiles_of_half_a_normal_distribution():
    expected = scipy.stats.halfnorm(scale=0.5).ppf((np.arange(8) + 0.5) / 8)
    np.testing.assert_allclose(FREQUENCIES, expected, rtol=1e-6)


def test_without_covariates_the_label_is_as_it_was():
    label = np.eye(3, dtype=np.float32)
    assert label_features(label, 3, {}) is not None
    np.testing.assert_array_equal(label_features(label, 3, {}), label)


def test_the_estimate_of_resources_counts_as_many():
    assert OF_COVARIATE == FEATURES


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_graph_of_any_labels_computes_what_their_parts_say(classes, count):
    """With two covariates and no class TensorFlow's optimiser removed an axis, and training ended at once."""
    spread = spreads({name: (0, 1, 0.5, 0.25) for name in "abc"[:count]})
    network = SimpleNamespace(c_dim=classes, covariates=spread)
    rng = np.random.default_rng(count)
    columns = {name: keras.Variable(rng.random(4), dtype="float32") for name in spread}
    columns["class"] = keras.Variable(np.arange(4) % 2, dtype="int32")
    kernel = keras.Variable(rng.random((classes + count * FEATURES, 3)), dtype="float32")

    def embedded():
        label = label_of_columns(network, {name: keras.ops.convert_to_tensor(v) for name, v in columns.items()})
        return keras.ops.matmul(label_features(label, classes, spread), kernel)

    found = compiled(embedded, [*columns.values(), kernel])()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), keras.ops.convert_to_numpy(embedded()), atol=1e-5)
