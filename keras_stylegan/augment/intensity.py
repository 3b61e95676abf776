"""Grey values: gain, brightness, gamma and contrast of images with black at 0 and white at 1."""

from keras import ops


def curved(planes, curvature):
    """t(u) = (e^{cu} − 1)/(e^c − 1), a tone curve from 0 to 1: the middle grey becomes 1/(e^{c/2} + 1).

    In place of u^γ, which has no or no finite derivative at black, where all the padding is, and no value below it.

    Args:
        planes: (N, M, H, W).
        curvature: (N, 1, 1, 1), 0 for no change; see `curvature_of`.
    """
    straight = ops.abs(curvature) < 1e-3
    # What is not taken must have a gradient that is a number as well.
    c = ops.where(straight, 1.0, curvature)
    return ops.where(straight, planes, (ops.exp(c * planes) - 1.0) / (ops.exp(c) - 1.0))


def curvature_of(gamma):
    """The curvature whose middle grey is that of u^γ, (1/2)^γ: c = 2·ln(2^γ − 1)."""
    return 2.0 * ops.log(ops.power(2.0, gamma) - 1.0)


def contrasted(planes, factor):
    """(u − mean)·factor + mean, with the mean of each plane (N, M, H, W)."""
    mean = ops.mean(planes, axis=(2, 3), keepdims=True)
    return (planes - mean) * factor + mean
