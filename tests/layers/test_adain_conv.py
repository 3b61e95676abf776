"""The layers of StyleGAN of 2018 against numpy loops."""

import numpy as np
import pytest
import reference_stylegan as reference
from helpers import close, nchw, normal, randomize

from keras_stylegan.layers.adain_conv import AdaINConv2D, AdaINEpilogue


def parameters(epilogue):
    return {
        "a.affine.weight": epilogue.adain.affine.kernel.numpy().T,
        "a.affine.bias": epilogue.adain.affine.bias.numpy(),
        "a.noise_strength": epilogue.noise.strength.numpy(),
        "a.bias": epilogue.bias.numpy(),
    }


def noises(epilogue, drawn):
    """Ours to theirs."""
    return {"const": nchw(epilogue.noise.noise_const.numpy()), "none": None, "tensor": nchw(drawn)}


@pytest.mark.parametrize("noise", ["const", "tensor", "none"])
def test_epilogue(noise):
    layer = AdaINEpilogue(seed=0)
    x, w, drawn = normal(3, 4, 4, 2), normal(3, 6, seed=1), normal(3, 4, 4, 1, seed=2)
    layer.build(x.shape, w.shape)
    randomize(layer)
    ours = layer(x, w, noise=drawn if noise == "tensor" else noise)
    close(nchw(ours), reference.epilogue(parameters(layer), "a", nchw(x), w, noises(layer, drawn)[noise]))


@pytest.mark.parametrize("up", [False, True])
def test_conv(up):
    layer = AdaINConv2D(5, up=up, seed=0)
    x, w = normal(3, 4, 4, 2), normal(3, 6, seed=1)
    layer.build(x.shape, w.shape)
    randomize(layer)
    kernel = layer.kernel.numpy().transpose(2, 3, 0, 1) if up else layer.kernel.numpy().transpose(3, 2, 0, 1)
    drawn = normal(3, 8 if up else 4, 8 if up else 4, 1, seed=2)
    p = parameters(layer.epilogue) | {"a.weight": kernel}
    close(nchw(layer(x, w, noise=drawn)), reference.styled_conv(p, "a", nchw(x), w, nchw(drawn), up))


def test_the_output_is_clamped():
    layer = AdaINConv2D(5, clamp=0.5, seed=0)
    assert np.abs(layer(normal(2, 4, 4, 2), normal(2, 6))).max() == 0.5


def test_filters_below_one_are_refused():
    with pytest.raises(ValueError, match="filters must be at least 1. Received: 0"):
        AdaINConv2D(0)
