"""One check for every layer and every network: config, shapes, files, precision, seeds."""

import inspect

import keras
import numpy as np
import pytest
from helpers import CASES, parameters

every_case = pytest.mark.parametrize("case", parameters(CASES))


@pytest.fixture(scope="module")
def built():
    """Layers with non-trivial weights, built once."""
    layers = {}

    def get(case):
        if id(case) not in layers:
            layers[id(case)] = case.built()
        return layers[id(case)]

    return get


def values(layer):
    return [variable.numpy() for variable in layer.weights]


def constructor_arguments(kind):
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind == parameter.POSITIONAL_OR_KEYWORD} - {"self"}


@every_case
def test_config_round_trip(case):
    layer = case.make(name="some_name")
    config = layer.get_config()
    assert constructor_arguments(case.kind) <= set(config)
    assert {name: config[name] for name in case.arguments} == case.arguments
    assert config["name"] == "some_name"
    assert not case.has_seed or config["seed"] == 7
    assert case.kind.from_config(config).get_config() == config


def test_every_constructor_argument_is_tried_with_another_value_than_its_default():
    left = set()
    for case in CASES.values():
        parameters = inspect.signature(case.kind.__init__).parameters
        left |= {(case.kind, name) for name in constructor_arguments(case.kind) - {"seed"}}
    for case in CASES.values():
        parameters = inspect.signature(case.kind.__init__).parameters
        left -= {(case.kind, name) for name, value in case.arguments.items() if value != parameters[name].default}
    assert left == set()


@every_case
def test_shape_methods_mirror_the_arguments_of_call(case):
    call = list(inspect.signature(case.kind.call).parameters)
    assert call[1 : len(case.shapes) + 1] == list(case.shapes)
    for method in (case.kind.build, case.kind.compute_output_shape):
        if method is keras.layers.Layer.build:
            continue
        names = list(inspect.signature(method).parameters)
        assert len(names) > 1
        assert names[1:] == [f"{name}_shape" for name in call[1 : len(names)]]


@every_case
@pytest.mark.parametrize("batch", [1, 4])
def test_output_shape(case, built, batch):
    layer = built(case)
    output = layer(*case.inputs(batch))
    assert layer.compute_output_shape(*case.input_shapes(batch)) == tuple(output.shape)
    assert np.isfinite(np.asarray(output)).all()


@every_case
def test_symbolic_call_has_a_free_batch_axis(case, built):
    inputs = [None if shape is None else keras.Input(shape) for shape in case.shapes.values()]
    output = built(case)(*inputs)
    assert tuple(output.shape) == built(case).compute_output_shape(*case.input_shapes(None))
    assert output.shape[0] is None


@every_case
def test_files_give_identical_outputs(case, built, tmp_path):
    layer, inputs = built(case), case.inputs()
    expected = np.asarray(layer(*inputs))
    model = layer
    if not case.is_network:
        symbolic = [keras.Input(shape) for shape in case.shapes.values()]
        model = keras.Model(symbolic, layer(*symbolic))
        inputs = [inputs]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(loaded(*inputs)), expected)

    model.save_weights(tmp_path / "model.weights.h5")
    other = type(model).from_config(model.get_config())
    if case.is_network:
        other.build()
    for variable in other.weights:
        variable.assign(np.full(variable.shape, 0.123))
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(np.asarray(other(*inputs)), expected)


@every_case
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(case, built, policy):
    full, layer = built(case), case.make(dtype=policy)
    layer(*case.inputs())
    for variable, value in zip(layer.weights, full.weights, strict=True):
        assert variable.dtype == "float32"
        variable.assign(value)
    output = layer(*case.inputs())
    expected = np.asarray(full(*case.inputs()))
    dtype = "float32" if case.float32_output else policy.removeprefix("mixed_")
    assert keras.backend.standardize_dtype(output.dtype) == dtype
    output = np.asarray(keras.ops.cast(output, "float32"))
    assert np.max(np.abs(output - expected)) < case.tolerance * np.max(np.abs(expected))


@every_case
def test_float64(case, built):
    full, layer = built(case), case.make(dtype="float64")
    layer(*case.inputs())
    for variable, value in zip(layer.weights, full.weights, strict=True):
        assert variable.dtype == "float64"
        variable.assign(value)
    output = layer(*case.inputs())
    assert keras.backend.standardize_dtype(output.dtype) == "float64"
    expected = np.asarray(full(*case.inputs()))
    assert np.max(np.abs(np.asarray(output) - expected)) < 1e-5 * np.max(np.abs(expected))


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items() if case.has_seed])
def test_the_seed_decides_the_initial_weights(case):
    layers = [case.make(), case.make(), case.kind(seed=8, **case.arguments)]
    for layer in layers:
        layer(*case.inputs())
    first, same, other = (values(layer) for layer in layers)
    for a, b, c in zip(first, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.std(a) == 0 or not np.any(a == c)


@every_case
def test_no_two_weights_start_with_the_same_numbers(case):
    layer = case.make()
    layer(*case.inputs())
    drawn = [value.ravel()[:4] for value in values(layer) if np.std(value) > 0]
    for index, a in enumerate(drawn):
        for b in drawn[:index]:
            # Weights with lr_multiplier m are drawn larger by 1/m: compare directions.
            assert abs(a @ b) < 0.9999 * np.linalg.norm(a) * np.linalg.norm(b)


@every_case
def test_weights_that_are_drawn_are_unit_normal(case):
    """N(0, 1), or N(0, 1)/m with lr_multiplier m; the others are zero, or one where they are a style's bias."""
    layer = case.make()
    layer(*case.inputs())
    for variable in layer.weights:
        value = variable.numpy()
        if np.std(value) > 0:
            mapped = "fc" in variable.path.replace("b4_fc", "") or "lr_multiplier" in case.arguments
            m = case.arguments.get("lr_multiplier", 0.01) if mapped and "embed" not in variable.path else 1.0
            bound = 5 / np.sqrt(2 * value.size)
            assert abs(np.sqrt(np.mean((m * value) ** 2)) - 1) < bound, variable.path
        else:
            assert variable.name in ("bias", "strength", "w_avg", "growth")
