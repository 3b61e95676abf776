"""The losses of the discriminator and the generator, on functions whose scores and gradients are known."""

import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.losses.adversarial import LOSSES
from keras_stylegan.losses.penalties import active_penalties, mix
from keras_stylegan.training.algorithm import discriminator_loss, generator_loss, penalty_loss

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(2, 4, 4, 4, 2)).astype(np.float32)
EPSILON = RNG.uniform(size=(4, 1, 1, 1)).astype(np.float32)


class Quadratic:
    """D(x) = ‖x‖²/2, so ∇D(x) = x; counts the calls."""

    def __init__(self, adversarial, group=2, **options):
        self.adversarial = LOSSES[adversarial]
        self.penalties = active_penalties({"gp_weight": 0.0, "r1_gamma": 0.0} | options)
        self.discriminator = SimpleNamespace(mbstd_group_size=group)
        self.augmenter = SimpleNamespace(observe=lambda real, fake: {})
        self.pixel_share = 1.0
        self.calls = []

    def score(self, images, label):
        self.calls.append(images.shape[0])
        return ops.sum(ops.square(images), axis=(1, 2, 3))[:, None] / 2


def squares(images):
    return np.sum(images.astype(np.float64) ** 2, axis=(1, 2, 3))


def loss_of(gan):
    points = {"real": ops.array(REAL), "fake": ops.array(FAKE), "mixed": ops.array(mix(REAL, FAKE, EPSILON))}
    merged = [active for active in gan.penalties if not active.own_update]
    return discriminator_loss(gan, points, None, merged)


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


@pytest.mark.parametrize("group", [2, 3])
def test_wgan_gp_with_r1_and_r2_by_hand(group):
    """Group 3 does not divide the batch of 4: then every set has a call of its own."""
    gan = Quadratic("wgan-gp", group, gp_weight=10.0, r1_gamma=0.5, r2_gamma=3.0)
    loss, logs = loss_of(gan)
    mixed = (np.sqrt(squares(EPSILON * REAL + (1 - EPSILON) * FAKE)) - 1) ** 2
    expected = (squares(FAKE).mean() - squares(REAL).mean()) / 2
    expected += 10 * mixed.mean() + 0.25 * squares(REAL).mean() + 1.5 * squares(FAKE).mean()
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    np.testing.assert_allclose(logs["gradient_penalty"], mixed, rtol=1e-5)
    np.testing.assert_allclose(logs["r1_penalty"], squares(REAL), rtol=1e-5)
    np.testing.assert_allclose(logs["fake_score"][:, 0], squares(FAKE) / 2, rtol=1e-5)
    assert gan.calls == ([12] if group == 2 else [4, 4, 4])


def test_a_loss_without_penalties_scores_both_sets_in_one_call():
    gan = Quadratic("logistic", r1_gamma=1.0, r1_interval=16)
    loss, logs = loss_of(gan)
    np.testing.assert_allclose(loss, (softplus(squares(FAKE) / 2) + softplus(-squares(REAL) / 2)).mean(), rtol=1e-5)
    assert set(logs) == {"real_score", "fake_score"} and gan.calls == [8]


def test_a_lazy_penalty_is_k_times_as_strong():
    gan = Quadratic("logistic", r1_gamma=0.4, r1_interval=16)
    loss, logs = penalty_loss(gan, *gan.penalties, ops.array(REAL), None)
    np.testing.assert_allclose(loss, 16 * 0.2 * squares(REAL).mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["r1_penalty"], squares(REAL), rtol=1e-5)


def test_the_generator_is_compared_with_real_images_only_where_its_loss_says_so():
    gan = Quadratic("relativistic")
    loss, _ = generator_loss(gan, ops.array(REAL), ops.array(FAKE), None)
    np.testing.assert_allclose(loss, softplus((squares(REAL) - squares(FAKE)) / 2).mean(), rtol=1e-4)
    assert gan.calls == [8]
    gan = Quadratic("hinge")
    loss, _ = generator_loss(gan, ops.array(REAL), ops.array(FAKE), None)
    np.testing.assert_allclose(loss, -squares(FAKE).mean() / 2, rtol=1e-5)
    assert gan.calls == [4] and math.isfinite(float(loss))


def test_every_call_of_the_discriminator_goes_through_score(monkeypatch):
    """Where augmentation of real and generated images will stand."""
    from small_gan import images, make_gan

    from keras_stylegan.training.gan import StyleGAN

    scored, called = [], []
    score, call = StyleGAN.score, keras.Model.__call__

    def counted_score(self, images, label):
        scored.append(images.shape[0])
        return score(self, images, label)

    def counted_call(self, *args, **kwargs):
        called.extend([args[0].shape[0]] if self.name == "discriminator" else [])
        return call(self, *args, **kwargs)

    monkeypatch.setattr(StyleGAN, "score", counted_score)
    monkeypatch.setattr(keras.Model, "__call__", counted_call)
    gan = make_gan(adversarial="relativistic", r1_interval=2, r2_gamma=1.0)
    gan.train_on_images(images())
    # Mixed and generated images with their gradients, real ones without; lazy R1; both in the generator's loss.
    assert scored == called == [8, 4, 4, 8]
