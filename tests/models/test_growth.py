"""Networks that grow, against smaller networks with the same weights and the equation of the fade in numpy."""

import numpy as np
import pytest
from helpers import normal, randomize

from keras_stylegan.models import Discriminator, Generator, StyleGANDiscriminator, StyleGANGenerator
from keras_stylegan.models.growth import GeneratorAtLevel

SIZES = {"channel_base": 64, "channel_max": 6, "seed": 0}
LATENTS = {"z_dim": 6, "w_dim": 5, "mapping_layers": 2, "channels": 3}
START, RESOLUTION = 8, 32
GENERATORS = {
    "stylegan": (StyleGANGenerator, {}),
    "skip": (Generator, {}),
    "resnet": (Generator, {"architecture": "resnet"}),
}
DISCRIMINATORS = {"stylegan": StyleGANDiscriminator, "stylegan2": Discriminator}


def doubled(images, times=1):
    for _ in range(times):
        images = np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)
    return images


def halved(images):
    n, h, w, c = images.shape
    return images.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


def path(variable, network):
    return variable.path.split(f"{network.name}/")[-1]


def smaller(network, resolution, last):
    """A network of a lower resolution that never grows, with the weights of one that does.

    Args:
        network: The one that grows.
        resolution: Of the other.
        last: Names of its layer at the image to that of the same in `network`.
    """
    config = network.get_config() | {"resolution": resolution, "growing_start": None, "name": "small"}
    small = type(network).from_config(config)
    small.build()
    found = {path(variable, network): variable for variable in network.weights}
    for variable in small.weights:
        name = path(variable, small)
        for ours, theirs in last.items():
            name = name.replace(ours, theirs)
        variable.assign(found[name])
    return small


@pytest.fixture(scope="module", params=GENERATORS)
def generator(request):
    kind, options = GENERATORS[request.param]
    generator = kind(resolution=RESOLUTION, growing_start=START, **SIZES, **LATENTS, **options)
    generator.build()
    randomize(generator)
    return generator


def images_of_small(generator, resolution, ws):
    """What a network that ends at a resolution draws."""
    last = {"synthesis/torgb": f"synthesis/b{resolution}_torgb"} if resolution < RESOLUTION else {}
    small = smaller(generator, resolution, last)
    return np.asarray(small.synthesis(ws[:, : small.num_ws]))


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("level", "resolution"), [(0, 8), (1, 16), (2, 32)])
def test_a_level_is_the_network_that_ends_there_with_its_pixels_doubled(generator, level, resolution):
    ws = normal(2, generator.num_ws, 5)
    expected = images_of_small(generator, resolution, ws)
    generator.synthesis.growth.assign(level)
    np.testing.assert_array_equal(generator.synthesis(ws), doubled(expected, 2 - level))
    np.testing.assert_array_equal(GeneratorAtLevel(generator, level).synthesis(ws), expected)
    if level < 2:
        # The next level begins with α = 0: the image is the same at the moment it grows.
        np.testing.assert_array_equal(GeneratorAtLevel(generator, level + 1).synthesis(ws), doubled(expected))


def test_a_fade_is_the_mixture_of_two_images(generator):
    ws = normal(2, generator.num_ws, 5)
    coarse, fine = (images_of_small(generator, resolution, ws) for resolution in (8, 16))
    generator.synthesis.growth.assign(0.25)
    expected = 0.75 * doubled(coarse) + 0.25 * fine
    close(GeneratorAtLevel(generator, 1).synthesis(ws), expected)
    close(generator.synthesis(ws), doubled(expected))


def test_a_level_has_its_own_styles_noise_and_size(generator):
    at = GeneratorAtLevel(generator, 1)
    small = type(generator)(resolution=16, **SIZES, **LATENTS)
    assert (at.resolution, at.num_ws) == (16, small.num_ws)
    assert at.synthesis.noise_shapes(3) == small.synthesis.noise_shapes(3)
    z = normal(2, 6)
    np.testing.assert_array_equal(at.mapping(z), np.asarray(generator.mapping(z))[:, : small.num_ws])
    noise = [normal(*shape, seed=i) for i, shape in enumerate(at.synthesis.noise_shapes(2))]
    ws = normal(2, at.num_ws, 5)
    generator.synthesis.growth.assign(1)
    assert at.synthesis(ws, noise=noise).shape == (2, 16, 16, 3)
    with pytest.raises(ValueError, match=f"noise must have .*{len(noise)}.* Received: {len(noise) - 1}"):
        at.synthesis(ws, noise=noise[1:])


@pytest.fixture(scope="module", params=DISCRIMINATORS)
def discriminator(request):
    kind = DISCRIMINATORS[request.param]
    discriminator = kind(resolution=RESOLUTION, growing_start=START, channels=3, mbstd_group_size=2, **SIZES)
    discriminator.build()
    randomize(discriminator)
    return discriminator


def small_discriminator(discriminator, resolution):
    return smaller(discriminator, resolution, {"fromrgb": f"b{resolution}_fromrgb"} if resolution < RESOLUTION else {})


@pytest.mark.parametrize(("level", "resolution"), [(0, 8), (1, 16), (2, 32)])
def test_a_discriminator_at_a_level_is_the_one_that_begins_there(discriminator, level, resolution):
    images = normal(4, resolution, resolution, 3)
    discriminator.growth.assign(level)
    small = small_discriminator(discriminator, resolution)
    np.testing.assert_array_equal(discriminator(images), small(images))
    if level < 2:
        # The next level begins with the means of its pixels.
        fine = normal(4, 2 * resolution, 2 * resolution, 3)
        close(discriminator(fine), small(halved(fine)))
        np.testing.assert_array_equal(discriminator(doubled(images)), small(images))


def test_a_fade_of_the_discriminator_is_the_mixture_of_features(discriminator):
    images = normal(4, 16, 16, 3)
    discriminator.growth.assign(0.25)
    small = small_discriminator(discriminator, 8)
    coarse = np.asarray(small.from_rgb(halved(images)))
    whole = small_discriminator(discriminator, 16)
    conv0, conv1, *skips = whole.blocks[0]
    features = whole.from_rgb(images)
    fine = sum((np.asarray(skip(features)) for skip in skips), np.asarray(conv1(conv0(features))))
    mixed = 0.75 * coarse + 0.25 * fine

    class Mixed:
        def __call__(self, images):
            return mixed

    object.__setattr__(small, "from_rgb", Mixed())
    close(discriminator(images), small(halved(images)))


def test_images_of_no_level_are_refused(discriminator):
    with pytest.raises(ValueError, match=r"images must have a height of \[8, 16, 32\]. Received: \(4, 64, 64, 3\)"):
        discriminator(normal(4, 64, 64, 3))


@pytest.mark.parametrize("start", [32, 64, 6])
@pytest.mark.parametrize("kind", [Generator, StyleGANGenerator, Discriminator])
def test_a_start_that_is_no_coarser_block_is_refused(kind, start):
    with pytest.raises(ValueError, match=rf"growing_start must be one of \(4, 8, 16\). Received: {start}"):
        kind(resolution=32, growing_start=start, **SIZES)
