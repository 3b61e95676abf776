import json
import os
import shutil
import signal
import subprocess
import venv
from pathlib import Path

import numpy as np
import onnx
import pytest
from exported import Exported
from PIL import Image
from signals import default_signals

import export.command
from export.command import main
from export.runtime import InputError, OnnxGenerator
from export.to_onnx import save
from keras_stylegan.latent.latents import draw_latents

ROOT = Path(__file__).parents[2]


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file).astype(int)


def call(model, tmp_path, *arguments):
    return main([str(model), "--output-dir", str(tmp_path), *map(str, arguments)])


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
    from keras_stylegan.generation.generate import GenerateOptions, generate

    options = GenerateOptions(count=6, seed=2, output_dir=tmp_path / "keras", mixing=0, interpolation=0)
    generate(conditional.run, options)
    assert call(conditional.path, tmp_path / "onnx", "--count", 6, "--seed", 2) == 0
    names = [path.name for path in (tmp_path / "onnx").glob("*seed*.png")]
    assert len(names) == 6
    for name in names:
        assert np.abs(pixels(tmp_path / "onnx" / name) - pixels(tmp_path / "keras" / name)).max() <= 1


def test_16_bits_and_the_size_of_a_pixel(unconditional, tmp_path, capsys):
    model = onnx.load(unconditional.path)
    model.metadata_props.add(key="pixel_size_mm", value="2.5")
    save(model, tmp_path / "generator.onnx")
    arguments = (tmp_path / "generator.onnx", tmp_path / "out", "--count", 2, "--bits", 16, "--grid")
    assert call(*arguments) == call(*arguments, "--resume") == 0
    expected = (unconditional.images(draw_latents(0, [1], 8))[0, ..., 0].astype(float) + 1) * 32767.5
    with Image.open(tmp_path / "out" / "seed0_00001.png") as file:
        assert file.mode == "I;16" and np.abs(np.asarray(file).astype(float) - expected).max() < 2
        np.testing.assert_allclose(file.info["dpi"], 25.4 * 0.4)  # 400 pixels of 2.5 mm are a metre
    grid, image = (pixels(tmp_path / "out" / name) for name in ("grid.png", "seed0_00001.png"))
    np.testing.assert_array_equal(grid[:, 16:], image >> 8)
    assert call(*arguments[:-3], "--resume") == 2
    assert "holds images of another format (png16)" in capsys.readouterr().err


@pytest.mark.parametrize("more", [(), ("--resume",), ("--format", "npy")])
def test_more_images_than_the_disk_has_room_for(conditional, tmp_path, capsys, more):
    assert call(conditional.path, tmp_path, "--count", 10**13, *more) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: --count: about 4.1e+07 GB of disk are needed, and ") and error.count("\n") == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
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
    for content in ("{", "[" * 100_000, "null"):
        (tmp_path / "generate.json").write_text(content)
        assert call(unconditional.path, tmp_path, "--count", 2, "--resume") == 2
        assert "generate.json is damaged" in capsys.readouterr().err


def test_a_grid_of_a_damaged_image(unconditional, tmp_path, capsys):
    assert call(unconditional.path, tmp_path, "--count", 2) == 0
    (tmp_path / "seed0_00001.png").write_text("no picture")
    code = call(unconditional.path, tmp_path, "--count", 2, "--grid", "--resume")
    assert_error(code, capsys, "seed0_00001.png is damaged: delete it and continue with --resume")


def test_resume_does_not_trust_older_images(unconditional, tmp_path, capsys):
    """They may be of another model: a call without --resume replaces the record, not all images."""
    assert call(unconditional.path, tmp_path, "--count", 6, "--truncation-psi", 0) == 0
    older = (tmp_path / "seed0_00005.png").read_bytes()
    os.utime(tmp_path / "seed0_00005.png", (1e9, 1e9))
    assert call(unconditional.path, tmp_path, "--count", 2) == 0
    assert call(unconditional.path, tmp_path, "--count", 6, "--resume") == 0
    assert (tmp_path / "seed0_00005.png").read_bytes() != older


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_keeps_what_is_written(unconditional, tmp_path, capsys, monkeypatch, number):
    write = export.command._Folder.write

    def interrupted(folder, index, image):
        if index == 3:
            signal.raise_signal(number)
        write(folder, index, image)

    monkeypatch.setattr(export.command._Folder, "write", interrupted)
    with default_signals():
        former = signal.getsignal(number)
        assert call(unconditional.path, tmp_path, "--count", 8) == 128 + number
        assert signal.getsignal(number) == former
    assert "Interrupted: 3 images were written. Continue with --resume." in capsys.readouterr().err
    monkeypatch.undo()
    assert len(list(tmp_path.glob("*.png"))) == 3
    assert call(unconditional.path, tmp_path, "--count", 8, "--resume") == 0
    assert len(list(tmp_path.glob("*.png"))) == 8


def test_interrupt_while_the_model_is_read(unconditional, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(export.command, "_require_room", lambda *_: signal.raise_signal(signal.SIGTERM))
    with default_signals():
        assert call(unconditional.path, tmp_path / "out") == 128 + signal.SIGTERM
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_signal_that_is_ignored_stays_ignored(unconditional, tmp_path, monkeypatch):
    write = export.command._Folder.write

    def interrupted(folder, index, image):
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.raise_signal(number)
        write(folder, index, image)

    monkeypatch.setattr(export.command._Folder, "write", interrupted)
    with default_signals(signal.SIGINT, signal.SIGHUP):
        assert call(unconditional.path, tmp_path, "--count", 2) == 0


def assert_error(code, capsys, *words):
    assert code == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ") and error.count("\n") == 1, error
    for word in words:
        assert word in error


@pytest.mark.parametrize("length", [300, 5000])
def test_names_that_no_system_takes(unconditional, tmp_path, capsys, length):
    assert_error(call(tmp_path / ("x" * length), tmp_path), capsys, "does not exist")
    out = tmp_path / ("x" * length)
    assert_error(call(unconditional.path, out, "--resume"), capsys, "cannot write", "another --output-dir")


def test_a_class_that_leads_to_another_folder(conditional, tmp_path, capsys):
    model = onnx.load(conditional.path)
    props = {item.key: item.value for item in model.metadata_props}
    onnx.helper.set_model_props(model, props | {"classes": json.dumps(["../AD", "NC"])})
    save(model, tmp_path / "other.onnx")
    (tmp_path / "out").mkdir()
    words = "other.onnx has a class that cannot begin the name of a file: '../AD'"
    assert_error(call(tmp_path / "other.onnx", tmp_path / "out"), capsys, words)
    assert sorted(os.listdir(tmp_path)) == ["other.onnx", "out"] and not os.listdir(tmp_path / "out")


def test_files_that_are_not_ours(unconditional, tmp_path, capsys):
    assert_error(call(tmp_path / "no.onnx", tmp_path), capsys, "no.onnx does not exist")
    assert_error(call(unconditional.folder, tmp_path), capsys, "export is a folder; name the generator.onnx in it")
    path = tmp_path / "bad.onnx"
    path.write_text("This is not ONNX.")
    assert_error(call(path, tmp_path), capsys, "bad.onnx is damaged, or no file of a `python run.py export`")
    content = unconditional.path.read_bytes()
    for share in (0.1, 0.5, 0.95):
        path.write_bytes(content[: int(share * len(content))])
        assert_error(call(path, tmp_path), capsys, "bad.onnx is damaged")
    path.write_bytes(b"")
    assert_error(call(path, tmp_path), capsys, "bad.onnx is damaged")
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "other", [x], [y])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    assert_error(call(path, tmp_path), capsys, "bad.onnx is damaged, or no file of a `python run.py export`")
    save(model, path)
    assert_error(call(path, tmp_path), capsys, "bad.onnx is not the generator of a `python run.py export`")
    assert_error(call(unconditional.folder / "mapping.onnx", tmp_path), capsys, "mapping.onnx is not the generator")
    assert os.listdir(tmp_path) == ["bad.onnx"]
    path.write_bytes(content)
    with pytest.raises(InputError, match="mapping.onnx does not exist"):
        OnnxGenerator(path).map(np.zeros((1, 8)))


def test_no_flipped_or_missing_byte_goes_unnoticed(unconditional, tmp_path):
    """Weights and metadata alike: a damaged file could still load, and give wrong images."""
    content = unconditional.path.read_bytes()
    random, path = np.random.default_rng(0), tmp_path / "generator.onnx"
    flips = [*random.integers(len(content), size=100), *range(len(content) - 3000, len(content), 30)]
    for place in flips:
        changed = bytearray(content)
        changed[place] ^= 1 << random.integers(8)
        path.write_bytes(changed)
        with pytest.raises(InputError, match="generator.onnx is damaged"):
            OnnxGenerator(path)
    for place in random.integers(len(content), size=20):
        path.write_bytes(content[:place] + content[place + 1 :])
        with pytest.raises(InputError, match="generator.onnx is damaged"):
            OnnxGenerator(path)


def test_halves_of_another_export_are_refused(unconditional, conditional, tmp_path):
    shutil.copy(unconditional.path, tmp_path)
    shutil.copy(conditional.folder / "synthesis.onnx", tmp_path)
    with pytest.raises(InputError, match="synthesis.onnx has other weights than .*generator.onnx"):
        OnnxGenerator(tmp_path / "generator.onnx").synthesize(np.zeros((1, 6, 12)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--label", "MCI"], ["label must be one of ['AD', 'NC']", "'MCI'"]),
        (["--truncation-psi", "2.5"], ["truncation_psi must be in [-2, 2]", "2.5"]),
        (["--truncation-psi", "nan"], ["truncation_psi must be in [-2, 2]", "nan"]),
        (["--count", "-1"], ["count must be at least 0", "-1"]),
        (["--count", "many"], ["argument --count", "'many'"]),
        (["--seed", "-1"], ["seed must be from 0 to 2^64", "-1"]),
        (["--batch-size", "0"], ["batch_size must be from 1 to 1024", "0"]),
        (["--batch-size", "1000000"], ["batch_size must be from 1 to 1024", "1000000"]),
        (["--workers", "0"], ["workers must be from 1 to 1024", "0"]),
        (["--format", "jpg"], ["argument --format", "'jpg'"]),
        (["--bits", "12"], ["argument --bits", "12"]),
        (["--provider", "TPUExecutionProvider"], ["has the providers ['", "['TPUExecutionProvider']"]),
        (["--colour"], ["unrecognized arguments: --colour"]),
    ],
)
def test_bad_values(conditional, tmp_path, capsys, arguments, words):
    assert_error(call(conditional.path, tmp_path / "out", *arguments), capsys, *words)
    assert not (tmp_path / "out").exists()


def test_label_without_classes(unconditional, tmp_path, capsys):
    assert_error(call(unconditional.path, tmp_path, "--label", "AD"), capsys, "trained without classes", "'AD'")


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
