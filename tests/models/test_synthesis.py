"""The synthesis network: noise and styles."""

import keras
import numpy as np
import pytest
from helpers import normal

from keras_stylegan.layers.resample import upsample


def test_noise_kinds(generator):
    ws = generator.mapping(normal(2, 6))
    synthesis = generator.synthesis
    assert synthesis.noise_shapes(2) == [(2, 4, 4, 1), (2, 8, 8, 1), (2, 8, 8, 1)]
    np.testing.assert_array_equal(synthesis(ws), synthesis(ws))
    first, second = synthesis(ws, noise="random"), synthesis(ws, noise="random")
    assert not np.allclose(first, second)
    noise = synthesis.draw_noise(2, seed=keras.random.SeedGenerator(0))
    np.testing.assert_array_equal(synthesis(ws, noise=noise), synthesis(ws, noise=noise))
    buffers = [np.repeat(conv.noise.noise_const.numpy(), 2, axis=0) for conv in synthesis.convs]
    np.testing.assert_allclose(synthesis(ws, noise=buffers), synthesis(ws), atol=1e-6)
    zeros = [np.zeros(shape, np.float32) for shape in synthesis.noise_shapes(2)]
    np.testing.assert_allclose(synthesis(ws, noise=zeros), synthesis(ws, noise="none"), atol=1e-6)


def test_random_noise_differs_between_samples(generator):
    ws = np.repeat(np.asarray(generator.mapping(normal(1, 6))), 2, axis=0)
    images = np.asarray(generator.synthesis(ws, noise="random"))
    assert not np.allclose(images[0], images[1])


def test_a_noise_list_of_another_length_is_refused(generator):
    with pytest.raises(ValueError, match=r"per styled convolution \(3\). Received: 1"):
        generator.synthesis(generator.mapping(normal(1, 6)), noise=[np.zeros((1, 4, 4, 1))])


def test_every_w_reaches_the_image_through_its_own_layer(generator):
    ws = np.array(generator.mapping(normal(1, 6)))
    image = np.asarray(generator.synthesis(ws))
    for index in range(generator.num_ws):
        changed = ws.copy()
        changed[:, index] += 1.0
        assert not np.allclose(generator.synthesis(changed), image)


def test_feature_maps_are_what_the_last_layer_makes_the_image_of(generator):
    synthesis, ws = generator.synthesis, generator.mapping(normal(2, 6))
    maps = synthesis.feature_maps(ws)
    assert list(maps) == [conv.name for conv in synthesis.convs]
    assert [value.shape for value in maps.values()] == [(2, 4, 4, 6), (2, 8, 8, 4), (2, 8, 8, 4)]
    coarse = synthesis.to_rgbs["4"](maps["b4_conv1"], ws[:, 1])
    image = upsample(coarse) + synthesis.to_rgbs["8"](maps["b8_conv1"], ws[:, 3])
    np.testing.assert_array_equal(image, synthesis(ws))
