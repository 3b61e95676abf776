"""A convolution on a device, against numpy."""

import numpy as np

from keras_stylegan.checking.failed import Failed

TOLERANCE = 5e-3
"""Relative to the largest value: GPUs compute with the 10 bits of TF32, whose products err by 5e-4."""


def convolution_by_hand() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (N, H, W, 3), a kernel (3, 3, 3, 8) and their convolution with zero padding, in double precision."""
    random = np.random.default_rng(0)
    images, kernel = random.normal(size=(2, 16, 16, 3)), random.normal(size=(3, 3, 3, 8))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return images, kernel, np.einsum("nhwcij,ijco->nhwo", windows, kernel)


def require_equal(found: np.ndarray, expected: np.ndarray, advice: str) -> float:
    """The largest difference, relative to the largest value."""
    difference = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
    if not difference <= TOLERANCE:
        raise Failed(f"differs from numpy's by {difference:.1g} of its largest value", advice)
    return difference


def convolution(device: str) -> str:
    """One on a device, against numpy."""
    import keras
    from keras import ops

    images, kernel, expected = convolution_by_hand()
    with keras.device(device):
        found = ops.conv(*(ops.convert_to_tensor(a.astype("float32")) for a in (images, kernel)), padding="same")
        found = ops.convert_to_numpy(found)
    advice = "its results are wrong: update the driver, try another backend, and do not train on this device"
    return f"as numpy's, to {require_equal(found, expected, advice):.0e}"
