"""Config, checkpoint and ONNX file with flipped and missing bytes: one line, or exactly what was written."""

import json
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from export.runtime import FORMAT, OnnxGenerator
from export.runtime import InputError as RuntimeInputError
from export.to_onnx import save as save_onnx
from keras_stylegan.config import Config, DataConfig, LossConfig, TrainingConfig
from keras_stylegan.errors import InputError
from keras_stylegan.training.checkpoint import load, save
from keras_stylegan.training.record import Record
from keras_stylegan.training.state import assign, values
from keras_stylegan.typed_json import from_json, read_json, to_json

CONFIG = Config(
    data=DataConfig(path=Path("scans")), loss=LossConfig("hinge"), training=TrainingConfig(total_kimg=2.5, seed=3)
)


def damages(content, count, seed=0):
    """`count` copies: a third with one byte changed, a third with one bit, a third cut; reproducible."""
    random = np.random.default_rng(seed)
    for number in range(count):
        damaged, place = bytearray(content), int(random.integers(len(content)))
        if number % 3 == 0:
            damaged[place] = int(random.integers(256))
        elif number % 3 == 1:
            damaged[place] ^= 1 << int(random.integers(8))
        else:
            del damaged[place:]
        yield bytes(damaged)


def test_config_json():
    """A changed digit is a legal config: then it is exactly what the file says."""
    told = read = 0
    for damaged in damages(to_json(CONFIG).encode(), 1500):
        try:
            config = from_json(Config, damaged, "config.json")
        except InputError as error:
            told += 1
            assert "\n" not in str(error) and len(str(error)) < 300
            continue
        read += 1
        written, plain = json.loads(to_json(config)), json.loads(damaged)
        # A path has more than one spelling.
        assert written["data"].pop("path") == str(Path(plain["data"].pop("path")))
        assert written == plain
    assert told > 1000 and read > 10


def test_read_json_from_a_file(tmp_path):
    path = tmp_path / "config.json"
    for damaged in damages(to_json(CONFIG).encode(), 60, seed=1):
        path.write_bytes(damaged)
        try:
            assert isinstance(read_json(Config, path), Config)
        except InputError as error:
            assert str(path) in str(error)


def test_checkpoint(tmp_path):
    """Every byte of the content has a CRC: what can be read is what was written."""
    path = tmp_path / "a.npz"
    random = np.random.default_rng(0)
    names = {"generator/kernel": (3, 4), "generator_ema/kernel": (3, 4), "stylegan/mean": ()}
    variables = {name: keras.Variable(random.normal(size=shape), dtype="float32") for name, shape in names.items()}
    variables["stylegan/step"] = keras.Variable(7, dtype="int32", trainable=False)
    expected = {name: array.copy() for name, array in values(variables).items()}
    record = Record(CONFIG, ("AD", "NC"), "a" * 16, images_seen=8)
    save(path, expected, record)
    told = read = 0
    for damaged in damages(path.read_bytes(), 400):
        path.write_bytes(damaged)
        for variable in variables.values():
            variable.assign(keras.ops.zeros_like(variable))
        try:
            arrays, found = load(path)
            assign(variables, arrays, path, lambda line: None)
        except InputError as error:
            told += 1
            assert str(path) in str(error) and "\n" not in str(error)
            assert all(not array.any() for array in values(variables).values())
            continue
        read += 1
        assert found == record
        for name, array in values(variables).items():
            np.testing.assert_array_equal(array, expected[name])
    # Dates, attributes and the like may change.
    assert told > 250 and read > 10


def small_onnx(path):
    """A file of which most bytes are metadata; returns its graph."""
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 4]) for name in ("z", "images")]
    graph = helper.make_graph([helper.make_node("Identity", ["z"], ["images"])], "g", tensors[:1], tensors[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    numbers = {"height": 16, "width": 8, "channels": 1, "z_dim": 4, "w_dim": 4, "num_ws": 6, "classes": ["AD", "NC"]}
    props = {
        "format": FORMAT,
        "part": "generator",
        "layout": "nhwc",
        "output": "float32",
        "noise": "const",
        "weights_sha256": "0" * 64,
    }
    helper.set_model_props(model, props | {key: json.dumps(value) for key, value in numbers.items()})
    save_onnx(model, path)
    return model


def test_onnx_metadata(tmp_path):
    """The checksum is of the whole file: nothing but what was written can be read."""
    path = tmp_path / "generator.onnx"
    small_onnx(path)
    content = path.read_bytes()
    generator = OnnxGenerator(path, workers=1)
    assert (generator.height, generator.width, generator.z_dim, generator.classes) == (16, 8, 4, ("AD", "NC"))
    for damaged in damages(content, 600):
        path.write_bytes(damaged)
        if damaged != content:
            with pytest.raises(RuntimeInputError, match=r"generator\.onnx is damaged"):
                OnnxGenerator(path, workers=1)


@pytest.mark.parametrize("key", ["height", "classes", "format"])
def test_metadata_that_were_edited_are_refused(tmp_path, key):
    path = tmp_path / "generator.onnx"
    model = small_onnx(path)
    helper.set_model_props(model, {item.key: item.value for item in model.metadata_props} | {key: "32"})
    onnx.save(model, path)
    with pytest.raises(RuntimeInputError, match=r"generator\.onnx is damaged"):
        OnnxGenerator(path)
