"""What a scanner does to an image of magnitudes, 0 for air: coil, blur, truncated and disturbed k-space, noise."""

import math

import numpy as np
from keras import ops

from keras_stylegan.augment.kspace import constant, filtered

FIELD_WAVES = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))
"""Half-waves of a bias field over height and width."""


def with_bias_field(planes, weights):
    """Multiply by exp(Σ weight·cos·cos), a smooth positive field of five cosines.

    Args:
        planes: (N, M, H, W).
        weights: Five (N, 1, 1, 1).
    """
    y, x = (np.pi * (np.arange(n) + 0.5) / n for n in planes.shape[2:])
    waves = [constant(np.outer(np.cos(i * y), np.cos(j * x))) for i, j in FIELD_WAVES]
    return planes * ops.exp(sum(weight * wave for weight, wave in zip(weights, waves, strict=True)))


def through_kspace(planes, height, width, deviation=None, cut=None):
    """Blur and ringing, one pass through k-space.

    Args:
        planes: (N, M, H, W).
        height: `Axis` of H.
        width: `Axis` of W.
        deviation: (N, 1, 1, 1) pixels of a Gaussian; or None.
        cut: (N, 1, 1, 1): the share of each axis's frequencies that is left out, the highest, as a matrix of fewer
            lines does (Gibbs ringing); or None.
    """
    factors = 1.0
    if deviation is not None:
        squares = constant(height.both[:, None] ** 2 + width.both**2)
        factors = ops.exp(-2 * math.pi**2 * ops.square(deviation) * squares)
    if cut is not None:
        highest = constant(np.maximum(height.both[:, None], width.both))
        factors = factors * ops.cast(highest <= 0.5 * (1.0 - cut), "float32")
    return filtered(planes, height, width, factors)


def with_spikes(planes, y_wave, x_wave, phase, amplitude):
    """Add a pair of conjugate spikes in k-space: a plane wave over the image.

    Args:
        planes: (N, M, H, W).
        y_wave: (N, 1, 1, 1) in [-1, 1]: waves over the height, as a share of half the pixels.
        x_wave: Waves over the width.
        phase: (N, 1, 1, 1) in [-1, 1], a share of half a turn.
        amplitude: (N, 1, 1, 1).
    """
    n, m = planes.shape[2:]
    y, x = constant(2 * np.pi * np.arange(n)[:, None] / n), constant(2 * np.pi * np.arange(m) / m)
    angles = ops.round(y_wave * (n // 2)) * y + ops.round(x_wave * (m // 2)) * x + math.pi * phase
    return planes + amplitude * ops.cos(angles)


def with_rician_noise(planes, deviation, real, imaginary):
    """Magnitude of a signal with Gaussian noise in both channels (Gudbjartsson and Patz 1995).

    Args:
        planes: (N, M, H, W).
        deviation: (N, 1, 1, 1) of each channel.
        real: (N, M, H, W), N(0, 1).
        imaginary: The same for the other channel.
    """
    power = ops.square(planes + deviation * real) + ops.square(deviation * imaginary)
    # At nothing the root has no derivative.
    return ops.sqrt(power + 1e-10)
