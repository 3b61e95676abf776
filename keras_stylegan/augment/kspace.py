"""The real Fourier series along an axis, as two matrices: filters and shifts by fractions of a pixel are exact in it.

Everything is a product with matrices, so linear in the image, with gradients of any order on every backend. A gather
would do with fewer operations, but its gradient adds up in no fixed order on a GPU; beside a network both are nothing.
"""

import numpy as np
from keras import ops


def constant(array):
    """A float32 tensor: PyTorch's do not take part in numpy's arithmetic."""
    return ops.convert_to_tensor(np.asarray(array, "float32"))


class Axis:
    """An axis of n pixels.

    Attributes:
        frequencies: (K,) in cycles per pixel, 0 to 1/2, K = n // 2 + 1.
        analysis: (n, 2K): from pixels to coefficients, first those of cosines, then those of sines.
        synthesis: (2K, n): back.
    """

    def __init__(self, n):
        self.n = n
        self.frequencies = (np.arange(n // 2 + 1) / n).astype("float32")
        angles = 2 * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n
        waves = np.concatenate([np.cos(angles), np.sin(angles)])
        # Every frequency but 0 and 1/2 stands for two.
        twice = np.where((np.arange(n // 2 + 1) == 0) | (2 * np.arange(n // 2 + 1) == n), 1, 2)
        self.synthesis = waves.astype("float32")
        self.analysis = (waves * np.tile(twice, 2)[:, None] / n).T.astype("float32")
        self.both = np.tile(self.frequencies, 2)

    def at(self, positions):
        """Synthesis at any positions.

        Args:
            positions: (N, 1, m) in pixels.

        Returns:
            (N, 1, 2K, m).
        """
        angles = constant(2 * np.pi * self.frequencies[:, None]) * positions[:, :, None, :]
        return ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=2)


def along_width(planes, matrix):
    """planes (N, M, H, W) times a constant (W, k)."""
    _, *rest, width = planes.shape
    return ops.reshape(ops.matmul(ops.reshape(planes, (-1, width)), matrix), (-1, *rest, matrix.shape[1]))


def along_height(planes, matrix):
    """The same along H: (N, M, k, W)."""
    return ops.matmul(matrix.T, planes)


def filtered(planes, height, width, factors):
    """Multiply the coefficients of both axes, as if the image went on periodically.

    Args:
        planes: (N, M, H, W).
        height: `Axis` of H.
        width: `Axis` of W.
        factors: (N, 1, 2K_H, 2K_W), the same for cosines and sines.
    """
    coefficients = along_height(along_width(planes, width.analysis), height.analysis)
    return along_width(along_height(coefficients * factors, height.synthesis), width.synthesis)


def shifted_width(coefficients, axis, distances):
    """Coefficients (N, M, H, 2K) along the width, of rows moved so that f(x) becomes f(x + distance).

    Args:
        coefficients: As above.
        axis: `Axis` of the width.
        distances: (N, 1, H, 1) in pixels.
    """
    angles = distances * constant(2 * np.pi * axis.frequencies)
    return ops.concatenate(_turned(*ops.split(coefficients, 2, axis=3), ops.cos(angles), ops.sin(angles)), axis=3)


def shifted_height(coefficients, axis, distances):
    """The same for columns: coefficients (N, M, 2K, W), distances (N, 1, 1, W)."""
    angles = distances * constant(2 * np.pi * axis.frequencies[:, None])
    return ops.concatenate(_turned(*ops.split(coefficients, 2, axis=2), ops.cos(angles), ops.sin(angles)), axis=2)


def _turned(cosines, sines, cos, sin):
    return [cosines * cos + sines * sin, sines * cos - cosines * sin]
