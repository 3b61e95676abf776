import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.directions.pictures import sheet
from keras_stylegan.latent.directions import Direction


@pytest.mark.parametrize(("middle", "coloured"), [(-5.0, False), (5.0, False), (0.0, True)])
def test_what_looks_the_same_has_no_colour_in_the_map(middle, coloured):
    """Values beyond black (-1) and white (1) are drawn as these, and so is their change."""
    generator = SimpleNamespace(resolution=4, channels=1)
    renderer = SimpleNamespace(
        generator=generator, images=lambda ws: np.ones((1, 4, 4, 1), np.float32) * (middle + ws[:, :1, :1, None])
    )
    direction = Direction("pca 1", "pca", (0, 2), np.ones(3, np.float32))
    png = sheet(renderer, [direction], ["changes none"], np.zeros((1, 2, 3), np.float32))
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    assert (np.ptp(pixels, axis=2).max() > 50) == coloured
