import numpy as np
import pytest

from keras_stylegan.latent.latents import draw_latents, draw_noise
from keras_stylegan.latent.rendering import BATCH_SIZE, Renderer
from keras_stylegan.models import Generator


def make_generator(c_dim=0):
    generator = Generator(z_dim=8, w_dim=8, c_dim=c_dim, resolution=16, channel_base=128, channel_max=16, seed=0)
    generator.build()
    for conv in generator.synthesis.convs:
        for variable in conv.weights:
            if variable.path.endswith("strength"):
                variable.assign(0.5)
    generator.mapping.w_avg.assign(np.linspace(-1, 1, 8))
    return generator


@pytest.mark.parametrize("noise", ["const", "random", "none"])
def test_an_image_does_not_depend_on_the_others(noise):
    renderer = Renderer(make_generator(), noise=noise)
    z = draw_latents(0, range(BATCH_SIZE + 3), 8)
    images = renderer.images(renderer.styles(z), range(len(z)))
    assert images.shape == (BATCH_SIZE + 3, 16, 16, 1)
    for n in (0, 5, BATCH_SIZE + 2):
        np.testing.assert_array_equal(images[n], renderer.images(renderer.styles(z[n : n + 1]), [n])[0])


@pytest.mark.parametrize("noise", ["const", "none"])
def test_images_are_those_of_the_generator(noise):
    generator = make_generator(c_dim=3)
    z, label = draw_latents(1, range(4), 8), np.eye(3, dtype=np.float32)[[0, 2, 1, 0]]
    renderer = Renderer(generator, noise=noise, truncation_psi=0.5, truncation_cutoff=2)
    images = renderer.images(renderer.styles(z, label))
    expected = generator(z, label, truncation_psi=0.5, truncation_cutoff=2, noise=noise)
    np.testing.assert_allclose(images, expected, atol=1e-4)
    assert not np.allclose(images, generator(z, label, noise=noise), atol=1e-2)


def test_random_noise_is_that_of_the_index():
    generator = make_generator()
    renderer = Renderer(generator, noise="random", seed=5)
    ws = renderer.styles(draw_latents(0, [0, 0], 8))
    first, second = renderer.images(ws, [3, 4])
    assert not np.allclose(first, second, atol=1e-2)
    noise = draw_noise(5, [3], [(size, size) for size in (4, 8, 8, 16, 16)])
    np.testing.assert_allclose(first, generator.synthesis(ws[:1], noise=noise)[0], atol=1e-4)
    # Pictures to compare, and the frames of an animation, share one noise.
    first, second = renderer.images(ws)
    np.testing.assert_array_equal(first, second)


def test_one_trace_and_the_weights_of_now():
    generator = make_generator()
    calls = []
    call = generator.synthesis.call
    generator.synthesis.call = lambda *args, **kwargs: calls.append(1) or call(*args, **kwargs)
    renderer = Renderer(generator)
    ws = renderer.styles(draw_latents(0, range(BATCH_SIZE * 2 + 1), 8))
    before = renderer.images(ws)
    traces = len(calls)
    assert traces <= 2
    generator.synthesis.const.assign(generator.synthesis.const * 2)
    generator.mapping.w_avg.assign(np.full(8, 9.0))
    after = renderer.images(ws[:3])
    assert len(calls) == traces
    assert not np.allclose(before[:3], after, atol=1e-2)
