"""From a file to a run folder: images equal the reference's, and what cannot be is one line."""

import json
import re

import files
import numpy as np
import pytest
import reference_numpy as reference

from keras_stylegan.cli import main, parse
from keras_stylegan.errors import InputError
from keras_stylegan.importing.command import import_weights
from keras_stylegan.training.trained import load_generator


def quiet(line):
    pass


def error(actual, expected):
    return np.max(np.abs(np.asarray(actual) - expected)) / np.max(np.abs(expected))


def with_average(arrays):
    return files.rosinality_names(arrays) | {"latent_avg": np.asarray(arrays["G/mapping.w_avg"])}


WRITERS = {
    "official.pkl": files.official_pytorch,
    "tensorflow.pkl": files.official_tensorflow,
    "rosinality.pt": lambda a: files.torch_saved(with_average(a), zipped=True),
    "plain.safetensors": lambda a: files.safetensors(files.generator_of(a)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_imported_files_give_the_golden_images(tmp_path, golden, name):
    if "in/c" in golden and "rosinality" in name:
        pytest.skip("rosinality's generators have no classes")
    (tmp_path / name).write_bytes(WRITERS[name](golden))
    import_weights(tmp_path / name, tmp_path / "run", say=quiet)
    trained = load_generator(tmp_path / "run")
    z, label = golden["in/z"], golden.get("in/c")
    assert trained.classes == (("all",) if label is None else ("class0", "class1"))
    ws = trained.generator.mapping(z, label)
    assert error(ws, golden["out/w"]) < 1e-5
    for psi, key in ((1.0, "out/image_psi1"), (0.5, "out/image_psi0.5")):
        images = np.asarray(trained.generator(z, label, truncation_psi=psi))
        assert error(images.transpose(0, 3, 1, 2), golden[key]) < 1e-5


@pytest.mark.slow
def test_generate_and_export_take_an_imported_run(tmp_path, small, capsys):
    (tmp_path / "a.pkl").write_bytes(files.official_pytorch(small, conv_clamp=256))
    run = str(tmp_path / "run")
    assert main(["import", str(tmp_path / "a.pkl"), "--run-dir", run]) == 0
    assert "official PyTorch pickle: skip generator 8x8x1, z 6, w 5, layers limited to 256" in capsys.readouterr().out
    record = json.loads((tmp_path / "run" / "import.json").read_text())
    assert record["format"] == "official PyTorch pickle"
    assert len(record["file_sha256"]) == 64
    assert load_generator(tmp_path / "run").generator.get_config()["conv_clamp"] == 256
    small_output = ["--count", "2", "--mixing", "0", "--interpolation", "0", "--output-dir", str(tmp_path / "out")]
    assert main(["generate", run, *small_output]) == 0
    assert (tmp_path / "out" / "seed0_00001.png").is_file()
    assert main(["export", run]) == 0
    assert (tmp_path / "run" / "export" / "generator.onnx").is_file()


def test_an_imported_run_is_not_trained_on(tmp_path, small, capsys):
    (tmp_path / "a.safetensors").write_bytes(files.safetensors(files.generator_of(small)))
    import_weights(tmp_path / "a.safetensors", tmp_path / "run", say=quiet)
    for resume in ([], ["--resume"]):
        assert main(["train", "--run-dir", str(tmp_path / "run"), *resume]) == 2
        assert "holds an imported generator, without discriminator and optimizers" in capsys.readouterr().err
    with pytest.raises(InputError, match="holds a run already; choose another --run-dir"):
        import_weights(tmp_path / "a.safetensors", tmp_path / "run")


def test_the_mean_style_is_estimated_where_it_is_missing(tmp_path, small):
    (tmp_path / "a.pt").write_bytes(files.torch_saved(files.rosinality_names(small)))
    lines = []
    import_weights(tmp_path / "a.pt", tmp_path / "run", say=lines.append)
    assert "the mean style (w_avg) is not in the file: the mean of 10,000 latents is taken" in lines
    exact = {name: array.astype(np.float64) for name, array in small.items()}
    w = reference.mapping(exact, "G/mapping", np.random.default_rng(1).normal(size=(20_000, 6)), None)
    found = np.asarray(load_generator(tmp_path / "run").generator.mapping.w_avg)
    np.testing.assert_allclose(found, w.mean(axis=0), atol=5 * w.std() / np.sqrt(10_000))


def test_grey_and_smaller(tmp_path):
    arrays = reference.random_parameters(resolution=16, channels=3, c_dim=2)
    (tmp_path / "a.pkl").write_bytes(files.official_tensorflow(arrays))
    lines = []
    import_weights(tmp_path / "a.pkl", tmp_path / "run", 1, 8, ["AD", "NC"], lines.append)
    assert lines[0].startswith("official TensorFlow pickle: skip generator 8x8x1") and "2 classes" in lines[0]
    assert lines[1:3] == [
        "resolution 16 cut to 8: the sum of images stops there",
        "RGB to grey: the output is the mean of the three colours",
    ]
    trained = load_generator(tmp_path / "run")
    assert trained.classes == ("AD", "NC")
    assert (trained.generator.resolution, trained.generator.channels, trained.generator.c_dim) == (8, 1, 2)


def odd(arrays, name, array):
    return files.torch_saved(files.generator_of(arrays) | {name: np.asarray(array, np.float32)})


def as_orig(arrays):
    """The image comes from the last layer alone, as NVIDIA's `architecture='orig'` has it."""
    g = files.generator_of(arrays)
    return files.torch_saved({name: g[name] for name in g if not name.startswith("synthesis.b4.torgb.")})


def without(arrays, name):
    return files.torch_saved({key: array for key, array in files.generator_of(arrays).items() if key != name})


BAD = {
    "sizes of a huge network": (
        lambda a: files.torch_saved(
            files.generator_of(a)
            | {f"synthesis.b{r}.conv1.weight": np.zeros((60_000, 1, 1, 1), np.float32) for r in (4, 8)}
        ),
        [],
        "has [0-9,]+ parameters, where a generator of its sizes has",
    ),
    "a missing kernel": (
        lambda a: without(a, "synthesis.b8.conv0.weight"),
        [],
        "parameters, where a generator of its sizes has",
    ),
    "no mapping": (lambda a: without(a, "mapping.fc0.weight"), [], "mapping.fc0.weight is missing"),
    "a shape": (
        lambda a: odd(a, "synthesis.b8.conv0.weight", np.zeros((3, 3, 8, 8))),
        [],
        "synthesis.b8.conv0.weight must become",
    ),
    "a number": (lambda a: odd(a, "synthesis.b8.conv1.weight", 3), [], "one of its parameters has too few axes"),
    "an axis less": (
        lambda a: odd(a, "synthesis.b8.torgb.weight", np.zeros((1, 8))),
        [],
        "cannot be imported",
    ),
    "a resolution of its own": (
        lambda a: odd(a, "synthesis.b40000.conv0.affine.weight", np.zeros((1, 8))),
        [],
        "b40000.conv0 is of more than 1024 pixels",
    ),
    "orig": (as_orig, [], "its architecture is 'orig'"),
    "orig with its source": (
        lambda a: files.official_pytorch(a, architecture="orig"),
        [],
        r"built with synthesis\.b4\.conv1\.architecture = 'orig'; ours have skip or resnet",
    ),
    "a limit": (lambda a: files.official_pytorch(a, conv_clamp=10), [], "layers are limited to 10; ours to 256"),
    "a limit that is none": (lambda a: files.official_pytorch(a, conv_clamp="x"), [], "layers are limited to a str"),
    "classes": (
        files.official_pytorch,
        ["--classes", "AD", "NC"],
        "--classes must be left out: the generator has none",
    ),
    "resolution": (files.official_pytorch, ["--resolution", "16"], r"--resolution must be one of \[8\]"),
    "channels": (files.official_pytorch, ["--channels", "3"], "--channels must be 1, as the generator has"),
    "two channels": (files.official_pytorch, ["--channels", "2"], "--channels|invalid choice"),
    "another global": (lambda a: files.dumps(files.Call(files.Name("os", "system"))), [], "names the global os.system"),
    "half a file": (lambda a: files.official_pytorch(a)[:5000], [], "cannot be imported"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, small, capsys, name):
    write, options, message = BAD[name]
    (tmp_path / "a.pkl").write_bytes(write(small))
    assert main(["import", str(tmp_path / "a.pkl"), "--run-dir", str(tmp_path / "run"), *options]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("Error: ")
    assert re.search(message, lines[0]), lines[0]
    assert not (tmp_path / "run").exists()


def test_no_file_and_no_name(tmp_path, capsys):
    assert main(["import", str(tmp_path / "nowhere.pkl")]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert main(["import"]) == 2
    assert "Missing from run.py import: PATH" in capsys.readouterr().err


def test_the_run_folder_is_named_after_the_file():
    command = parse(["import", "some/ffhq.pkl", "--channels", "1"])
    assert (command.file.stem, command.run_dir, command.channels) == ("ffhq", None, 1)
