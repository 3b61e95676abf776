"""Rotation, scale and translation against functions that can be evaluated anywhere."""

import numpy as np
import pytest

from keras_stylegan.augment.geometry import transformed
from keras_stylegan.augment.kspace import Axis

HEIGHT, WIDTH = 32, 40
Y, X = np.meshgrid(np.arange(HEIGHT) - (HEIGHT - 1) / 2, np.arange(WIDTH) - (WIDTH - 1) / 2, indexing="ij")


def blob(y, x):
    """Smooth, without symmetry, and nothing at the borders."""
    return np.exp(-((y - 3) ** 2) / 18 - (x + 4) ** 2 / 30) + 0.5 * np.exp(-((y + 4) ** 2) / 12 - (x - 5) ** 2 / 12)


def change(image, **options):
    def tensor(value):
        return np.full((1, 1, 1, 1), value, "float32")

    options = {key: tuple(map(tensor, v)) if isinstance(v, tuple) else tensor(v) for key, v in options.items()}
    return np.asarray(transformed(image[None, None].astype("float32"), Axis(HEIGHT), Axis(WIDTH), **options))[0, 0]


def source(angle=0.0, scale=(1, 1), shift=(0, 0)):
    """Where a pixel of the result comes from: shift, scale and rotation undone."""
    y, x = (Y - shift[0]) / scale[0], (X - shift[1]) / scale[1]
    return np.sin(angle) * x + np.cos(angle) * y, np.cos(angle) * x - np.sin(angle) * y


@pytest.mark.parametrize(
    "options",
    [
        {"angle": 0.17},
        {"angle": -0.1},
        {"scale": (1.1, 1.1)},
        {"scale": (0.9, 1.05)},
        {"shift": (1.3, -2.6)},
        {"angle": 0.12, "scale": (0.95, 1.1), "shift": (-1.5, 0.7)},
    ],
)
def test_a_smooth_image_is_what_its_formula_gives(options):
    np.testing.assert_allclose(change(blob(Y, X), **options), blob(*source(**options)), atol=2e-3)


def test_a_whole_shift_moves_pixels_and_brings_in_black():
    image = np.random.default_rng(0).uniform(size=(HEIGHT, WIDTH))
    moved = change(image, shift=(2.0, -3.0))
    expected = np.zeros_like(image)
    expected[2:, :-3] = image[:-2, 3:]
    np.testing.assert_allclose(moved, expected, atol=1e-4)


def wave(frequency_y, frequency_x):
    return np.cos(2 * np.pi * (frequency_y * Y + frequency_x * X))


@pytest.mark.parametrize(
    ("frequency", "least"),
    [((0.2, 0.2), 0.97), ((0.3, 0.3), 0.5), ((0.47, 0.1), 0), ((0.1, 0.45), 0), ((0.45, 0.45), 0), ((0.49, 0.49), 0)],
)
def test_a_rotated_wave_has_no_other_frequency(frequency, least):
    """What a rotation cannot carry is missing; nothing comes back as another wave."""
    angle = np.pi / 18
    # Windowed, since a wave that is cut off at the borders has all frequencies.
    window = np.exp(-(Y**2 + X**2) / 60)
    turned = change(window * wave(*frequency), angle=angle)
    expected = np.exp(-(Y**2 + X**2) / 60) * wave(*(np.array(frequency) @ rotation(angle)))
    gain = np.sum(turned * expected) / np.sum(expected**2)
    assert least - 0.05 < gain < 1.02
    spectrum = np.abs(np.fft.fft2(turned)) ** 2
    y, x = np.fft.fftfreq(HEIGHT)[:, None], np.fft.fftfreq(WIDTH)
    target = np.array(frequency) @ rotation(angle)
    near = sum(np.hypot(y - sign * target[0], x - sign * target[1]) < 0.12 for sign in (1, -1)) > 0
    assert spectrum[~near].sum() < 0.01 * np.sum(np.abs(np.fft.fft2(window * wave(*frequency))) ** 2)


def rotation(angle):
    """From the frequencies (y, x) of an image to those of the turned one."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def test_a_shrunk_wave_beyond_the_pixels_is_gone():
    window = np.exp(-(Y**2 + X**2) / 60)
    shrunk = change(window * wave(0.0, 0.49), scale=(0.9, 0.9))
    assert np.abs(shrunk).max() < 0.05
    kept = change(window * wave(0.0, 0.2), scale=(0.9, 0.9))
    y, x = source(scale=(0.9, 0.9))
    np.testing.assert_allclose(kept, np.exp(-(y**2 + x**2) / 60) * np.cos(2 * np.pi * 0.2 * x), atol=0.02)


def test_a_sample_that_nothing_happens_to_keeps_its_highest_frequencies():
    image = np.random.default_rng(0).uniform(size=(HEIGHT, WIDTH))
    same = change(image, angle=0.0, scale=(1.0, 1.0), shift=(0.0, 0.0))
    np.testing.assert_allclose(same, image, atol=1e-5)
