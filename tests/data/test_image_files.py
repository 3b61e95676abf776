import numpy as np
import pytest
from PIL import Image

from keras_stylegan.data.image_files import (
    encode_png,
    enlarge,
    grid_columns,
    save_gif,
    save_grid,
    save_image,
    tile,
)
from keras_stylegan.errors import InputError


def gradient(channels=1):
    return np.linspace(-1, 1, 8 * 6 * channels, dtype=np.float32).reshape(8, 6, channels)


def test_8_bit_png_rounds_and_clips(tmp_path):
    image = np.array([[-1.0, 1.0, 0.0], [-7.0, 1.5, 0.5]])[..., None]
    save_image(tmp_path / "a.png", image)
    with Image.open(tmp_path / "a.png") as file:
        assert file.mode == "L"
        # (v + 1)·127.5: 0 → 127.5, to even 128; 0.5 → 191.25
        np.testing.assert_array_equal(np.asarray(file), [[0, 255, 128], [0, 255, 191]])


def test_16_bit_png(tmp_path):
    save_image(tmp_path / "a.png", np.array([[-1.0, 1.0, -0.999]])[..., None], bits=16)
    with Image.open(tmp_path / "a.png") as file:
        assert file.mode.startswith("I;16")
        np.testing.assert_array_equal(np.asarray(file), [[0, 65535, 33]])  # 0.001·32767.5 = 32.77


def test_rgb_png_keeps_the_order_of_the_channels(tmp_path):
    image = np.full((4, 5, 3), -1.0)
    image[..., 1] = 1.0
    save_image(tmp_path / "a.png", image)
    with Image.open(tmp_path / "a.png") as file:
        assert file.size == (5, 4) and file.mode == "RGB"
        assert file.getpixel((2, 2)) == (0, 255, 0)


def test_16_bit_rgb_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"16-bit PNG files are grey only.*Received: 3 channels"):
        encode_png(gradient(3), bits=16)
    with pytest.raises(InputError, match=r"bits must be 8 or 16. Received: 12"):
        encode_png(gradient(), bits=12)


@pytest.mark.parametrize(("columns", "pad"), [(None, 0), (2, 0), (4, 2), (7, 1)])
def test_tile_puts_every_image_into_its_cell(columns, pad):
    images = np.random.default_rng(0).uniform(-1, 1, (5, 3, 4, 2)).astype(np.float32)
    grid = tile(images, columns, pad)
    columns = columns or 5
    rows = -(-5 // columns)
    assert grid.shape == (rows * (3 + pad) - pad, columns * (4 + pad) - pad, 2)
    expected = np.full(grid.shape, -1, np.float32)
    for n in range(5):
        top, left = (n // columns) * (3 + pad), (n % columns) * (4 + pad)
        expected[top : top + 3, left : left + 4] = images[n]
    np.testing.assert_array_equal(grid, expected)


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (2, 2), (6, 3), (7, 3), (9, 3), (11, 4), (32, 8), (40, 8), (64, 8), (100, 10)]
)
def test_grid_columns(count, columns):
    assert grid_columns(count) == columns


@pytest.mark.parametrize(
    ("height", "width", "factor"), [(256, 256, 4), (512, 256, 2), (300, 341, 3), (100, 513, 1), (2048, 8, 1)]
)
def test_a_small_picture_is_enlarged_by_a_whole_factor(height, width, factor):
    image = np.arange(height * width * 3).reshape(height, width, 3)
    large = enlarge(image)
    assert large.shape == (factor * height, factor * width, 3)
    # A pixel became a square of equal pixels.
    for row in range(factor):
        np.testing.assert_array_equal(large[row::factor, factor - 1 :: factor], image)


def test_save_grid_is_one_png_large_enough_to_see(tmp_path):
    save_grid(tmp_path / "grid.png", np.stack([gradient()] * 3), columns=3)
    with Image.open(tmp_path / "grid.png") as file:
        assert file.size == (18 * 56, 8 * 56)  # 18 · 57 would exceed 1024


def test_gif_frames_duration_and_loop(tmp_path):
    frames = np.stack([np.full((8, 8, 1), value) for value in (-1.0, 0.0, 1.0)])
    save_gif(tmp_path / "a.gif", frames, seconds_per_frame=0.25)
    with Image.open(tmp_path / "a.gif") as file:
        assert file.n_frames == 3 and file.info["loop"] == 0 and file.info["duration"] == 250
        for n, grey in enumerate((0, 128, 255)):
            file.seek(n)
            assert np.asarray(file.convert("L"))[3, 3] == grey
