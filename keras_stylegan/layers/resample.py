"""Low-pass filtering with [1, 3, 3, 1] around up- and down-sampling (Karras et al. 2019, appendix B).

Written with convolutions, whose second-order gradients are exact. `ops.image.resize` must not be used here: its
second-order gradient vanishes without an error, and gradient penalties then train on wrong numbers.
"""

import numpy as np
from keras import ops

TAPS = (1.0, 3.0, 3.0, 1.0)
FILTER = np.outer(TAPS, TAPS) / sum(TAPS) ** 2
"""outer([1, 3, 3, 1]) / 64: (4, 4), sum 1, symmetric."""


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
    return ops.depthwise_conv(inputs, _per_channel(inputs, gain), padding="valid")


def downsample(inputs):
    """Halve the size: pad 1, filter, keep every second pixel.

    Args:
        inputs: (N, H, W, C), H and W even: then "same" padding is 1 on each side.

    Returns:
        (N, H/2, W/2, C).
    """
    return ops.depthwise_conv(inputs, _per_channel(inputs, 1.0), strides=2, padding="same")


def upsample(inputs):
    """Double the size of an image: insert zeros, pad (2, 1), filter with gain 4; as one transposed convolution.

    Args:
        inputs: (N, H, W, C).

    Returns:
        (N, 2H, 2W, C).
    """
    kernel = FILTER[:, :, None, None] * 4.0 * np.eye(inputs.shape[-1])
    return ops.conv_transpose(inputs, ops.cast(kernel, inputs.dtype), strides=2, padding="same")


def _per_channel(inputs, gain):
    kernel = np.repeat(FILTER[:, :, None, None] * gain, inputs.shape[-1], axis=2)
    return ops.cast(kernel, inputs.dtype)
