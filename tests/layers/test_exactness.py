"""Each layer against a numpy loop of its paper's equation, scipy, or numbers computed by hand."""

import numpy as np
import pytest
import reference_numpy as reference
from helpers import randomize
from keras import ops
from scipy.signal import convolve2d

from keras_stylegan.layers.activation import leaky_relu
from keras_stylegan.layers.equalized import EqualizedConv2D, EqualizedDense
from keras_stylegan.layers.minibatch_stddev import MinibatchStddev
from keras_stylegan.layers.modulated_conv import ModulatedConv2D
from keras_stylegan.layers.noise import NoiseInjection
from keras_stylegan.layers.normalize import normalize_second_moment
from keras_stylegan.layers.resample import FILTER, downsample, fir_filter, upsample
from keras_stylegan.layers.seeds import derive_seed
from keras_stylegan.layers.styled_conv import StyledConv2D, ToRGB


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def nchw(x):
    return np.asarray(x, np.float64).transpose(0, 3, 1, 2)


def oihw(kernel):
    return kernel.numpy().astype(np.float64).transpose(3, 2, 0, 1)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * np.max(np.abs(expected)))


def test_leaky_relu_and_clamp():
    close(leaky_relu(ops.array([-10.0, -1.0, 0.0, 3.0])), [-2.0, -0.2, 0.0, 3.0])
    close(leaky_relu(ops.array([-10.0, 3.0]), clamp=1.5), [-1.5, 1.5])


def test_normalization_by_hand():
    # mean square of (3, 4) is 12.5
    close(normalize_second_moment(ops.array([[3.0, 4.0], [0.0, 0.0]])), [[3 / 12.5**0.5, 4 / 12.5**0.5], [0.0, 0.0]])


def test_dense_by_hand():
    layer = EqualizedDense(1, activation="leaky_relu", lr_multiplier=0.5)
    layer.build((None, 4))
    layer.kernel.assign([[1.0], [2.0], [-3.0], [4.0]])
    layer.bias.assign([6.0])
    # (1 + 2 - 3 + 4) · 0.5/√4 + 0.5 · 6 = 4, times √2; (−10 − 10) … = -5 + 3 = -2, times 0.2·√2
    close(layer(ops.array([[1.0, 1, 1, 1], [-5.0, -5, -5, -5]])), [[4 * 2**0.5], [-2 * 0.2 * 2**0.5]])


@pytest.mark.parametrize("lr_multiplier", [1.0, 0.01])
def test_dense(lr_multiplier):
    layer = EqualizedDense(5, lr_multiplier=lr_multiplier, bias_init=1.0, seed=0)
    x = normal(3, 7)
    layer.build(x.shape)
    close(layer.bias.numpy() * lr_multiplier, np.ones(5))
    p = {"a.weight": layer.kernel.numpy().T, "a.bias": layer.bias.numpy()}
    close(layer(x), reference.dense(p, "a", x, lr_multiplier))


@pytest.mark.parametrize("kernel_size", [1, 3])
@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("activation", [None, "leaky_relu"])
def test_conv(kernel_size, down, activation):
    layer = EqualizedConv2D(5, kernel_size, down=down, activation=activation, gain=0.6, seed=0)
    x = normal(2, 8, 8, 3)
    layer.build(x.shape)
    randomize(layer)
    p = {"a.weight": oihw(layer.kernel), "a.bias": layer.bias.numpy()}
    close(nchw(layer(x)), reference.conv_layer(p, "a", nchw(x), down, activation is not None, 0.6))


def test_conv_clamp_is_before_the_gain():
    layer = EqualizedConv2D(2, 1, gain=0.5, clamp=1.0, seed=0)
    assert np.max(np.abs(layer(100 * normal(2, 4, 4, 3)))) == 0.5


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


def test_filter_is_the_papers():
    np.testing.assert_array_equal(FILTER * 64, [[1, 3, 3, 1], [3, 9, 9, 3], [3, 9, 9, 3], [1, 3, 3, 1]])


def test_fir_filter_against_scipy():
    x = normal(2, 5, 7, 3)
    actual = np.asarray(fir_filter(x, (2, 1), gain=3.0))
    assert actual.shape == (2, 5, 7, 3)
    for n in range(2):
        for c in range(3):
            padded = np.pad(x[n, :, :, c], (2, 1))
            close(actual[n, :, :, c], 3 * convolve2d(padded, FILTER, mode="valid"))


def test_downsample_against_scipy():
    x = normal(2, 6, 8, 3)
    actual = np.asarray(downsample(x))
    for n in range(2):
        for c in range(3):
            close(actual[n, :, :, c], convolve2d(np.pad(x[n, :, :, c], 1), FILTER, mode="valid")[::2, ::2])


def test_upsample_against_scipy():
    x = normal(2, 3, 5, 3)
    actual = np.asarray(upsample(x))
    for n in range(2):
        for c in range(3):
            spread = np.zeros((6, 10))
            spread[::2, ::2] = x[n, :, :, c]
            close(actual[n, :, :, c], convolve2d(np.pad(spread, (2, 1)), 4 * FILTER, mode="valid"))


def test_resampling_keeps_a_constant_inside():
    ones = np.ones((1, 8, 8, 1), np.float32)
    close(np.asarray(upsample(ones))[0, 2:-2, 2:-2, 0], np.ones((12, 12)))
    close(np.asarray(downsample(ones))[0, 1:-1, 1:-1, 0], np.ones((2, 2)))


def test_noise():
    layer = NoiseInjection(gain=2.0, seed=0)
    x, noise = normal(2, 3, 3, 4), normal(2, 3, 3, 1, seed=1)
    layer.build(x.shape)
    np.testing.assert_array_equal(layer(x), x)  # the strength starts at 0
    layer.strength.assign(0.5)
    close(layer(x), x + 1.0 * layer.noise_const.numpy())
    close(layer(x, noise=noise), x + 1.0 * noise)
    np.testing.assert_array_equal(layer(x, noise="none"), x)
    with pytest.raises(ValueError, match="noise must be 'const', 'none' or a tensor. Received: 'random'"):
        layer(x, noise="random")


def test_noise_buffer_is_not_trained():
    layer = NoiseInjection()
    layer.build((None, 3, 3, 4))
    assert [variable.name for variable in layer.trainable_variables] == ["strength"]


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


def test_minibatch_stddev_refuses_a_batch_that_is_no_multiple():
    with pytest.raises(ValueError, match="multiple of the group size 4. Received a batch of 6"):
        MinibatchStddev(4)(normal(6, 4, 4, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EqualizedDense(0), "units must be at least 1. Received: 0"),
        (lambda: EqualizedDense(3, activation="relu"), "'leaky_relu'. Received: 'relu'"),
        (lambda: EqualizedConv2D(0, 3), "filters must be at least 1. Received: 0"),
        (lambda: EqualizedConv2D(2, 5), "kernel_size must be 1 or 3. Received: 5"),
        (lambda: EqualizedConv2D(2, 3, activation="relu"), "'leaky_relu'. Received: 'relu'"),
        (lambda: ModulatedConv2D(0), "filters must be at least 1. Received: 0"),
        (lambda: MinibatchStddev(0), "group_size must be at least 1. Received: 0"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_derived_seeds():
    assert derive_seed(None, "a") is None
    assert derive_seed(1, "a") == derive_seed(1, "a")
    assert len({derive_seed(seed, name) for seed in range(3) for name in ("a", "b")}) == 6
    assert 0 <= derive_seed(0, "fc0") < 2**31
