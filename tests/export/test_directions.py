import base64
import json
import shutil

import numpy as np
import pytest
from directions_file import record, write
from PIL import Image

from export.command import main
from export.directions import DirectionError, read_directions
from export.runtime import OnnxGenerator
from export.to_onnx import take_directions
from keras_stylegan.cli import main as cli
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.training.trained import load_generator


def test_the_runtime_walks_a_direction_as_keras_does(unconditional, tmp_path):
    generator = OnnxGenerator(unconditional.path)
    sizes = (generator.num_ws, generator.w_dim)
    weights = generator.metadata["weights_sha256"]
    path = write(tmp_path / "directions.json", record(sizes, weights, layers=[1, 3]))
    direction = read_directions(path, weights)["slice"]
    w = generator.map(generator.latents(0, range(2)))
    moved = direction.moved(w, np.array([2.0, -1.0]))
    expected = w.copy()
    expected[0, 1:3] += 2 * np.linspace(-1, 1, generator.w_dim, dtype=np.float32)
    expected[1, 1:3] -= np.linspace(-1, 1, generator.w_dim, dtype=np.float32)
    np.testing.assert_allclose(moved, expected, atol=1e-6)
    images = np.clip(np.asarray(unconditional.generator.synthesis(expected)), -1, 1)
    np.testing.assert_allclose(generator.synthesize(moved), images, atol=1e-4)
    assert direction.effects["slice"]["chance"] == 0.5 and direction.target == "slice"


def test_directions_of_another_model(tmp_path):
    path = write(tmp_path / "directions.json", record((4, 8)))
    assert list(read_directions(path)) == ["slice"]
    with pytest.raises(DirectionError, match="directions of another model"):
        read_directions(path, "other")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        record((4, 8), format="keras-stylegan directions 0"),
        record((4, 8), vector="no base64!"),
        record((4, 8), vector=base64.b64encode(np.zeros(7, "<f4").tobytes()).decode()),
        record((4, 8), vector=base64.b64encode(np.full(8, np.nan, "<f4").tobytes()).decode()),
        record((4, 8), layers=[2, 2]),
        record((4, 8), layers=[0, 5]),
        record((4, 8), layers=[-1, 2]),
        record((4, 8), layers=3),
        record((4, 8), effects=[]),
        record((4, 8), directions={"a": 1}),
    ],
    ids=range(14),
)
def test_a_damaged_file_is_one_line(tmp_path, content):
    path = tmp_path / "directions.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DirectionError, match="directions.json is damaged, or no directions.json of this version"):
        read_directions(path)


def test_no_file(tmp_path):
    with pytest.raises(DirectionError, match="there is no file .*nowhere.json"):
        read_directions(tmp_path / "nowhere.json")


def test_styles_of_another_size_and_amounts_without_end(tmp_path):
    direction = read_directions(write(tmp_path / "directions.json", record((4, 8))))["slice"]
    with pytest.raises(DirectionError, match=r"w must be of shape \(N, at least 4, 8\). Received: \(1, 4, 9\)"):
        direction.moved(np.zeros((1, 4, 9)), 1)
    with pytest.raises(DirectionError, match="the amount must be finite"):
        direction.moved(np.zeros((1, 4, 8)), np.inf)


@pytest.fixture
def walked(unconditional, tmp_path):
    """A copy of a run with directions of its weights, also in its export, and the vector of the one called a = b."""
    run = tmp_path / "run"
    shutil.copytree(unconditional.run, run)
    generator = unconditional.generator
    content = record((generator.num_ws, generator.w_dim), load_generator(run).weights_sha256, name="a = b")
    (run / "directions").mkdir()
    for folder in ("directions", "export"):
        write(run / folder / "directions.json", content)
    return run, np.linspace(-1, 1, generator.w_dim, dtype=np.float32)


def written(folder):
    return np.stack([np.asarray(Image.open(folder / f"seed3_{n:05d}.png")) for n in range(3)]).astype(int)


COMMANDS = {
    "generate": lambda run, *rest: cli([
        "generate", str(run), "--mixing", "0", "--interpolation", "0", "--count", "3", "--seed", "3", *rest]),
    "runtime": lambda run, *rest: main([str(run / "export" / "generator.onnx"), "--count", "3", "--seed", "3", *rest]),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_commands_walk_along_directions(unconditional, walked, tmp_path, command):
    run, vector = walked
    twice = ("--direction", "a = b=1.5", "a = b=0.5") if command is COMMANDS["generate"] else (
        "--direction", "a = b=1.5", "--direction", "a = b=0.5")  # fmt: skip
    assert command(run, *twice, "--output-dir", str(tmp_path / "out")) == 0
    assert command(run, "--output-dir", str(tmp_path / "plain")) == 0
    w = np.asarray(unconditional.generator.mapping(draw_latents(3, range(3), 8)))
    images = np.clip(np.asarray(unconditional.generator.synthesis(w + 2 * vector)), -1, 1)
    assert np.abs(written(tmp_path / "out") - (images[..., 0] + 1) * 127.5).max() <= 1
    assert np.abs(written(tmp_path / "out") - written(tmp_path / "plain")).max() > 10


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("other=1", "--direction must be NAME=AMOUNT, and NAME one of a = b. Received: 'other=1'"),
        ("a", "--direction must be NAME=AMOUNT, and NAME one of a = b. Received: 'a'"),
        ("a = b=x", "--direction a = b: the amount must be a number from -10 to 10. Received: 'x'"),
        ("a = b=nan", "--direction a = b: the amount must be a number from -10 to 10. Received: 'nan'"),
        ("a = b=1e9", "--direction a = b: the amount must be a number from -10 to 10. Received: '1e9'"),
    ],
)
def test_directions_that_are_not_there(walked, tmp_path, capsys, command, text, message):
    out = tmp_path / "out"
    assert command(walked[0], "--direction", text, "--output-dir", str(out)) == 2
    assert capsys.readouterr().err == f"Error: {message}\n" and not out.exists()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_directions_of_other_weights_and_none(walked, tmp_path, capsys, command):
    run, out = walked[0], tmp_path / "out"
    for folder in ("directions", "export"):
        path = run / folder / "directions.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"weights_sha256": "other"}))
    assert command(run, "--direction", "a = b=1", "--output-dir", str(out)) == 2
    assert "has the directions of another model" in capsys.readouterr().err
    for folder in ("directions", "export"):
        (run / folder / "directions.json").unlink()
    assert command(run, "--direction", "a = b=1", "--output-dir", str(out)) == 2
    assert "there is no file" in capsys.readouterr().err and not out.exists()


def test_a_walk_is_no_continuation_of_another(walked, tmp_path, capsys):
    options = ("--output-dir", str(tmp_path / "out"))
    assert COMMANDS["runtime"](walked[0], "--direction", "a = b=1", *options) == 0
    assert COMMANDS["runtime"](walked[0], "--resume", *options) == 2
    assert "holds images of another direction (['a = b=1'])" in capsys.readouterr().err
    record = json.loads((tmp_path / "out" / "generate.json").read_text())
    del record["direction"]  # Of before there were directions.
    (tmp_path / "out" / "generate.json").write_text(json.dumps(record))
    assert COMMANDS["runtime"](walked[0], "--resume", *options) == 0


def test_an_export_takes_the_directions_of_its_weights_along(unconditional, tmp_path, capsys):
    trained = load_generator(unconditional.run)
    sizes = (trained.generator.num_ws, trained.generator.w_dim)
    source = unconditional.run / "directions" / "directions.json"
    source.parent.mkdir()
    try:
        take_directions(trained._replace(run_dir=tmp_path / "without"), tmp_path)
        assert not list(tmp_path.iterdir())
        write(source, record(sizes, "of other weights"))
        take_directions(trained, tmp_path)
        assert "Without directions: " in capsys.readouterr().out and not list(tmp_path.iterdir())
        write(source, record(sizes, trained.weights_sha256))
        take_directions(trained, tmp_path)
        weights = OnnxGenerator(unconditional.path).metadata["weights_sha256"]
        assert list(read_directions(tmp_path / "directions.json", weights)) == ["slice"]
    finally:
        shutil.rmtree(source.parent)
