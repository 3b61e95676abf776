"""The list of what makes up a run's state: that it is complete, and that its names are paths."""

import gc
from pathlib import Path

import keras
import numpy as np
import pytest
from small_gan import images, make_gan

from keras_stylegan.backend import Adam
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.training.checkpoint import CheckpointFolder
from keras_stylegan.training.record import Record
from keras_stylegan.training.state import OWN_STATE, assign, network_state, own_state, state, take_own_state, values

OPTIONS = {"optimizer": Adam, "mixing": 0.5, "pl_weight": 1.0}


def variables_alive():
    gc.collect()
    return {id(item): item for item in gc.get_objects() if isinstance(item, keras.Variable)}


@pytest.fixture(params=["float32", "mixed_float16"])
def made(request):
    """A model, and every variable that came to life with it, found without asking the model."""
    before = variables_alive()
    gan = make_gan(2, dtype=request.param, **OPTIONS)
    new = {key: item for key, item in variables_alive().items() if key not in before}
    # Keras's own mean, which a `train_step` of one's own never touches.
    return gan, {key: item for key, item in new.items() if item.path not in ("loss/total", "loss/count")}


def test_no_variable_is_forgotten(made):
    gan, alive = made
    listed = {id(variable): path for path, variable in state(gan).items()}
    assert [item.path for key, item in alive.items() if key not in listed] == []
    assert len(listed) == len(state(gan)) == len(alive)


def change(variables, seed=1):
    random = np.random.default_rng(seed)
    for variable in variables:
        dtype = keras.backend.standardize_dtype(variable.dtype)
        whole = "int" in dtype
        new = random.integers(1, 1000, variable.shape) if whole else random.uniform(1, 2, variable.shape)
        variable.assign(new.astype(dtype))


def test_a_checkpoint_brings_back_every_variable(made, tmp_path):
    gan, alive = made
    change(alive.values())
    expected = values(state(gan))
    folder = CheckpointFolder(tmp_path)
    folder.save(gan, Record(Config(), ("AD", "NC"), "", 0))
    _, arrays, _ = folder.load_newest()
    other = make_gan(2, dtype=gan.generator.dtype_policy.name, **OPTIONS)
    assign(state(other), arrays, tmp_path, pytest.fail)
    found = values(state(other))
    assert list(found) == list(expected)
    for path, value in expected.items():
        np.testing.assert_array_equal(found[path], value, err_msg=path)


def test_a_keras_file_brings_back_all_but_the_running_means(made, tmp_path):
    gan, alive = made
    change(alive.values())
    expected = values(state(gan))
    gan.save(tmp_path / "gan.keras")
    found = values(state(keras.models.load_model(tmp_path / "gan.keras")))
    for path, value in expected.items():
        assert np.array_equal(found[path], value) or path.startswith("metrics/"), path


def test_names_are_paths_that_do_not_depend_on_order_or_process():
    first, second = state(make_gan(2, **OPTIONS)), state(make_gan(2, **OPTIONS))
    assert list(first) == list(second)
    assert {
        "generator/synthesis/b4_conv1/conv/kernel",
        "generator_ema/mapping/w_avg",
        "discriminator/b4_out/bias",
        "d_optimizer/iteration",
        "stylegan/step",
        "stylegan/draws",
        "metrics/d_loss/total",
    } <= first.keys()
    assert not any(part.isdigit() for path in first for part in path.split("/"))


class Variable:
    def __init__(self, value):
        self.value, self.shape, self.dtype = value, value.shape, value.dtype.name

    def assign(self, value):
        self.value = value


def float32(*shape):
    return np.zeros(shape, np.float32)


def test_assign_checks_everything_first():
    variables = {"generator/kernel": Variable(float32(2, 3)), "generator/bias": Variable(float32(3))}
    variables["generator/seed"] = Variable(np.zeros(2, np.uint32))
    good = {path: variable.value + 1 for path, variable in variables.items()}
    for change, message in (
        (
            {"generator/bias": float32(4)},
            r"different architecture: generator/bias has shape \(4,\), the network \(3,\)",
        ),
        ({"generator/bias": np.zeros(3, np.complex64)}, "generator/bias holds complex64, the network float32"),
        ({"generator/bias": np.zeros(3, np.int64)}, "generator/bias holds int64, the network float32"),
        ({"generator/seed": np.array([1, -1], np.int64)}, "generator/seed holds int64, the network uint32"),
        ({"generator/seed": np.array([1, 2**32], np.int64)}, "generator/seed holds int64, the network uint32"),
        ({"generator/seed": np.array([1, 2], np.float32)}, "generator/seed holds float32, the network uint32"),
        ({"generator/x": float32(1)}, r"generator/x is unknown \(1 differences\)"),
    ):
        with pytest.raises(InputError, match=message):
            assign(variables, good | change, Path("a.npz"))
    with pytest.raises(InputError, match=r"generator/bias is missing \(1 differences\)"):
        assign(variables, {path: good[path] for path in good if path != "generator/bias"}, Path("a.npz"))
    assert all((variable.value == 0).all() for variable in variables.values())
    # The seeds of another backend.
    assign(variables, good | {"generator/seed": np.array([1, 1])}, Path("a.npz"))
    assert all((variable.value == 1).all() for variable in variables.values())
    assert variables["generator/seed"].value.dtype == np.uint32


def test_a_variable_younger_than_a_checkpoint_keeps_its_default_and_says_so():
    variables, said = {"stylegan/new": Variable(float32()), "stylegan/step": Variable(float32())}, []
    arrays = {"stylegan/step": np.float32(7).reshape(()), "metrics/gone/total": float32()}
    assign(variables, arrays, Path("a.npz"), said.append)
    assert variables["stylegan/new"].value == 0 and variables["stylegan/step"].value == 7
    assert said == [
        "a.npz is older than stylegan/new: at the initial value.",
        "a.npz holds metrics/gone/total, which nothing needs here: left out.",
    ]


def test_a_variable_younger_than_a_keras_file_takes_its_default_and_says_so():
    gan = make_gan()
    gan.path_length_mean.assign(3.0)
    store = {name: variable.numpy() for name, variable in own_state(gan).items()}
    del store["path_length_mean"]
    with pytest.warns(UserWarning, match="the file has no path_length_mean: it starts at 0.0"):
        take_own_state(gan, store)
    assert float(gan.path_length_mean) == OWN_STATE["path_length_mean"][1] == 0.0


def test_the_state_of_a_network_is_found_under_its_paths_wherever_it_was_built():
    gan = make_gan()
    loose = type(gan.generator).from_config(gan.generator.get_config() | {"name": "another"})
    loose.build()
    assert list(network_state(loose, "generator")) == list(network_state(gan.generator, "generator"))
    assert list(network_state(gan.generator_ema, "g")) == list(network_state(gan.generator, "g"))
    gan.train_on_images(images())
