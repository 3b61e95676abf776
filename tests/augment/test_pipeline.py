"""The operations one after the other: who is changed, by what, and with which gradients."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from gradients_of_gradients import SIZE, derivatives, everything, images, numbers

from keras_stylegan.augment.operations import OPERATIONS, chosen
from keras_stylegan.augment.pipeline import Pipeline

HERE = Path(__file__).parent
ALL = tuple(operation.name for operation in OPERATIONS)
LINEAR = [name for name in ALL if name not in ("noise", "gamma")]
SHIFTED = 0.3 * (1 - 1.0 * 0.8)


def test_without_strength_nothing_changes_to_the_last_bit():
    pipeline = Pipeline(ALL, *SIZE)
    drawn = pipeline.parameters(*pipeline.draw(3, keras.random.SeedGenerator(0)), 0.0)
    assert np.array_equal(pipeline.apply(images(), drawn), images())


def test_every_operation_changes_the_share_of_samples_that_is_the_strength():
    for name in ALL:
        pipeline = Pipeline((name,), *SIZE)
        drawn = pipeline.parameters(*pipeline.draw(2000, keras.random.SeedGenerator(0)), 0.3)
        x = np.repeat(images(1), 2000, axis=0)
        changed = np.any(np.abs(np.asarray(pipeline.apply(x, drawn)) - x) > 1e-5, axis=(1, 2, 3)).mean()
        # Half of the mirror images are none. Of 8 by 10 pixels a shift is by none or by one, where 0.6 of ±1/16 rounds
        # to 1, so that 0.8² of the shifts do nothing; 0.2 of the sides cut out hit no pixel now and then.
        expected = {"flip": 0.15, "shift": SHIFTED}.get(name, 0.3)
        assert abs(changed - expected) < 0.05, name


def test_the_sets_of_a_sample_share_its_draw_and_samples_do_not():
    """Interleaved as `in_one_call` does: a1 b1 c1 a2 b2 c2."""
    pipeline = Pipeline(ALL, *SIZE)
    uniform, noise = numbers(pipeline)
    drawn = pipeline.parameters(uniform, noise, 1.0)
    alone = np.asarray(pipeline.apply(images(), drawn))
    together = np.asarray(pipeline.apply(np.repeat(images(), 3, axis=0), drawn))
    np.testing.assert_allclose(together, np.repeat(alone, 3, axis=0), atol=1e-6)
    same = np.asarray(pipeline.apply(np.repeat(images(1), 3, axis=0), drawn))
    assert all(np.abs(same[i] - same[j]).max() > 0.1 for i, j in ((0, 1), (1, 2)))


def test_colours_change_alike_where_they_should():
    height, width, _ = SIZE
    pipeline = Pipeline(("geometry", "blit", "blur", "bias_field", "gamma"), height, width, 3)
    drawn = pipeline.parameters(*pipeline.draw(3, keras.random.SeedGenerator(0)), 1.0)
    result = np.asarray(pipeline.apply(np.repeat(images(), 3, axis=3), drawn))
    np.testing.assert_allclose(result, np.repeat(result[..., :1], 3, axis=3), atol=1e-6)
    noisy = Pipeline(("noise",), height, width, 3)
    drawn = noisy.parameters(*noisy.draw(3, keras.random.SeedGenerator(0)), 1.0)
    result = np.asarray(noisy.apply(np.repeat(images(), 3, axis=3), drawn))
    assert np.abs(result[..., 0] - result[..., 1]).max() > 0.01


@pytest.mark.parametrize("name", LINEAR)
def test_the_gradient_of_a_gradient_of_a_linear_operation_is_that_of_its_matrix(name):
    """With T(x) = Ax + b, found by pixels alone: ∇½‖T‖² = Aᵀ(Ax + b), and its own AᵀA·Aᵀ(Ax + b)."""
    pipeline = Pipeline((name,), *SIZE)
    uniform, noise = numbers(pipeline, batch=1)
    x = images(1)
    count = x.size
    repeated = pipeline.parameters(np.repeat(uniform, 1 + count, axis=0), None, 1.0)
    points = np.concatenate([np.zeros((1, count)), np.eye(count)]).reshape(-1, *SIZE).astype("float32")
    values = np.asarray(pipeline.apply(points, repeated), "float64").reshape(1 + count, count)
    offset, matrix = values[0], (values[1:] - values[0]).T
    first = matrix.T @ (matrix @ x.ravel() + offset)
    value, gradient, second = (array.ravel() for array in derivatives((name,), x, uniform, noise))
    np.testing.assert_allclose(value, matrix @ x.ravel() + offset, atol=1e-4)
    np.testing.assert_allclose(gradient, first, atol=1e-4 * np.abs(first).max())
    expected = matrix.T @ (matrix @ first)
    np.testing.assert_allclose(second, expected, atol=1e-4 * np.abs(expected).max())


def test_the_gradients_of_gamma_are_those_of_its_formula():
    uniform, noise = numbers(Pipeline(("gamma",), *SIZE))
    gamma = 2 ** (0.4 * (2 * uniform[:, 1].astype("float64") - 1))
    c = 2 * np.log(2**gamma - 1).reshape(-1, 1, 1, 1)
    x = images().astype("float64")
    u = (x + 1) / 2
    # y = 2·t(u) − 1 with t = (e^{cu} − 1)/(e^c − 1), and u moves half as fast as x.
    e = np.exp(c * u) / (np.exp(c) - 1)
    y, first, second = 2 * (e - 1 / (np.exp(c) - 1)) - 1, c * e, c**2 * e / 2
    check_pointwise("gamma", uniform, noise, y, first, second)


def test_the_gradients_of_noise_are_those_of_its_formula():
    pipeline = Pipeline(("noise",), *SIZE)
    uniform, noise = numbers(pipeline)
    sigma = 0.06 * np.abs(2 * uniform[:, 1].astype("float64") - 1).reshape(-1, 1, 1, 1)
    u = (images().astype("float64") + 1) / 2
    real = u + sigma * noise[..., :1]
    magnitude = np.sqrt(real**2 + (sigma * noise[..., 1:]) ** 2 + 1e-10)
    first = real / magnitude
    second = (1 - first**2) / magnitude / 2
    check_pointwise("noise", uniform, noise, 2 * magnitude - 1, first, second)


def check_pointwise(name, uniform, noise, y, first, second):
    """y(x), y'(x) and y''(x) give ∇½‖y‖² = y·y' and ∇½‖y·y'‖² = y·y'·(y'² + y·y'')."""
    found = derivatives((name,), images(), uniform, noise)
    for array, expected in zip(found, (y, y * first, y * first * (first**2 + y * second)), strict=True):
        np.testing.assert_allclose(array, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("backend", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch")])
def test_other_backends_have_the_same_gradients_of_gradients(tmp_path, backend):
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(HERE.parents[1])}
    output = tmp_path / "found.npz"
    program = [sys.executable, str(HERE / "gradients_of_gradients.py"), str(output)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    found = np.load(output)
    for key, arrays in everything().items():
        for k, expected in enumerate(arrays):
            # The second derivative of the noise is as large as the noise is small.
            tolerance = 1e-2 if key in ("noise", "all") else 1e-4
            scale = np.abs(expected).max()
            np.testing.assert_allclose(found[f"{key} {k}"], expected, atol=tolerance * scale, err_msg=f"{key} {k}")


def test_adaptive_strengths_end_at_the_least_stated_one():
    assert Pipeline(ALL, *SIZE).stated_strength == min(operation.stated_strength for operation in chosen(ALL))
    assert Pipeline((), *SIZE).stated_strength == 1.0
