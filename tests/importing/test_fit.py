"""Grey of RGB and a lower resolution of a higher one, against the numpy networks on the file's own weights."""

import files
import numpy as np
import pytest
import reference_numpy as reference

from keras_stylegan.importing.fit import fit
from keras_stylegan.importing.weights import Weights


def weights_of(**sizes):
    parameters = reference.random_parameters(**sizes)
    return Weights("test", files.generator_of(parameters)), parameters


def images(arrays, count):
    """Images of the first `count` styles, float64."""
    exact = {f"G/{name}": array.astype(np.float64) for name, array in arrays.items()}
    w = reference.mapping(exact, "G/mapping", np.random.default_rng(0).normal(size=(2, 6)), None)
    return reference.synthesis(exact, np.repeat(w[:, None], count, axis=1))


def test_grey_is_the_mean_of_the_colours():
    weights, parameters = weights_of(resolution=16, channels=3)
    rgb = images(files.generator_of(parameters), 6)
    fit(weights, 1, None)
    np.testing.assert_allclose(images(weights.arrays, 6), rgb.mean(axis=1, keepdims=True), atol=1e-5)
    assert weights.notes == ["RGB to grey: the output is the mean of the three colours"]


def test_a_lower_resolution_is_the_sum_that_stops_early():
    """With every ToRGB above it set to 0, the whole image is the lower one, up-sampled."""
    weights, parameters = weights_of(resolution=16, channels=1)
    whole = files.generator_of(parameters)
    whole |= {name: np.zeros_like(whole[name]) for name in whole if name.startswith("synthesis.b16.torgb")}
    expected = images(whole, 6)
    fit(weights, None, 8)
    np.testing.assert_allclose(reference.upsample(images(weights.arrays, 4)), expected, atol=1e-5)
    assert weights.notes == ["resolution 16 cut to 8: the sum of images stops there"]


def test_what_is_so_already_is_left_alone():
    weights, _ = weights_of(resolution=8)
    before = dict(weights.arrays)
    fit(weights, 1, 8)
    assert weights.notes == [] and weights.arrays == before


@pytest.mark.parametrize(
    ("sizes", "arguments", "message"),
    [
        ({"resolution": 16}, (None, 32), r"--resolution must be one of \[8, 16\].*Received: 32"),
        ({"resolution": 16}, (None, 4), r"--resolution must be one of \[8, 16\].*Received: 4"),
        ({"resolution": 16}, (3, None), "--channels must be 1, as the generator has. Received: 3"),
        ({"resolution": 16, "resnet": True}, (None, 8), "'resnet' generator makes an image at its last resolution"),
    ],
)
def test_what_cannot_be(sizes, arguments, message):
    weights, _ = weights_of(**sizes)
    with pytest.raises(ValueError, match=message):
        fit(weights, *arguments)
