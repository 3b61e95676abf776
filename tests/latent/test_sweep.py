import numpy as np

from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.latent.sweep import sweep, there_and_back
from keras_stylegan.models import Generator

SIZES = {"z_dim": 4, "w_dim": 4, "resolution": 8, "channel_base": 32, "channel_max": 4, "mapping_layers": 1}


def test_latent_and_noise_stay():
    generator = Generator(c_dim=2, covariates={"slice": (0, 10, 5, 3), "age": (60, 90, 75, 8)}, seed=0, **SIZES)
    generator.build()
    z = draw_latents(0, range(3), 4)
    label = np.array([[1, 0, 4, 70], [0, 1, 2, 80], [1, 0, 9, 90]], np.float32)
    images = sweep(Renderer(generator), z, label, 3, np.array([60.0, 75.0, 90.0, 61.0]))
    assert images.shape == (3, 4, 8, 8, 1)
    expected = np.asarray(generator(z[1:2], np.array([[0, 1, 2, 75]], np.float32)))
    np.testing.assert_allclose(images[1, 1], expected[0], atol=1e-5)
    assert label[1].tolist() == [0, 1, 2, 80]
    assert not np.allclose(images[:, 0], images[:, 2], atol=1e-4)


def test_there_and_back_has_each_end_once():
    assert there_and_back(np.arange(4)).tolist() == [0, 1, 2, 3, 2, 1]
