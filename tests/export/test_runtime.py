import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import onnx
import pytest
from exported import Exported
from PIL import Image

import export.command
from export.command import main
from export.runtime import InputError, OnnxGenerator
from keras_stylegan.latent.latents import draw_latents, draw_noise

ROOT = Path(__file__).parents[2]


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file).astype(int)


def call(model, tmp_path, *arguments):
    return main([str(model), "--output-dir", str(tmp_path), *map(str, arguments)])


def test_latents_and_noise_are_those_of_the_project(unconditional, tmp_path):
    generator = OnnxGenerator(unconditional.path)
    for seed, indices in ((0, [0, 1, 2]), (2**64 - 1, [7]), (12345, [10**12, 3])):
        np.testing.assert_array_equal(generator.latents(seed, indices), draw_latents(seed, indices, 8))
    assert generator.latents(0, []).shape == (0, 8)
    noisy = Exported(tmp_path, {"noise": "input"})
    noise = OnnxGenerator(noisy.path)._noise("generator", 5, [3, 1])
    for i, expected in enumerate(draw_noise(5, [3, 1], (4, 8, 8, 16, 16))):
        np.testing.assert_array_equal(noise[f"noise_{i}"], expected)
    images = OnnxGenerator(noisy.path).generate(3, seed=5)
    expected = noisy.images(draw_latents(5, range(3), 8), noise=draw_noise(5, range(3), (4, 8, 8, 16, 16)))
    np.testing.assert_allclose(images, expected, atol=5e-5)


def test_images_are_those_of_keras(conditional):
    generator = OnnxGenerator(conditional.path)
    assert generator.provider == "CPUExecutionProvider" and generator.classes == ("AD", "NC")
    images = generator.generate(5, seed=3, truncation_psi=0.7)
    z = draw_latents(3, [0, 0, 1, 1, 2], 8)
    np.testing.assert_allclose(images, conditional.images(z, [0, 1, 0, 1, 0], truncation_psi=0.7), atol=5e-5)
    np.testing.assert_array_equal(generator.generate(2, seed=3, truncation_psi=0.7, label="NC"), images[[1, 3]])
    np.testing.assert_array_equal(generator.generate(2, seed=3, truncation_psi=0.7, label=1), images[[1, 3]])


def test_an_image_does_not_depend_on_batch_or_count(unconditional):
    images = OnnxGenerator(unconditional.path).generate(20)
    for batch_size, workers in ((1, 1), (3, 2), (16, 1)):
        generator = OnnxGenerator(unconditional.path, batch_size=batch_size, workers=workers)
        np.testing.assert_array_equal(generator.generate(11), images[:11])
    chosen = dict(OnnxGenerator(unconditional.path).stream(20, numbers=[17, 2]))
    assert list(chosen) == [17, 2]
    np.testing.assert_array_equal(chosen[17], images[17])
    assert OnnxGenerator(unconditional.path).generate(0).shape == (0, 16, 16, 1)


def test_map_synthesize_mix_interpolate(conditional):
    generator = OnnxGenerator(conditional.path)
    z = draw_latents(0, range(3), 8)
    w = generator.map(z, truncation_psi=0.5, label="NC")
    one_hot = np.eye(2, dtype=np.float32)[[1, 1, 1]]
    expected = np.asarray(conditional.generator.mapping(z, one_hot, truncation_psi=0.5))
    np.testing.assert_allclose(w, expected, atol=2e-5)
    np.testing.assert_array_equal(generator.map(z, 0.5, [1, 1, 1]), w)
    images = generator.synthesize(w)
    np.testing.assert_allclose(images, conditional.images(z, [1] * 3, truncation_psi=0.5), atol=5e-5)
    mixed = w[:1].copy()
    mixed[:, 2:] = w[1:2, 2:]
    np.testing.assert_array_equal(generator.mix(w[:1], w[1:2], 2), generator.synthesize(mixed))
    path = generator.interpolate(w, 4)
    assert path.shape == (9, 16, 16, 1)
    np.testing.assert_allclose(path[[0, 4, 8]], images, atol=1e-5)
    np.testing.assert_allclose(path[1], generator.synthesize(0.75 * w[:1] + 0.25 * w[1:2])[0], atol=1e-5)


def test_command_writes_images_and_grid(conditional, tmp_path, capsys):
    assert call(conditional.path, tmp_path, "--count", 5, "--seed", 3, "--truncation-psi", 0.7, "--grid") == 0
    names = ["AD_seed3_00000.png", "NC_seed3_00000.png", "AD_seed3_00001.png", "NC_seed3_00001.png",
             "AD_seed3_00002.png"]  # fmt: skip
    assert sorted(os.listdir(tmp_path)) == sorted([*names, "generate.json", "grid.png"])
    images = conditional.images(draw_latents(3, [0, 0, 1, 1, 2], 8), [0, 1, 0, 1, 0], truncation_psi=0.7)
    for name, image in zip(names, images, strict=True):
        assert np.abs(pixels(tmp_path / name) - (image[..., 0] + 1) * 127.5).max() <= 0.51
    grid = pixels(tmp_path / "grid.png")
    assert grid.shape == (32, 48)
    np.testing.assert_array_equal(grid[16:, 16:32], pixels(tmp_path / names[4]))
    assert (grid[16:, 32:] == 0).all()
    assert "CPUExecutionProvider" in capsys.readouterr().out


def test_command_writes_what_run_py_generate_writes(conditional, tmp_path):
    from keras_stylegan.generate import GenerateOptions, generate

    options = GenerateOptions(count=6, seed=2, output_dir=tmp_path / "keras", mixing=0, interpolation=0)
    generate(conditional.run, options)
    assert call(conditional.path, tmp_path / "onnx", "--count", 6, "--seed", 2) == 0
    names = [path.name for path in (tmp_path / "onnx").glob("*seed*.png")]
    assert len(names) == 6
    for name in names:
        assert np.abs(pixels(tmp_path / "onnx" / name) - pixels(tmp_path / "keras" / name)).max() <= 1


@pytest.mark.parametrize(("options", "channels", "shape"), [
    ({}, 3, (16, 16, 3)), ({"layout": "nchw"}, 1, (1, 16, 16)), ({"output": "uint8"}, 1, (3, 16, 16)),
])  # fmt: skip
def test_command_with_other_layouts(tmp_path, options, channels, shape):
    exported = Exported(tmp_path, options, channels=channels)
    assert call(exported.path, tmp_path / "png", "--count", 3, "--grid") == 0
    assert call(exported.path, tmp_path / "npy", "--count", 3, "--format", "npy", "--grid") == 0
    expected = (exported.images(draw_latents(0, range(3), 8))[2] + 1) * 127.5
    image = pixels(tmp_path / "png" / "seed0_00002.png").reshape(16, 16, -1)
    assert np.abs(image - expected).max() <= 0.51
    assert np.load(tmp_path / "npy" / "seed0_00002.npy").shape == shape
    np.testing.assert_array_equal(pixels(tmp_path / "npy" / "grid.png"), pixels(tmp_path / "png" / "grid.png"))


def test_resume_makes_only_what_is_missing(unconditional, tmp_path, capsys):
    assert call(unconditional.path, tmp_path, "--count", 6) == 0
    whole = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    (tmp_path / "seed0_00004.png").unlink()
    (tmp_path / "seed0_00001.png").write_text("kept")
    assert call(unconditional.path, tmp_path, "--count", 8, "--resume") == 0
    assert "5 of 8 images are there already" in capsys.readouterr().out
    assert (tmp_path / "seed0_00001.png").read_text() == "kept"
    assert (tmp_path / "seed0_00004.png").read_bytes() == whole["seed0_00004.png"]
    assert len(list(tmp_path.glob("*.png"))) == 8
    assert call(unconditional.path, tmp_path, "--count", 6) == 0
    assert (tmp_path / "seed0_00001.png").read_bytes() == whole["seed0_00001.png"]


@pytest.mark.parametrize("argument", [("--seed", "1"), ("--truncation-psi", "0.5"), ("--format", "npy")])
def test_resume_refuses_other_images(unconditional, tmp_path, capsys, argument):
    assert call(unconditional.path, tmp_path, "--count", 1) == 0
    assert call(unconditional.path, tmp_path, "--count", 2, "--resume", *argument) == 2
    key = argument[0].strip("-").replace("-", "_")
    error = capsys.readouterr().err
    assert f"holds images of another {key}" in error and error.count("\n") == 1
    (tmp_path / "generate.json").write_text("{")
    assert call(unconditional.path, tmp_path, "--count", 2, "--resume") == 2
    assert "generate.json is damaged" in capsys.readouterr().err


def test_interrupt_keeps_what_is_written(unconditional, tmp_path, capsys, monkeypatch):
    write = export.command._Folder.write

    def interrupted(folder, number, image):
        if number == 3:
            signal.raise_signal(signal.SIGINT)
        write(folder, number, image)

    monkeypatch.setattr(export.command._Folder, "write", interrupted)
    assert call(unconditional.path, tmp_path, "--count", 8) == 130
    assert "Interrupted: 3 images were written. Continue with --resume." in capsys.readouterr().err
    monkeypatch.undo()
    assert len(list(tmp_path.glob("*.png"))) == 3
    assert call(unconditional.path, tmp_path, "--count", 8, "--resume") == 0
    assert len(list(tmp_path.glob("*.png"))) == 8


def assert_error(code, capsys, *words):
    assert code == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ") and error.count("\n") == 1, error
    for word in words:
        assert word in error


def test_files_that_are_not_ours(unconditional, tmp_path, capsys):
    assert_error(call(tmp_path / "no.onnx", tmp_path), capsys, "no.onnx does not exist")
    path = tmp_path / "bad.onnx"
    path.write_text("This is not ONNX.")
    assert_error(call(path, tmp_path), capsys, "bad.onnx is not an ONNX file or is damaged")
    content = unconditional.path.read_bytes()
    for share in (0.1, 0.5, 0.95):
        path.write_bytes(content[: int(share * len(content))])
        assert_error(call(path, tmp_path), capsys, "bad.onnx is not")
    path.write_bytes(b"")
    assert_error(call(path, tmp_path), capsys, "bad.onnx is not")
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "other", [x], [y])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    assert_error(call(path, tmp_path), capsys, "bad.onnx is not the generator of a `python run.py export`")
    assert_error(call(unconditional.folder / "mapping.onnx", tmp_path), capsys, "mapping.onnx is not the generator")
    assert os.listdir(tmp_path) == ["bad.onnx"]
    path.write_bytes(content)
    with pytest.raises(InputError, match="mapping.onnx does not exist"):
        OnnxGenerator(path).map(np.zeros((1, 8)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--label", "MCI"], ["label must be one of ['AD', 'NC']", "'MCI'"]),
        (["--truncation-psi", "2.5"], ["truncation_psi must be in [-2, 2]", "2.5"]),
        (["--truncation-psi", "nan"], ["truncation_psi must be in [-2, 2]", "nan"]),
        (["--count", "-1"], ["count must be at least 0", "-1"]),
        (["--count", "many"], ["argument --count", "'many'"]),
        (["--seed", "-1"], ["seed must be from 0 to 2^64", "-1"]),
        (["--batch-size", "0"], ["batch_size must be at least 1", "0"]),
        (["--workers", "0"], ["workers must be at least 1", "0"]),
        (["--format", "jpg"], ["argument --format", "'jpg'"]),
        (["--provider", "TPUExecutionProvider"], ["has the providers ['", "['TPUExecutionProvider']"]),
        (["--colour"], ["unrecognized arguments: --colour"]),
    ],
)
def test_bad_values(conditional, tmp_path, capsys, arguments, words):
    assert_error(call(conditional.path, tmp_path / "out", *arguments), capsys, *words)
    assert not (tmp_path / "out").exists()


def test_label_without_classes(unconditional, tmp_path, capsys):
    assert_error(call(unconditional.path, tmp_path, "--label", "AD"), capsys, "trained without classes", "'AD'")


def test_bad_arrays(conditional, unconditional):
    generator = OnnxGenerator(conditional.path)
    with pytest.raises(InputError, match=r"z must be of shape \(N, 8\). Received: \(2, 7\)"):
        generator.map(np.zeros((2, 7)), label="AD")
    with pytest.raises(InputError, match=r"z must be of shape \(N, 8\). Received: \(8,\)"):
        generator.map(np.zeros(8), label="AD")
    with pytest.raises(InputError, match=r"w must be of shape \(N, 6, 12\). Received: \(2, 12\)"):
        generator.synthesize(np.zeros((2, 12)))
    with pytest.raises(InputError, match=r"label must be one of \['AD', 'NC'\]. Received: None"):
        generator.map(np.zeros((2, 8)))
    with pytest.raises(InputError, match=r"label must be 2 numbers from 0 to 1. Received: \[0, 2\]"):
        generator.map(np.zeros((2, 8)), label=[0, 2])
    with pytest.raises(InputError, match=r"label must be from 0 to 1. Received: 2"):
        generator.generate(1, label=2)
    with pytest.raises(InputError, match=r"crossover must be from 0 to 6. Received: 7"):
        generator.mix(np.zeros((1, 6, 12)), np.zeros((1, 6, 12)), 7)
    with pytest.raises(InputError, match=r"steps must be at least 1. Received: 0"):
        generator.interpolate(np.zeros((2, 6, 12)), 0)
    with pytest.raises(InputError, match="label must be left out.*Received: 'AD'"):
        OnnxGenerator(unconditional.path).map(np.zeros((1, 8)), label="AD")


def test_unwritable_folder_and_full_disk(unconditional, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("mine")
    assert_error(call(unconditional.path, tmp_path / "file" / "out"), capsys, "cannot write", "another --output-dir")
    assert (tmp_path / "file").read_text() == "mine"
    replace, done = os.replace, []

    def full(source, target):
        if len(done) == 4:
            raise OSError(28, "No space left on device")
        done.append(target.name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    code = call(unconditional.path, tmp_path / "out", "--count", 8)
    assert_error(code, capsys, "seed0_00003.png: No space left on device", "--resume")
    assert sorted(os.listdir(tmp_path / "out")) == sorted(done)


def test_imports_numpy_onnxruntime_and_pillow_only():
    """Nothing of ours, of Keras or of TensorFlow: they are made impossible to import here."""
    code = (
        "import sys\n"
        "for name in ('keras', 'tensorflow', 'keras_stylegan', 'tyro', 'rich', 'onnx', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import export.command"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
def test_requirements_are_enough_in_an_empty_environment(conditional, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    requirements = ROOT / "export" / "requirements.txt"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
    assert not list((tmp_path / "venv").glob("lib/*/site-packages/tensorflow"))
    command = [python, "-m", "export.runtime", conditional.path, "--count", "4", "--output-dir", tmp_path / "out"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "Provider" not in done.stderr
    assert call(conditional.path, tmp_path / "here", "--count", 4) == 0
    names = [path.name for path in (tmp_path / "out").glob("*.png")]
    assert len(names) == 4
    for name in names:
        assert np.abs(pixels(tmp_path / "out" / name) - pixels(tmp_path / "here" / name)).max() <= 1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_count(unconditional):
    code = (
        "import re, sys\n"
        "from export.runtime import OnnxGenerator\n"
        "generator = OnnxGenerator(sys.argv[1])\n"
        "def peak(count):\n"
        "    for _ in generator.stream(count): pass\n"
        "    return re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]\n"
        "print(peak(200), peak(10_000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, unconditional.path], cwd=ROOT, check=True, capture_output=True, text=True
    )
    few, many = map(int, done.stdout.split())
    assert many < 1.02 * few
