"""Leaky ReLU with slope 0.2, the activation of every StyleGAN2 layer."""

from keras import ops

SLOPE = 0.2
GAIN = 2**0.5
"""Keeps the second moment of a unit normal input near 1 (He et al. 2015)."""


def leaky_relu(inputs, clamp=None):
    """Leaky ReLU, optionally clamped.

    The activation's gain is not applied here: leaky ReLU is positively homogeneous, `a(g·x) = g·a(x)`, so a layer
    multiplies its small kernel and bias by the gain instead of its large output.

    Args:
        inputs: Tensor of any shape.
        clamp: Outputs are limited to [-clamp, clamp]; needed with float16 only.

    Returns:
        Tensor of the same shape.
    """
    outputs = ops.leaky_relu(inputs, SLOPE)
    return outputs if clamp is None else ops.clip(outputs, -clamp, clamp)
