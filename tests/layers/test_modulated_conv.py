"""The modulated convolution against the paper's equations with a kernel per sample."""

import numpy as np
import pytest
import reference_numpy as reference
from helpers import close, nchw, normal

from keras_stylegan.layers.modulated_conv import ModulatedConv2D


@pytest.mark.parametrize("up", [False, True])
def test_modulated_conv_is_a_demodulated_kernel_per_sample(up):
    """Equations 1 to 3 of StyleGAN2."""
    layer = ModulatedConv2D(5, up=up, gain=1.5, seed=0)
    x, style = normal(3, 4, 6, 2), normal(3, 2, seed=1)
    layer.build(x.shape, style.shape)
    kernel = layer.kernel.numpy().astype(np.float64)
    weight = kernel.transpose(2, 3, 0, 1) if up else kernel.transpose(3, 2, 0, 1)
    close(nchw(layer(x, style)), 1.5 * reference.modulated_conv(nchw(x), weight, style, up))


def test_modulated_conv_is_invariant_to_the_scale_of_the_style():
    layer = ModulatedConv2D(5, seed=0)
    x, style = normal(3, 4, 4, 2), normal(3, 2, seed=1)
    close(layer(x, 7 * style), layer(x, style))


def test_modulated_conv_has_unit_variance_on_unit_noise():
    layer = ModulatedConv2D(4, seed=0)
    x = normal(8, 16, 16, 8)
    inner = np.asarray(layer(x, normal(8, 8, seed=1)))[:, 1:-1, 1:-1]
    assert abs(np.std(inner) - 1) < 0.05


def test_modulated_conv_refuses_a_style_of_another_size():
    with pytest.raises(ValueError, match=r"one value per input channel \(2\).*Received: \(3, 4\)"):
        ModulatedConv2D(5).build((3, 4, 4, 2), (3, 4))


def test_no_filters_are_refused():
    with pytest.raises(ValueError, match="filters must be at least 1. Received: 0"):
        ModulatedConv2D(0)
