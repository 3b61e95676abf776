import json

import numpy as np
import pytest
from PIL import Image

from export.directions import read_directions
from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.directions.directions import DirectionsOptions, directions
from keras_stylegan.errors import InputError
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.networks import make_generator
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.state import network_state, values

MODEL = {"resolution": 16, "z_dim": 6, "w_dim": 6, "mapping_layers": 2, "channel_base": 128, "channel_max": 8}
QUICK = {"count": 64, "samples": 16, "chance": 20}


def make_run(run, conditional=False, channels=1, **data):
    config = Config(model=ModelConfig(**MODEL, conditional=conditional, channels=channels), data=DataConfig(**data))
    generator = make_generator(config, class_count=2)
    folder = RunFolder(run)
    folder.checkpoints.mkdir(parents=True)
    folder.write_config(config)
    arrays = values(network_state(generator, "generator_ema"))
    save(folder.checkpoints / "checkpoint_0000001500.npz", arrays, Record(config, ("AD", "NC"), "", 1500))
    return generator


def test_what_is_written_is_read_by_the_runtime_and_says_what_was_measured(tmp_path, capsys):
    run = tmp_path / "run"
    generator = make_run(run, source="phantom", phantom_count=400, cache_dir=tmp_path / "cache")
    path = directions(run, DirectionsOptions(sefa=2, pca=2, **QUICK))
    assert path == run / "directions" / "directions.json"
    record = json.loads(path.read_text())
    names = [factor["name"] for factor in record["factors"]]
    assert names == ["AD", "slice_height_mm", "foreground", "brightness", "dark_middle"]
    quality = {factor["name"]: factor["told_from_people"]["heldout"] for factor in record["factors"]}
    assert quality["slice_height_mm"]["low"] > 0.5 and quality["brightness"] is None
    found = read_directions(path, record["weights_sha256"])
    ranges = ["coarse", "middle"]  # 16 pixels have no fine layers
    expected = [
        *names,
        "AD (total)",
        "slice_height_mm (total)",
        "pca 1",
        "pca 2",
        *(f"sefa {name} {k}" for name in ranges for k in (1, 2)),
    ]
    assert list(found) == expected
    assert found["sefa coarse 1"].layers == (0, 3) and found["sefa middle 1"].layers == (3, generator.num_ws)
    for name, direction in found.items():
        assert set(direction.effects) == set(names), name
        assert all(effect["low"] <= effect["value"] <= effect["high"] for effect in direction.effects.values())
        assert direction.verdict and all(effect["chance"] > 0 for effect in direction.effects.values())
    said = capsys.readouterr().out
    assert f"slice_height_mm: {found['slice_height_mm'].verdict}" in said
    assert said.endswith("the next `export` takes the directions along\n")

    # The effect of a direction on the brightness, measured here once more: on other latents, so within its interval
    # and a little more.
    direction = found["brightness"]
    rng = np.random.default_rng(0)
    ws = np.asarray(generator.mapping(rng.normal(size=(64, 6)).astype(np.float32)))
    means = []
    for amount in (-2, 2, 0):
        images = np.clip(np.asarray(generator.synthesis(direction.moved(ws, amount))), -1, 1)
        grey = np.rint((images + 1) * 127.5)
        seen = grey > 16
        means.append((grey * seen).sum(axis=(1, 2, 3)) / seen.sum(axis=(1, 2, 3)))
    change = (means[1] - means[0]).mean() / means[2].std()
    effect = direction.effects["brightness"]
    slack = 3 * (effect["high"] - effect["low"]) + 0.3
    assert effect["low"] - slack < change < effect["high"] + slack
    with Image.open(run / "directions" / "directions.png") as sheet:
        assert sheet.size[0] > 500


@pytest.mark.slow
def test_without_the_runs_images_the_look_alone_is_measured(tmp_path, capsys):
    make_run(tmp_path / "run", conditional=True, path=tmp_path / "gone")
    path = directions(tmp_path / "run", DirectionsOptions(sefa=1, pca=1, **QUICK))
    assert "images cannot be had" in capsys.readouterr().out
    found = read_directions(path)
    assert [name for name, direction in found.items() if direction.target] == [
        "foreground",
        "brightness",
        "dark_middle",
    ]
    with pytest.raises(InputError, match="data.path is not there"):
        directions(tmp_path / "run", DirectionsOptions(heldout_path=tmp_path / "nothing", **QUICK))


def test_photographs_have_no_ventricles(tmp_path, capsys):
    make_run(tmp_path / "run", channels=3, path=tmp_path / "gone")
    # `export` knows nothing of another folder.
    path = directions(tmp_path / "run", DirectionsOptions(sefa=1, pca=0, output_dir=tmp_path / "out", **QUICK))
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(f"`export` takes those of {tmp_path}/run/directions alone: copy directions.json there for it")
    found = read_directions(path)
    assert all(direction.verdict.startswith("not measured") for direction in found.values()) and len(found) == 2
    with pytest.raises(InputError, match="there is nothing to find"):
        directions(tmp_path / "run", DirectionsOptions(sefa=0, pca=0, **QUICK))


def test_a_folder_that_cannot_be_written(tmp_path):
    make_run(tmp_path / "run", path=tmp_path / "gone")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write to .*file/out"):
        directions(tmp_path / "run", DirectionsOptions(output_dir=tmp_path / "file" / "out", **QUICK))


@pytest.mark.parametrize(("name", "value"), [("sefa", -1), ("count", 3), ("samples", 0), ("chance", 3), ("seed", -1)])
def test_options_out_of_range(name, value):
    with pytest.raises(InputError, match=f"{name} must be .*Received: {value}"):
        DirectionsOptions(**{name: value})
