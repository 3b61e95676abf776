import json
import os

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.data.image_files import save_image
from keras_stylegan.data.sources import load_images
from keras_stylegan.errors import InputError
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.residual import LIMIT
from keras_stylegan.projection.project import HELDOUT, OWN, ProjectOptions, project
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.networks import make_generator
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.state import network_state, values

MODEL = {"resolution": 16, "z_dim": 6, "w_dim": 6, "mapping_layers": 2, "channel_base": 128, "channel_max": 8}


def saved(path, config, generator, images_seen):
    """The run folder of a generator, with one checkpoint."""
    folder = RunFolder(path)
    folder.checkpoints.mkdir(parents=True)
    folder.write_config(config)
    arrays = values(network_state(generator, "generator_ema"))
    record = Record(config, ("AD", "NC"), "", images_seen)
    save(folder.checkpoints / f"checkpoint_{images_seen:010d}.npz", arrays, record)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of phantoms with an untrained generator, and that generator."""
    path = tmp_path_factory.mktemp("run")
    data = DataConfig(source="phantom", phantom_count=40, cache_dir=path / "cache")
    config = Config(model=ModelConfig(**MODEL), data=data)
    generator = make_generator(config, class_count=2)
    return saved(path / "run", config, generator, 1500).path, generator, config


def read(folder):
    return json.loads((folder / "projection.json").read_text())


def test_a_generated_image_is_found_and_a_phantom_is_not(run, tmp_path, capsys):
    path, generator, config = run
    image = np.asarray(generator(draw_latents(9, [0], 6)))[0]
    save_image(tmp_path / "generated.png", image, bits=16)
    phantom = load_images(config, "train", progress=False).images[0]
    Image.fromarray(phantom[..., 0]).save(tmp_path / "phantom.png")
    out = tmp_path / "out"
    options = ProjectOptions(steps=150, references=3, output_dir=out)
    assert project(path, (tmp_path / "generated.png", tmp_path / "phantom.png"), options) == out
    record = read(out)
    generated, person = record["images"]
    assert [generated["name"], person["name"]] == ["generated", "phantom"]
    # An untrained network makes no brain: its own image is as far as its own samples, the phantom as far as phantoms.
    assert generated["relative_to"][OWN] < 3 and generated["relative_to"][HELDOUT] < 0.3
    assert 0.5 < person["relative_to"][HELDOUT] < 2 and person["as_far_or_farther"][OWN] == 0
    assert {key: part["count"] for key, part in record["references"].items()} == {HELDOUT: 3, OWN: 3}
    assert record["options"] == {"space": "w", "steps": 150, "noise": "optimised", "seed": 0}
    said = capsys.readouterr().out
    assert "001 phantom: distance" in said and "times that of held-out people" in said and "keep them where" in said

    # What the files hold is what was found, and the generator makes it of them.
    with np.load(out / "projection.npz") as file:
        ws = file["ws"]
        assert set(file.files) == {"ws", "weights_sha256"} and str(file["weights_sha256"]) == record["weights_sha256"]
    assert ws.shape == (2, generator.num_ws, 6)
    made = np.clip(generator.synthesis(ws), -1, 1)
    rms = np.sqrt(np.mean((made[0] - np.clip(image, -1, 1)) ** 2)) / 2
    assert generated["rms_error"] == pytest.approx(rms, abs=1e-3)
    shown = np.asarray(Image.open(out / "000_projection.png"))[::64, ::64]
    np.testing.assert_allclose(shown, np.clip((made[0, ..., 0] + 1) * 127.5, 0, 255), atol=1)

    # The signed map is red where the image is brighter than its projection, and blue where it is darker.
    residual = np.asarray(Image.open(out / "001_residual.png")).astype(int)[::64, ::64]
    difference = phantom[..., 0] / 127.5 - 1 - made[1, ..., 0]
    redness = residual[..., 0] - residual[..., 2]
    clear = np.abs(difference) > LIMIT / 4
    assert clear.sum() > 20 and np.array_equal(np.sign(redness[clear]), np.sign(difference[clear]))

    with Image.open(out / "projection.gif") as film:
        assert film.n_frames > 20 and film.size[0] % 2 == 0 and film.size[1] * 2 == film.size[0] * 3
    assert sorted(os.listdir(out)) == [
        *("000_projection.png", "000_residual.png", "001_projection.png", "001_residual.png"),
        *("projection.gif", "projection.json", "projection.npz", "projection.png"),
    ]


@pytest.mark.slow
def test_a_held_out_image_is_not_its_own_measure(run, tmp_path):
    path, _, config = run
    heldout = load_images(config, "test", progress=False).images
    folder = tmp_path / "images"
    folder.mkdir()
    for index, image in enumerate(heldout):
        Image.fromarray(image[..., 0]).save(folder / f"{index}.png")
    some = tuple(folder / f"{index}.png" for index in range(len(heldout) - 1))
    project(path, some, ProjectOptions(steps=2, references=8, output_dir=tmp_path / "out"))
    assert read(tmp_path / "out")["references"][HELDOUT]["count"] == 1


@pytest.mark.slow
def test_noise_maps_travel_with_the_styles(run, tmp_path):
    _, generator, config = run
    for conv in generator.synthesis.convs:
        conv.noise.strength.assign(0.3)
    folder = saved(tmp_path / "noisy", config, generator, 8)
    save_image(tmp_path / "image.png", np.zeros((16, 16, 1)))
    out = project(folder.path, (tmp_path / "image.png",), ProjectOptions(steps=5, references=0))
    assert out == folder.path / "projection"
    with np.load(out / "projection.npz") as file:
        noise = [file[f"noise_{index}"] for index in range(len(generator.synthesis.noise_shapes(1)))]
        ws = file["ws"]
    error = read(out)["images"][0]["rms_error"]
    made = np.clip(generator.synthesis(ws, noise=noise), -1, 1)
    assert np.sqrt(np.mean((made - 1 / 255) ** 2)) / 2 == pytest.approx(error, abs=3e-3)
    for conv in generator.synthesis.convs:
        conv.noise.strength.assign(0.0)


@pytest.mark.slow
def test_a_run_whose_images_are_gone_projects_without_comparing(run, tmp_path, capsys):
    _, generator, _ = run
    config = Config(model=ModelConfig(**MODEL), data=DataConfig(path=tmp_path / "gone"))
    folder = saved(tmp_path / "run", config, generator, 8)
    save_image(tmp_path / "image.png", np.zeros((16, 16, 1)))
    project(folder.path, (tmp_path / "image.png",), ProjectOptions(steps=2, references=2))
    assert "There are no held-out people to compare with" in capsys.readouterr().out
    assert list(read(folder.path / "projection")["references"]) == [OWN]
    with pytest.raises(InputError, match="data.path is not there"):
        options = ProjectOptions(steps=2, references=2, heldout_path=tmp_path / "gone")
        project(folder.path, (tmp_path / "image.png",), options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", 0), ("steps", 10**6), ("seed", -1), ("references", -1), ("space", "z"), ("noise", "none")],
)
def test_options_out_of_range(name, value):
    with pytest.raises(InputError, match=f"{name} must be .*Received: {value!r}"):
        ProjectOptions(**{name: value})
