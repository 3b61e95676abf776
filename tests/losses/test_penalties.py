"""Penalties of functions whose gradients are known."""

import dataclasses

import keras
import numpy as np
from keras import ops

from keras_stylegan.backend import value_and_gradients
from keras_stylegan.config import LossConfig
from keras_stylegan.losses.penalties import (
    PENALTIES,
    active_penalties,
    in_one_call,
    mix,
    path_lengths,
    squared_distance,
    squared_gradient_norm,
)

RNG = np.random.default_rng(0)
DIRECTION = RNG.normal(size=(4, 4, 2)).astype(np.float32)
REAL, FAKE = RNG.normal(size=(2, 3, 4, 4, 2)).astype(np.float32)
EPSILON = np.array([0.0, 0.25, 1.0], np.float32).reshape(3, 1, 1, 1)


def linear(images):
    """D(x) = <a, x>: the gradient is a everywhere."""
    return ops.sum(images * DIRECTION, axis=(1, 2, 3))[:, None]


def quadratic(images):
    """D(x) = ‖x‖²/2: the gradient is x."""
    return ops.sum(ops.square(images), axis=(1, 2, 3))[:, None] / 2


def squared_norm(images):
    return np.sum(images.astype(np.float64) ** 2, axis=(1, 2, 3))


def gradient_penalty(score, real, fake, epsilon):
    """(‖∇D(x̂)‖ − 1)², as training composes it."""
    return squared_distance(squared_gradient_norm(score, ops.array(mix(real, fake, epsilon)))[1], 1.0)


def test_squared_norms_per_sample():
    logits, values = squared_gradient_norm(linear, ops.array(REAL))
    assert logits.shape == (3, 1) and values.shape == (3,)
    np.testing.assert_allclose(logits[:, 0], np.sum(REAL * DIRECTION, axis=(1, 2, 3)), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(values, np.full(3, np.sum(DIRECTION**2)), rtol=1e-5)
    np.testing.assert_allclose(squared_gradient_norm(quadratic, ops.array(REAL))[1], squared_norm(REAL), rtol=1e-5)


def test_small_gradients_survive_float16():
    """Entries of 2^-28 are zero in float16; the norm over 64x64 pixels is 64 times that."""

    def discriminator(images):
        return 2.0**-28 * ops.sum(ops.cast(ops.cast(images, "float16"), "float32"), axis=(1, 2, 3))[:, None]

    logits, squared = squared_gradient_norm(discriminator, ops.ones((2, 64, 64, 1)))
    np.testing.assert_array_equal(squared, [2.0**-44, 2.0**-44])
    np.testing.assert_array_equal(logits, [[2.0**-16], [2.0**-16]])


def test_gradient_penalty_of_a_linear_discriminator():
    values = gradient_penalty(linear, REAL, FAKE, EPSILON)
    np.testing.assert_allclose(values, np.full(3, (np.sqrt(np.sum(DIRECTION**2)) - 1) ** 2), rtol=1e-5)


def test_gradient_penalty_mixes_per_sample():
    """ε = 0 is the generated image, ε = 1 the real one."""
    values = gradient_penalty(quadratic, REAL, FAKE, EPSILON)
    mixed = np.stack([FAKE[0], 0.25 * REAL[1] + 0.75 * FAKE[1], REAL[2]])
    np.testing.assert_allclose(values, (np.sqrt(squared_norm(mixed)) - 1) ** 2, rtol=1e-5)


def test_a_zero_discriminator_has_finite_gradients():
    weight = keras.Variable(np.zeros((4, 4, 2), np.float32))

    def loss():
        values = gradient_penalty(lambda x: ops.sum(x * weight, axis=(1, 2, 3))[:, None], REAL, FAKE, EPSILON)
        return ops.mean(values), None

    value, _, (gradient,) = value_and_gradients(loss, [weight])
    np.testing.assert_allclose(value, 1.0, rtol=1e-5)
    assert np.isfinite(gradient).all()


def test_penalty_gradients_reach_the_weights():
    """R1 of D(x) = c·<a, x> is c²·‖a‖², its derivative 2c·‖a‖²; of the gradient penalty, 2(c‖a‖ − 1)·‖a‖."""
    scale, norm = keras.Variable(3.0), np.sqrt(np.sum(DIRECTION**2))

    def scaled(images):
        return scale * linear(images)

    _, _, (r1,) = value_and_gradients(
        lambda: (ops.mean(squared_gradient_norm(scaled, ops.array(REAL))[1]), None), [scale]
    )
    np.testing.assert_allclose(r1, 2 * 3 * norm**2, rtol=1e-5)
    _, _, (gp,) = value_and_gradients(lambda: (ops.mean(gradient_penalty(scaled, REAL, FAKE, EPSILON)), None), [scale])
    np.testing.assert_allclose(gp, 2 * (3 * norm - 1) * norm, rtol=1e-5)


def test_path_lengths_of_a_linear_synthesis():
    """x = Σ_layers w·M: the gradient of <x, y> is M y in every layer."""
    matrix = RNG.normal(size=(5, 4 * 8 * 2)).astype(np.float32)
    ws = RNG.normal(size=(3, 6, 5)).astype(np.float32)
    noise = RNG.normal(size=(3, 4, 8, 2)).astype(np.float32)
    weights = np.arange(1.0, 7.0, dtype=np.float32)  # layer l counts l times

    def synthesis(ws):
        return ops.reshape(ops.matmul(ops.sum(ws * weights[:, None], axis=1), matrix), (3, 4, 8, 2))

    projected = noise.reshape(3, -1) / np.sqrt(4 * 8) @ matrix.T  # (3, 5)
    expected = np.sqrt(np.mean(weights**2) * np.sum(projected**2, axis=1))
    lengths = path_lengths(synthesis, ops.array(ws), noise)
    assert lengths.shape == (3,)
    np.testing.assert_allclose(lengths, expected, rtol=1e-5)


def test_path_lengths_of_a_constant_synthesis_have_finite_gradients():
    weight = keras.Variable(0.0)
    ws, noise = ops.ones((2, 3, 4)), np.ones((2, 2, 2, 1), np.float32)

    def loss():
        images = lambda w: weight * ops.sum(w, axis=(1, 2))[:, None, None, None] * ops.ones((2, 2, 2, 1))  # noqa: E731
        return ops.mean(path_lengths(images, ws, noise)), None

    value, _, (gradient,) = value_and_gradients(loss, [weight])
    assert value < 1e-5 and np.isfinite(gradient)


def test_distances_by_hand():
    np.testing.assert_allclose(squared_distance(ops.array([1.0, 16.0]), 3.0), [4.0, 1.0])
    np.testing.assert_array_equal(squared_distance(ops.array([0.0, 7.0]), 0.0), [0.0, 7.0])


def test_sets_in_one_call_come_back_apart():
    """The function sees a1 b1 a2 b2 … with the labels of each."""
    label = np.arange(3.0, dtype=np.float32)[:, None]
    seen = []

    def function(images, label):
        seen.append((np.asarray(images), np.asarray(label)))
        return [linear(images) + label, ops.sum(images, axis=(1, 2, 3))]

    results = in_one_call(function, [ops.array(REAL), ops.array(FAKE)], ops.array(label))
    np.testing.assert_array_equal(seen[0][0], np.stack([REAL[0], FAKE[0], REAL[1], FAKE[1], REAL[2], FAKE[2]]))
    np.testing.assert_array_equal(seen[0][1][:, 0], [0, 0, 1, 1, 2, 2])
    for images, (logits, sums) in zip((REAL, FAKE), results, strict=True):
        np.testing.assert_allclose(logits, np.sum(images * DIRECTION, axis=(1, 2, 3))[:, None] + label, rtol=1e-4)
        np.testing.assert_allclose(sums, np.sum(images, axis=(1, 2, 3)), rtol=1e-4, atol=1e-4)


def test_the_table_knows_the_options_and_their_defaults():
    options = dataclasses.asdict(LossConfig())
    named = {name for penalty in PENALTIES for name in (penalty.weight, penalty.interval)}
    assert named == options.keys() - {"adversarial"}
    for penalty in PENALTIES:
        assert (options[penalty.weight], options[penalty.interval]) == penalty.defaults


def test_penalties_in_use():
    assert list(map(str, active_penalties({}))) == ["gradient penalty 10", "R1 0.001"]
    options = {"gp_weight": 0, "r1_gamma": 0.1, "r1_interval": 16, "r2_gamma": 4.0, "pl_weight": 2, "other": 1}
    found = active_penalties(options)
    texts = ["R1 0.05 every 16 steps", "R2 2", "path length 2 every 4 steps"]
    assert list(map(str, found)) == texts
    assert [active.own_update for active in found] == [True, False, True]
    assert active_penalties({"gp_weight": 0, "r1_gamma": 0.0}) == ()
