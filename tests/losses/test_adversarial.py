"""Losses on numbers that can be checked with a pocket calculator."""

import math

import numpy as np
import pytest
from keras import ops

from keras_stylegan.losses.adversarial import LOSSES

REAL, FAKE = [[0.0], [2.0]], [[-3.0], [0.5]]


def softplus(x):
    return math.log(1 + math.exp(x))


BY_HAND = {
    # mean(real) = 1, mean(fake) = -1.25
    "wgan-gp": (-2.25, 1.25),
    "logistic": (
        (softplus(-3) + softplus(0.5)) / 2 + (softplus(0) + softplus(-2)) / 2,
        (softplus(3) + softplus(-0.5)) / 2,
    ),
    # fake: max(0, -2), max(0, 1.5); real: max(0, 1), max(0, -1)
    "hinge": (1.5 / 2 + 1 / 2, 1.25),
    # real − fake = 3, 1.5
    "relativistic": ((softplus(-3) + softplus(-1.5)) / 2, (softplus(3) + softplus(1.5)) / 2),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name):
    for loss, expected in zip(LOSSES[name][:2], BY_HAND[name], strict=True):
        value = loss(ops.array(REAL), ops.array(FAKE))
        assert value.shape == ()
        np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_every_loss_is_tested():
    assert set(BY_HAND) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_only_some_generator_losses_need_real_logits(name):
    loss = LOSSES[name].generator
    if LOSSES[name].generator_needs_real:
        assert not np.allclose(loss(ops.array(REAL), ops.array(FAKE)), loss(ops.array(FAKE), ops.array(FAKE)))
    else:
        np.testing.assert_array_equal(loss(None, ops.array(FAKE)), loss(ops.array(REAL), ops.array(FAKE)))


@pytest.mark.parametrize("name", LOSSES)
def test_large_logits_stay_finite(name):
    for loss in LOSSES[name][:2]:
        for sign in (1, -1):
            assert np.isfinite(loss(ops.array([[sign * 1e4]]), ops.array([[-sign * 1e4]])))
