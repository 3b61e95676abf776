import numpy as np
import pytest

from keras_stylegan.latent.mixing import layer_ranges, mix_styles, style_mixing_grid
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.models import Generator


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (8, {"coarse": [0, 1, 2, 3]}),
        (16, {"coarse": [0, 1, 2], "middle": [3, 4, 5]}),
        (32, {"coarse": [0, 1, 2], "middle": [3, 4, 5, 6, 7]}),
        (64, {"coarse": [0, 1, 2], "middle": [3, 4, 5, 6], "fine": [7, 8, 9]}),
        # From 13x11 up.
        ((208, 176), {"coarse": [0, 1, 2], "middle": [3, 4, 5, 6], "fine": [7, 8, 9]}),
    ],
)
def test_layer_ranges_of_stylegan2(resolution, expected):
    """One convolution at 4x4, two at every further size, and the last ToRGB at the last."""
    generator = Generator(z_dim=8, w_dim=8, resolution=resolution, channel_base=256, channel_max=8)
    found = layer_ranges(generator.style_resolutions)
    assert {name: list(layers) for name, layers in found.items()} == expected


def test_layer_ranges_of_stylegan_2018():
    """Two layers at every size (Karras et al. 2018, figure 1)."""
    found = layer_ranges([4, 4, 8, 8, 16, 16, 32, 32, 64, 64])
    assert {name: list(layers) for name, layers in found.items()} == {
        "coarse": [0, 1, 2, 3], "middle": [4, 5, 6, 7], "fine": [8, 9],
    }  # fmt: skip


def test_mix_styles_takes_the_layers_from_the_columns():
    rows = np.arange(2 * 6 * 3, dtype=np.float32).reshape(2, 6, 3)
    columns = -1 - np.arange(4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3)
    before = rows.copy()
    mixed = mix_styles(rows, columns, range(2, 4))
    assert mixed.shape == (2, 4, 6, 3)
    for r in range(2):
        for c in range(4):
            for layer in range(6):
                source = columns[c] if layer in (2, 3) else rows[r]
                np.testing.assert_array_equal(mixed[r, c, layer], source[layer])
    np.testing.assert_array_equal(rows, before)


def test_grid_shows_the_sources_around_the_mixtures():
    generator = Generator(z_dim=8, w_dim=8, resolution=8, channel_base=64, channel_max=8, seed=0)
    ws = np.random.default_rng(0).normal(size=(5, 4, 8)).astype(np.float32)
    images, columns = style_mixing_grid(Renderer(generator), ws[:2], ws[2:], range(0, 3))
    assert columns == 4
    grid = images.reshape(3, 4, 8, 8, 1)

    def draw(styles):
        return np.asarray(generator.synthesis(styles[None]))[0]

    assert (grid[0, 0] == -1).all()
    for c in range(3):
        np.testing.assert_allclose(grid[0, c + 1], draw(ws[2 + c]), atol=1e-4)
    for r in range(2):
        np.testing.assert_allclose(grid[r + 1, 0], draw(ws[r]), atol=1e-4)
        for c in range(3):
            mixture = np.concatenate([ws[2 + c][:3], ws[r][3:]])
            np.testing.assert_allclose(grid[r + 1, c + 1], draw(mixture), atol=1e-4)
