"""Adam with a changing β₂, against the paper's algorithm in numpy."""

import keras
import numpy as np

from keras_stylegan.backend import Adam
from keras_stylegan.training.scheduled_adam import ScheduledAdam

START = np.array([1.0, -2.0, 3.0])
BETAS = (0.5, 0.9, 0.99, 0.6)
GRADIENTS = np.random.default_rng(0).normal(size=(4, 3))
OPTIONS = {"beta_1": 0.3, "epsilon": 1e-8}


def updated(optimizer, before=lambda beta_2: None):
    variable = keras.Variable(START.astype(np.float32))
    optimizer.build([variable])
    for gradient, beta_2 in zip(GRADIENTS, BETAS, strict=True):
        before(beta_2)
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
    return keras.ops.convert_to_numpy(variable)


def by_hand(power):
    """The unbiased second moment is Σ wᵢ gᵢ² / Σ wᵢ, written with its weights."""
    weights, value, m = np.zeros(0), START.copy(), np.zeros(3)
    for step, (gradient, beta) in enumerate(zip(GRADIENTS, BETAS, strict=True), start=1):
        weights = np.append(weights * beta**power, 1 - beta**power)
        second = weights @ GRADIENTS[:step] ** 2 / weights.sum()
        m = 0.3 * m + 0.7 * gradient
        value -= 0.1 * m / (1 - 0.3**step) / (np.sqrt(second) + 1e-8)
    return value


def test_the_bias_is_corrected_by_the_sum_of_the_weights():
    for power in (1.0, 0.8):
        optimizer = ScheduledAdam(0.1, correction=power, **OPTIONS)
        np.testing.assert_allclose(updated(optimizer, optimizer.set_beta_2), by_hand(power), rtol=1e-5)


def test_a_constant_one_is_adam():
    np.testing.assert_allclose(updated(ScheduledAdam(0.1, beta_2=0.9)), updated(Adam(0.1, beta_2=0.9)), rtol=1e-6)


def test_it_comes_back_from_its_config():
    optimizer = ScheduledAdam(0.1, beta_2=0.9, correction=0.8)
    again = ScheduledAdam.from_config(optimizer.get_config())
    assert (again.beta_2, again.correction) == (0.9, 0.8)
