"""First- and second-order gradients of every layer and network against finite differences, in float64.

Penalties differentiate a squared input gradient with respect to the weights. Several standard operations return wrong
numbers there without an error, which training would not show.
"""

import keras
import numpy as np
import pytest
from helpers import CASES, Case, parameters, randomize
from keras import ops

from keras_stylegan.backend import value_and_gradients
from keras_stylegan.layers.resample import downsample, fir_filter, upsample

STEP = 1e-5


class Resample(keras.layers.Layer):
    """The functions of `resample` one after the other, with a product, so that second derivatives are not zero."""

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)

    def call(self, inputs):
        filtered = fir_filter(ops.square(inputs), (2, 1), gain=2.0)
        return upsample(ops.square(downsample(filtered)))


GRADIENT_CASES = CASES | {"resample": Case(Resample, {}, {"inputs": (4, 4, 2)})}


def smooth(case):
    """The case without clamps that would cut some of the tiny networks' outputs."""
    arguments = {key: value for key, value in case.arguments.items() if key != "clamp"}
    return Case(case.kind, arguments, case.shapes)


@pytest.fixture(scope="module", params=parameters(GRADIENT_CASES))
def problem(request):
    """(first(), second(), variables): scalar functions of float64 variables, each with a gradient by autodiff."""
    case = smooth(request.param)
    layer = case.make(dtype="float64")
    inputs = [None if array is None else keras.Variable(array, dtype="float64") for array in case.inputs(seed=5)]
    layer(*inputs)
    randomize(layer)
    given = [variable for variable in inputs if variable is not None]
    outputs = layer(*inputs)
    projection = np.random.default_rng(6).normal(size=outputs.shape) / np.sqrt(np.prod(outputs.shape))

    def first():
        y = layer(*[None if variable is None else ops.convert_to_tensor(variable) for variable in inputs])
        # The square gives linear layers a second derivative too.
        return ops.sum((y + ops.square(y)) * projection), None

    def second():
        _, _, gradients = value_and_gradients(first, given)
        return sum(ops.sum(ops.square(gradient)) for gradient in gradients), None

    return first, second, [*given, *layer.trainable_variables]


def check(function, variables):
    _, _, gradients = value_and_gradients(function, variables)
    rng = np.random.default_rng(11)
    derivatives, differences = [], []
    for variable, gradient in zip(variables, gradients, strict=True):
        assert gradient.shape == variable.shape
        value = variable.numpy()
        direction = rng.normal(size=value.shape) / np.sqrt(value.size)
        # Sizes differ by 1/lr_multiplier between layers: step relative to the variable.
        step = STEP * max(np.sqrt(np.mean(value**2)), 0.1)
        ends = []
        for sign in (1, -1):
            variable.assign(value + sign * step * direction)
            ends.append(float(function()[0]))
        variable.assign(value)
        derivatives.append(np.sum(gradient.numpy() * direction) * step / STEP)
        differences.append((ends[0] - ends[1]) / (2 * STEP))
    return np.array(derivatives), np.array(differences)


@pytest.mark.parametrize("order", ["first", "second"])
def test_gradient(problem, order):
    first, second, variables = problem
    derivatives, differences = check(first if order == "first" else second, variables)
    scale = np.max(np.abs(differences))
    assert scale > 0
    np.testing.assert_allclose(derivatives, differences, rtol=1e-5, atol=1e-7 * scale)


@pytest.mark.parametrize("planted", [False, True])
def test_the_check_finds_a_stopped_gradient(planted):
    kernel = keras.Variable(np.random.default_rng(0).normal(size=(3, 3, 2, 2)), dtype="float64")
    images = keras.Variable(np.random.default_rng(1).normal(size=(2, 4, 4, 2)), dtype="float64")

    def first():
        features = ops.conv(ops.convert_to_tensor(images), kernel, padding="same")
        other = ops.stop_gradient(features) if planted else features
        return ops.sum(features * other), None

    def second():
        _, _, (gradient,) = value_and_gradients(first, [images])
        return ops.sum(ops.square(gradient)), None

    derivatives, differences = check(second, [kernel])
    assert np.allclose(derivatives, differences, rtol=1e-5) != planted
