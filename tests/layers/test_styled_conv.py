"""A layer of the synthesis network and ToRGB against numpy loops."""

import numpy as np
import pytest
import reference_numpy as reference
from helpers import close, nchw, normal, randomize

from keras_stylegan.layers.styled_conv import StyledConv2D, ToRGB


@pytest.mark.parametrize("noise", ["const", "tensor", "none"])
@pytest.mark.parametrize("up", [False, True])
def test_styled_conv(up, noise):
    layer = StyledConv2D(5, up=up, gain=0.7, seed=0)
    x, w = normal(3, 4, 4, 2), normal(3, 6, seed=1)
    layer.build(x.shape, w.shape)
    randomize(layer)
    kernel = layer.conv.kernel.numpy()
    size = 8 if up else 4
    drawn = normal(3, size, size, 1, seed=2)
    p = {
        "a.weight": kernel.transpose(2, 3, 0, 1) if up else kernel.transpose(3, 2, 0, 1),
        "a.affine.weight": layer.affine.kernel.numpy().T,
        "a.affine.bias": layer.affine.bias.numpy(),
        "a.noise_const": layer.noise.noise_const.numpy()[0, :, :, 0],
        "a.noise_strength": layer.noise.strength.numpy(),
        "a.bias": layer.bias.numpy(),
    }
    ours = layer(x, w, noise=drawn if noise == "tensor" else noise)
    theirs = {"const": "const", "none": None, "tensor": nchw(drawn)}[noise]
    close(nchw(ours), reference.styled_conv(p, "a", nchw(x), w, theirs, up, 0.7))


def test_style_starts_at_one():
    layer = StyledConv2D(5, seed=0)
    layer.build((None, 4, 4, 2), (None, 6))
    close(layer.affine(np.zeros((1, 6), np.float32)), [[1.0, 1.0]])


def test_to_rgb():
    layer = ToRGB(3, seed=0)
    x, w = normal(2, 4, 5, 6), normal(2, 7, seed=1)
    layer.build(x.shape, w.shape)
    randomize(layer)
    p = {
        "a.weight": layer.kernel.numpy().T[:, :, None, None],
        "a.bias": layer.bias.numpy(),
        "a.affine.weight": layer.affine.kernel.numpy().T,
        "a.affine.bias": layer.affine.bias.numpy(),
    }
    close(nchw(layer(x, w)), reference.to_rgb(p, "a", nchw(x), w))
