import errno
import os
import re
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from exported import Exported, make_run
from helpers import normal, randomize
from onnx.reference import ReferenceEvaluator

import export.to_onnx
from export.options import ExportOptions
from export.to_onnx import PARTS, export_run, to_onnx
from export.verify import verify
from keras_stylegan.errors import InputError
from keras_stylegan.models import Generator, StyleGANGenerator
from keras_stylegan.models.reference import from_reference

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = ["generator.keras", "generator.onnx", "mapping.onnx", "synthesis.onnx"]


def run(path_or_bytes, **feeds):
    session = onnxruntime.InferenceSession(path_or_bytes, providers=["CPUExecutionProvider"])
    feeds = {name: np.asarray(value) for name, value in feeds.items()}
    return session.run(None, feeds)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stylegan2_32_grey", "stylegan2_32_grey_cond2"])
def test_reference_images(name):
    """The exported graphs give the images of the reference networks, which were computed by other code."""
    with np.load(GOLDEN / f"{name}.npz") as file:
        arrays = dict(file)
    generator, _ = from_reference(arrays)
    graphs = {part: to_onnx(generator, part, ExportOptions(layout="nchw")).SerializeToString() for part in PARTS}
    latent = {"z": arrays["in/z"]}
    if "in/c" in arrays:
        latent["label"] = arrays["in/c"].argmax(axis=1)
    for psi in ("1", "0.5"):
        images = run(graphs["generator"], **latent, truncation_psi=np.float32(psi))
        expected = np.clip(arrays[f"out/image_psi{psi}"], -1, 1)
        np.testing.assert_allclose(images, expected, atol=5e-5)
    w = run(graphs["mapping"], **latent, truncation_psi=np.float32(1))
    np.testing.assert_allclose(w, arrays["out/w"], atol=5e-5)
    np.testing.assert_allclose(run(graphs["synthesis"], w=w), np.clip(arrays["out/image_psi1"], -1, 1), atol=5e-5)
    quiet = to_onnx(generator, "synthesis", ExportOptions(layout="nchw", noise="none")).SerializeToString()
    np.testing.assert_allclose(run(quiet, w=w), np.clip(arrays["out/image_nonoise"], -1, 1), atol=5e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Generator, StyleGANGenerator])
@pytest.mark.parametrize("growth", [0.0, 1.25, 2.0])
def test_a_generator_that_grows_is_exported_at_its_level(kind, growth):
    """At full size, with the noise of all levels among its inputs: 4x4, mostly 8x8, and 16x16, which is the last."""
    generator = kind(resolution=16, growing_start=4, z_dim=4, w_dim=6, mapping_layers=1, channel_base=64, seed=0)
    generator.build()
    randomize(generator)
    generator.synthesis.growth.assign(growth)
    shapes = generator.synthesis.noise_shapes(2)
    noise = {f"noise_{i}": normal(*shape, seed=i) for i, shape in enumerate(shapes)}
    z = normal(2, 4)
    expected = np.clip(generator(z, noise=list(noise.values())), -1, 1)
    graph = to_onnx(generator, "generator", ExportOptions(noise="input")).SerializeToString()
    images = run(graph, z=z, truncation_psi=np.float32(1), **noise)
    np.testing.assert_allclose(images, expected, atol=1e-5)
    assert images.std() > 0.1


def test_files_names_and_axes(conditional):
    assert sorted(os.listdir(conditional.folder)) == FILES

    def signature(values):
        return {
            value.name: (value.type.tensor_type.elem_type,
                         [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim])
            for value in values
        }  # fmt: skip

    float32, int64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    graph = onnx.load(conditional.path).graph
    latent = {"z": (float32, ["N", 8]), "label": (int64, ["N"]), "truncation_psi": (float32, [])}
    assert signature(graph.input) == latent
    assert signature(graph.output) == {"images": (float32, ["N", 16, 16, 1])}
    graph = onnx.load(conditional.folder / "mapping.onnx").graph
    assert signature(graph.input) == latent
    assert signature(graph.output) == {"w": (float32, ["N", 6, 12])}
    graph = onnx.load(conditional.folder / "synthesis.onnx").graph
    assert signature(graph.input) == {"w": (float32, ["N", 6, 12])}


def test_operators(unconditional):
    """Random and general grouped operators would not load everywhere; casts and loops would cost."""
    for part in PARTS:
        graph = onnx.load(unconditional.folder / f"{part}.onnx").graph
        operators = {node.op_type for node in graph.node}
        assert not operators & {"Cast", "RandomNormal", "RandomNormalLike", "Loop", "If", "ConvTranspose"}
        assert {node.domain for node in graph.node} <= {"", "ai.onnx"}
        used = {name for node in graph.node for name in node.input}
        assert {weight.name for weight in graph.initializer} <= used
        assert not [weight.name for weight in graph.initializer if weight.external_data]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "model"),
    [
        ({"noise": "none"}, {}),
        ({"layout": "nchw"}, {"channels": 3}),
        ({"opset": 13}, {"architecture": "resnet"}),
        ({"opset": 18}, {"channels": 3, "architecture": "resnet", "conditional": True}),
        ({}, {"network": "stylegan", "channels": 3, "conditional": True}),
    ],
)
def test_options(tmp_path, options, model):
    exported = Exported(tmp_path, options, **model)
    z = np.random.default_rng(1).standard_normal((5, 8)).astype(np.float32)
    label = [0, 1, 1, 0, 1] if model.get("conditional") else None
    expected = exported.images(z, label, truncation_psi=0.7, noise=options.get("noise", "const"))
    feeds = {} if label is None else {"label": label}
    images = run(exported.path, z=z, truncation_psi=np.float32(0.7), **feeds)
    if options.get("layout") == "nchw":
        assert images.shape == (5, 3, 16, 16)
        images = images.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(images, expected, atol=5e-5)
    assert onnx.load(exported.path).opset_import[0].version == options.get("opset", 17)


@pytest.mark.slow
def test_noise_without_strength_takes_no_space(tmp_path):
    generator = make_run(tmp_path)
    for layer in generator.synthesis.convs:
        layer.noise.strength.assign(0.0)
    graph = to_onnx(generator, "generator", ExportOptions())
    # The network's constant input alone is of the size of features.
    maps = [list(weight.dims) for weight in graph.graph.initializer if list(weight.dims)[2:] in ([8, 8], [16, 16])]
    assert maps == []
    z = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)
    images = run(graph.SerializeToString(), z=z, truncation_psi=np.float32(1))
    np.testing.assert_allclose(images, np.clip(np.asarray(generator(z)), -1, 1), atol=5e-5)


@pytest.mark.slow
def test_noise_inputs(tmp_path):
    exported = Exported(tmp_path, {"noise": "input"})
    random = np.random.default_rng(1)
    z = random.standard_normal((2, 8)).astype(np.float32)
    noise = [random.standard_normal((2, size, size, 1)).astype(np.float32) for size in (4, 8, 8, 16, 16)]
    feeds = {f"noise_{i}": value for i, value in enumerate(noise)}
    images = run(exported.path, z=z, truncation_psi=np.float32(1), **feeds)
    np.testing.assert_allclose(images, exported.images(z, noise=noise), atol=5e-5)
    assert np.abs(images - exported.images(z)).max() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_uint8_images_are_rgb_and_rounded(tmp_path, channels):
    exported = Exported(tmp_path, {"output": "uint8"}, channels=channels)
    z = np.random.default_rng(1).standard_normal((4, 8)).astype(np.float32)
    images = run(exported.path, z=z, truncation_psi=np.float32(1))
    assert images.dtype == np.uint8 and images.shape == (4, 3, 16, 16)
    exact = (exported.images(z).astype(np.float64) + 1) * 127.5
    exact = np.broadcast_to(exact.transpose(0, 3, 1, 2), images.shape)
    sure = np.abs(exact - np.floor(exact) - 0.5) > 1e-3  # elsewhere an error of 1e-5 may change the rounding
    assert sure.mean() > 0.9
    np.testing.assert_array_equal(images[sure], np.rint(exact)[sure])


@pytest.mark.slow
def test_float16_is_half_the_size_and_close(tmp_path, conditional):
    folder = export_run(conditional.run, ExportOptions(precision="float16", output_dir=tmp_path))
    z = np.random.default_rng(1).standard_normal((16, 8)).astype(np.float32)
    label = np.arange(16) % 2
    images = run(folder / "generator.onnx", z=z, label=label, truncation_psi=np.float32(1))
    assert images.dtype == np.float32
    error = np.abs(images - conditional.images(z, label)) / 2
    assert error.max() < 2e-2 and error.mean() < 2e-3
    model = onnx.load(folder / "generator.onnx")
    types = {weight.data_type for weight in model.graph.initializer if np.prod(weight.dims) > 100}
    assert types == {onnx.TensorProto.FLOAT16}


def test_float16_survives_styles_beyond_its_range(tmp_path):
    """Styles are 4096 times larger here, which demodulation undoes; their squares leave the range of float16.

    Computed by onnx's reference, whose float16 is float16: onnxruntime's CPU kernels compute in float32.
    """
    generator = make_run(tmp_path, resolution=8)
    for conv in generator.synthesis.convs:
        for variable in (conv.affine.kernel, conv.affine.bias):
            variable.assign(variable * 4096.0)
    graph = to_onnx(generator, "generator", ExportOptions(precision="float16"))
    z = np.random.default_rng(1).standard_normal((2, 8)).astype(np.float32)
    images = ReferenceEvaluator(graph).run(None, {"z": z, "truncation_psi": np.float32(1)})[0]
    error = np.abs(images - np.clip(np.asarray(generator(z)), -1, 1)) / 2
    assert error.max() < 2e-2 and error.mean() < 2e-3


def test_keras_file_loads_without_custom_objects(conditional):
    loaded = keras.models.load_model(conditional.folder / "generator.keras")
    z = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)
    one_hot = np.eye(2, dtype=np.float32)[[0, 1, 1]]
    np.testing.assert_array_equal(np.asarray(loaded(z, one_hot)), np.asarray(conditional.generator(z, one_hot)))


@pytest.mark.slow
def test_a_wrong_graph_is_found_and_leaves_no_file(unconditional, tmp_path, monkeypatch):
    def broken(generator, part, options):
        model = to_onnx(generator, part, options)
        if part == "generator":
            kernel = max(model.graph.initializer, key=lambda weight: np.prod(weight.dims))
            values = onnx.numpy_helper.to_array(kernel).copy()
            values.flat[0] += 1.0
            kernel.CopyFrom(onnx.numpy_helper.from_array(values, kernel.name))
        return model

    monkeypatch.setattr(export.to_onnx, "to_onnx", broken)
    pattern = (
        r"generator.onnx differs from Keras by up to \S+ \(limit 0.0001\).*worst at class 0, truncation .*element \("
    )
    with pytest.raises(InputError, match=pattern):
        export_run(unconditional.run, ExportOptions(output_dir=tmp_path / "out"))
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.slow
def test_a_graph_that_does_not_load_is_found(unconditional, tmp_path, monkeypatch):
    def broken(generator, part, options):
        model = to_onnx(generator, part, options)
        model.graph.node[3].op_type = "Frobnicate"
        return model

    monkeypatch.setattr(export.to_onnx, "to_onnx", broken)
    with pytest.raises(InputError, match="generator.onnx is not a valid ONNX model: .*Frobnicate"):
        export_run(unconditional.run, ExportOptions(output_dir=tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_not_a_number_fails_the_comparison(unconditional, tmp_path):
    folder = export_run(unconditional.run, ExportOptions(output_dir=tmp_path))
    path = folder / "synthesis.onnx"
    model = onnx.load(path)
    bias = next(weight for weight in model.graph.initializer if weight.data_type == onnx.TensorProto.FLOAT)
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) * np.float32(np.nan), bias.name))
    onnx.save(model, path)
    with pytest.raises(InputError, match="synthesis.onnx differs from Keras by up to inf"):
        verify(unconditional.generator, folder, ExportOptions())


def test_full_disk_keeps_the_earlier_export(unconditional, tmp_path, monkeypatch):
    (tmp_path / "generator.onnx").write_text("earlier")

    def full(model, path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(export.to_onnx, "save", full)
    with pytest.raises(InputError, match=re.escape(f"Cannot write {tmp_path}: No space left on device")):
        export_run(unconditional.run, ExportOptions(output_dir=tmp_path))
    assert os.listdir(tmp_path) == ["generator.onnx"]
    assert (tmp_path / "generator.onnx").read_text() == "earlier"


def test_output_folder_that_is_a_file(unconditional, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="Cannot write .*out: .*choose another --output-dir"):
        export_run(unconditional.run, ExportOptions(output_dir=tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": "random"}, r"noise must be one of .* Received: 'random'"),
        ({"layout": "hwc"}, r"layout must be one of .* Received: 'hwc'"),
        ({"output": "int8"}, r"output must be one of .* Received: 'int8'"),
        ({"precision": "bfloat16"}, r"precision must be one of .* Received: 'bfloat16'"),
        ({"opset": 12}, r"opset must be from 13 to 18. Received: 12"),
        ({"opset": 19}, r"opset must be from 13 to 18. Received: 19"),
        ({"pixel_size_mm": 0.0}, r"pixel_size_mm must be a number above 0. Received: 0.0"),
        ({"pixel_size_mm": float("nan")}, r"pixel_size_mm must be a number above 0. Received: nan"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        ExportOptions(**options)


def test_command_line(unconditional, tmp_path, capsys):
    from keras_stylegan.cli import main

    assert main(["export", str(unconditional.run), "--output-dir", str(tmp_path), "--layout", "nchw"]) == 0
    assert sorted(os.listdir(tmp_path)) == FILES
    assert "largest error" in capsys.readouterr().out
    assert main(["export", str(tmp_path / "nowhere")]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch("Error: run folder .*nowhere does not exist.*\n", error)
