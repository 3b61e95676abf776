import base64
import json
import shutil

import numpy as np
import pytest

from export.directions import FORMAT, DirectionError, read_directions
from export.runtime import OnnxGenerator
from export.to_onnx import take_directions
from keras_stylegan.training.trained import load_generator


def record(generator_or_sizes, weights="w", **changes):
    num_ws, w_dim = generator_or_sizes
    vector = np.linspace(-1, 1, w_dim).astype("<f4")
    entry = {
        "name": "slice",
        "kind": "supervised",
        "target": "slice",
        "layers": [0, num_ws],
        "vector": base64.b64encode(vector.tobytes()).decode(),
        "effects": {"slice": {"value": 2.0, "low": 1.5, "high": 2.5, "chance": 0.5}},
        "verdict": "changes slice",
    }
    entry |= {key: value for key, value in changes.items() if key in entry}
    top = {"format": FORMAT, "weights_sha256": weights, "w_dim": w_dim, "num_ws": num_ws, "directions": [entry]}
    return top | {key: value for key, value in changes.items() if key not in entry}


def write(path, content):
    path.write_text(json.dumps(content))
    return path


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
