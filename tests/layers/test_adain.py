"""AdaIN against a numpy loop."""

import numpy as np
import reference_stylegan as reference
from helpers import close, nchw, normal, randomize

from keras_stylegan.layers.adain import AdaIN


def test_adain_is_the_papers_equation():
    layer = AdaIN(seed=0)
    x, w = 3.0 * normal(3, 4, 5, 2) + 1.0, normal(3, 6, seed=1)
    layer.build(x.shape, w.shape)
    randomize(layer)
    style = w @ (layer.affine.kernel.numpy() / np.sqrt(6)) + layer.affine.bias.numpy()
    close(nchw(layer(x, w)), reference.adain(nchw(x), 1 + style[:, :2], style[:, 2:]))


def test_a_fresh_style_of_zero_normalises_only():
    layer = AdaIN(seed=0)
    out = np.asarray(layer(5.0 * normal(2, 8, 8, 3) - 2.0, np.zeros((2, 6), np.float32)))
    np.testing.assert_allclose(out.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=(1, 2)), 1, rtol=1e-5)


def test_scale_and_offset_of_a_channel_do_not_matter():
    layer = AdaIN(seed=0)
    x, w = normal(2, 6, 6, 3), normal(2, 5, seed=1)
    factors, offsets = np.float32([0.1, 4.0, 50.0]), np.float32([0.0, -3.0, 10.0])
    np.testing.assert_allclose(layer(x * factors + offsets, w), layer(x, w), atol=2e-4)


def test_equal_pixels_give_the_shift_and_no_nan():
    layer = AdaIN(seed=0)
    w = normal(1, 5)
    out = np.asarray(layer(np.full((1, 4, 4, 2), 3.0, np.float32), w))
    close(out[0, 0, 0], np.asarray(layer.affine(w))[0, 2:])
    assert np.ptp(out, axis=(1, 2)).max() < 1e-5
