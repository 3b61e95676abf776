import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_stylegan.latent.latents import draw_latents, draw_noise
from keras_stylegan.latent.projection import Projector, correlation, mean_styles, normalized, uses_noise
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.models import Generator, StyleGANGenerator

SIZES = {"z_dim": 6, "w_dim": 6, "resolution": 16, "channel_base": 128, "channel_max": 8, "mapping_layers": 2}
HERE = Path(__file__).parent


def make(kind=Generator, strength=0.0, **options):
    generator = kind(**SIZES | options, seed=1)
    generator.build()
    rng = np.random.default_rng(0)
    for variable in generator.synthesis.weights:
        if variable.path.endswith("strength"):
            variable.assign(np.full(variable.shape, strength))
        elif "torgb" in variable.path and variable.path.endswith("torgb/kernel"):
            variable.assign(0.3 * variable)  # Grey values, not black and white.
        elif variable.path.endswith("bias"):
            variable.assign(variable + 0.1 * rng.normal(size=variable.shape))
    return generator


def styles(generator, count, seed=5):
    label = np.eye(generator.c_dim, dtype=np.float32)[np.arange(count) % generator.c_dim] if generator.c_dim else None
    return Renderer(generator).styles(draw_latents(seed, range(count), generator.z_dim), label)


def images_of(generator, ws):
    return np.clip(Renderer(generator).images(ws), -1, 1)


def rms(first, second):
    return np.sqrt(np.mean((first - second) ** 2, axis=tuple(range(1, first.ndim))))


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"kind": StyleGANGenerator}, marks=pytest.mark.slow),
        {"channels": 3, "c_dim": 2, "resolution": (8, 10)},
    ],
    ids=str,
)
def test_a_generated_image_is_found_again(options):
    generator = make(**options)
    ws = styles(generator, 3)
    images = images_of(generator, ws)
    found = Projector(generator, steps=300).project(images)
    others = rms(images, np.roll(images, 1, axis=0)).min()
    assert np.all(rms(found.images, images) < 0.05 * others)
    # Not only the image but its style, nearer than any other: the networks are small, and no two styles look the same.
    apart = np.linalg.norm(found.ws[:, 0, None] - ws[None, :, 0], axis=-1)
    assert np.all(np.diag(apart) < 0.2 * (apart + 1e9 * np.eye(3)).min(axis=1))
    assert np.all(found.ws == found.ws[:, :1]) and found.noise == []


@pytest.mark.slow
def test_one_style_for_each_layer_finds_mixed_styles_and_one_for_all_does_not():
    generator = make()
    ws = styles(generator, 4)
    mixed = np.concatenate([ws[:2, :2], ws[2:, 2:]], axis=1)
    images = images_of(generator, mixed)
    errors = [rms(Projector(generator, space, steps=300).project(images).images, images) for space in ("w", "w+")]
    assert np.all(errors[1] < 0.3 * errors[0])


@pytest.mark.slow
def test_what_an_image_becomes_does_not_depend_on_the_others_and_the_seed_repeats_it():
    generator = make()
    images = images_of(generator, styles(generator, 2))
    projector = Projector(generator, steps=40)
    together, alone, again = (projector.project(part) for part in (images, images[:1], images))
    np.testing.assert_allclose(together.ws[0], alone.ws[0], atol=1e-4)
    assert np.array_equal(together.ws, again.ws)
    assert not np.array_equal(together.ws, Projector(generator, steps=40, seed=1).project(images).ws)


@pytest.mark.slow
def test_more_images_than_a_batch_and_the_film_of_the_first():
    generator = make()
    images = images_of(generator, styles(generator, 11))
    done = []
    projector = Projector(generator, steps=20)
    found = projector.project(images, done.append, film_steps=[0, 10, 20])
    assert found.ws.shape == (11, generator.num_ws, 6) and found.images.shape == images.shape
    assert sum(done) == 11 * 20
    assert found.film.shape == (3, 8, 16, 16, 1)
    assert np.array_equal(found.film[-1], found.images[:8])
    # It sets out from the mean style, shaken.
    assert not np.array_equal(found.film[0], found.film[-1])
    np.testing.assert_allclose(found.distances, projector.distance(found.images, images), rtol=1e-5)


@pytest.mark.slow
def test_noise_is_found_too_and_stays_noise():
    generator = make(strength=0.3)
    sizes = [shape[1:3] for shape in generator.synthesis.noise_shapes(1)]
    ws = styles(generator, 2)
    noise = draw_noise(77, range(2), sizes)
    images = np.clip(generator.synthesis(ws, noise=noise), -1, 1)
    followed, fixed = (Projector(generator, noise=how, steps=300).project(images) for how in ("optimised", "const"))
    assert np.all(followed.distances < 0.7 * fixed.distances)
    assert fixed.noise == [] and len(followed.noise) == len(sizes)
    for maps in followed.noise:
        np.testing.assert_allclose(maps.mean(axis=(1, 2, 3)), 0, atol=1e-5)
        np.testing.assert_allclose(maps.std(axis=(1, 2, 3)), 1, atol=1e-3)
    finest = followed.noise[-1][0, :, :, 0]
    assert abs(np.corrcoef(finest[:, :-1].ravel(), finest[:, 1:].ravel())[0, 1]) < 0.1


@pytest.mark.slow
def test_the_generator_is_left_as_it_was():
    generator = make(strength=0.3)
    before = [keras.ops.convert_to_numpy(variable) for variable in generator.weights]
    Projector(generator, steps=5).project(np.zeros((1, 16, 16, 1), np.float32))
    for variable, value in zip(generator.weights, before, strict=True):
        assert np.array_equal(keras.ops.convert_to_numpy(variable), value)


def test_noise_of_strength_0_is_none():
    assert uses_noise(make(strength=0.3)) and not uses_noise(make())


def test_the_mean_style_is_over_all_classes():
    generator = make(c_dim=2)
    label = np.eye(2, dtype=np.float32)[np.arange(64) % 2]
    expected = np.asarray(generator.mapping(draw_latents(0, range(64), 6), label))[:, 0]
    np.testing.assert_allclose(mean_styles(generator, 64), expected, atol=1e-6)


def slow_correlation(noise):
    """Appendix D in numpy, one map (h, w), each scale times its pixels."""
    total = 0.0
    while True:
        squares = np.mean(noise * np.roll(noise, 1, 0)) ** 2 + np.mean(noise * np.roll(noise, 1, 1)) ** 2
        total += noise.size * squares
        if min(noise.shape) <= 8:
            return total
        noise = (noise[::2, ::2] + noise[1::2, ::2] + noise[::2, 1::2] + noise[1::2, 1::2]) / 2


@pytest.mark.parametrize("shape", [(4, 4), (8, 10), (32, 32), (16, 40)])
def test_the_penalty_of_noise_is_that_of_the_paper(shape):
    noise = np.random.default_rng(0).normal(size=(2, *shape, 1)).astype(np.float32)
    expected = [slow_correlation(maps[..., 0].astype(np.float64)) for maps in noise]
    np.testing.assert_allclose(np.asarray(correlation(keras.ops.convert_to_tensor(noise))), expected, rtol=1e-4)


def test_normalized():
    noise = np.random.default_rng(0).normal(3, 5, size=(2, 8, 8, 1)).astype(np.float32)
    found = np.asarray(normalized(noise))
    expected = (noise - noise.mean(axis=(1, 2, 3), keepdims=True)) / noise.std(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("backend", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch")])
def test_backends_agree(backend, tmp_path):
    generator = make(strength=0.1)
    images = images_of(generator, styles(generator, 2))
    arrays = {f"w{k}": keras.ops.convert_to_numpy(variable) for k, variable in enumerate(generator.weights)}
    np.savez(tmp_path / "weights.npz", images=images, **arrays)
    found = []
    for name in ("tensorflow", backend):
        environment = os.environ | {"KERAS_BACKEND": name, "PYTHONPATH": str(HERE.parents[1])}
        command = [sys.executable, str(HERE / "project_small.py"), str(tmp_path / "weights.npz"), str(tmp_path / name)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr[-3000:]
        with np.load(tmp_path / f"{name}.npz") as file:
            found.append({key: file[key] for key in file.files})
    first, second = found
    # Adam divides small gradients by their own size, so that last bits grow; over sixty steps to a few per cent.
    np.testing.assert_allclose(second["distances"], first["distances"], rtol=0.02)
    assert np.abs(second["images"] - first["images"]).max() < 0.02 * np.ptp(first["images"])
    assert first["distances"].max() < 0.5 * np.abs(images).max()
