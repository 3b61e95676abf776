"""Low-pass filtering with [1, 3, 3, 1] around up- and down-sampling (Karras et al. 2019, appendix B).

Written with convolutions, whose second-order gradients are exact. `ops.image.resize` must not be used here: its
second-order gradient vanishes without an error, and gradient penalties then train on wrong numbers.
"""

import numpy as np
from keras import ops

TAPS = (1.0, 3.0, 3.0, 1.0)
FILTER = np.outer(TAPS, TAPS) / sum(TAPS) ** 2
"""outer([1, 3, 3, 1]) / 64: (4, 4), sum 1, symmetric."""
HALF_TAPS = np.array([1.0, 2.0, 1.0]) / 4


def fir_filter(inputs, padding, gain=1.0):
    """Pad with zeros and filter.

    One 4x4 depthwise convolution: on a CPU it beats two one-dimensional ones, average pooling and banded matrices.

    Args:
        inputs: (N, H, W, C).
        padding: (before, after) zeros on both axes.
        gain: Factor of the filter.

    Returns:
        (N, H + before + after − 3, W + before + after − 3, C).
    """
    inputs = ops.pad(inputs, ((0, 0), padding, padding, (0, 0)))
    return ops.depthwise_conv(inputs, _per_channel(inputs, FILTER * gain), padding="valid")


def downsample(inputs):
    """Halve the size: pad 1, filter, keep every second pixel.

    Args:
        inputs: (N, H, W, C), H and W even: then "same" padding is 1 on each side.

    Returns:
        (N, H/2, W/2, C).
    """
    return ops.depthwise_conv(inputs, _per_channel(inputs, FILTER), strides=2, padding="same")


def upsample(inputs):
    """Double the size: insert zeros, pad (2, 1), filter with gain 4.

    Computed as doubled pixels filtered with [1, 2, 1], since [1, 3, 3, 1] is [1, 1] convolved with [1, 2, 1].

    Args:
        inputs: (N, H, W, C).

    Returns:
        (N, 2H, 2W, C).
    """
    return ops.depthwise_conv(double(inputs), _per_channel(inputs, np.outer(HALF_TAPS, HALF_TAPS)), padding="same")


def double(inputs):
    """Nearest neighbour: (N, H, W, C) to (N, 2H, 2W, C), every pixel four times."""
    return ops.repeat(ops.repeat(inputs, 2, axis=1), 2, axis=2)


def halve(inputs):
    """Means of 2x2 pixels: (N, H, W, C), H and W even, to (N, H/2, W/2, C). `halve(double(x))` is x to the last bit."""
    _, height, width, channels = inputs.shape
    return ops.mean(ops.reshape(inputs, (-1, height // 2, 2, width // 2, 2, channels)), axis=(2, 4))


def conv_up(inputs, kernel):
    """Double the size and convolve: transposed convolution with stride 2, filter with gain 4.

    Args:
        inputs: (N, H, W, C).
        kernel: (3, 3, F, C), as a transposed convolution has it.

    Returns:
        (N, 2H, 2W, F).
    """
    outputs = ops.conv_transpose(inputs, kernel, strides=2, padding="valid")  # (N, 2H+1, 2W+1, F)
    return fir_filter(outputs, (1, 1), gain=4.0)


def _per_channel(inputs, kernel):
    kernel = np.repeat(kernel[:, :, None, None], inputs.shape[-1], axis=2)
    return ops.cast(kernel, inputs.dtype)
