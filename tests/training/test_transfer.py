import json
from pathlib import Path

import numpy as np
import pytest

from keras_stylegan.cli import main
from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.errors import InputError
from keras_stylegan.training.checkpoint import CheckpointFolder, load, save
from keras_stylegan.training.networks import make_gan
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.state import network_state, state, values
from keras_stylegan.training.transfer import PARTS, Origin

MODEL = {"resolution": 8, "z_dim": 6, "w_dim": 6, "mapping_layers": 2, "channel_base": 64, "channel_max": 8}


def config_of(seed=0, **model):
    return Config(
        model=ModelConfig(**MODEL | model),
        data=DataConfig(source="phantom", phantom_count=16),
        training=TrainingConfig(batch_size=4, total_kimg=0.016, seed=seed),
    )


def gan_of(config, classes=2):
    return make_gan(config, classes, 4, 4)


def arrays_of(gan):
    return {path: array for part in PARTS for path, array in values(network_state(getattr(gan, part), part)).items()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose three networks all have weights of their own, as after training."""
    config = config_of()
    gan = gan_of(config)
    rng = np.random.default_rng(0)
    for part in PARTS:
        for path, variable in network_state(getattr(gan, part), part).items():
            if variable.dtype.startswith("float"):
                variable.assign(variable + 0.1 * rng.normal(size=variable.shape))
            assert path
    gan.images.assign(5000)
    folder = RunFolder(tmp_path_factory.mktemp("origin") / "run")
    folder.path.mkdir(exist_ok=True)
    folder.write_config(config)
    CheckpointFolder(folder.checkpoints).save(gan, Record(config, ("AD", "NC"), "", 0))
    return folder.path, gan


def test_all_weights_are_taken_and_nothing_else(run, tmp_path):
    path, origin = run
    config = config_of(seed=1)
    gan, untouched = gan_of(config), gan_of(config)
    said = []
    Origin(path, config).give(gan, RunFolder(tmp_path), said.append)
    taken, expected = arrays_of(gan), arrays_of(origin)
    own = {name: array for name, array in taken.items() if name.endswith("seed_generator_state")}
    for name, array in expected.items():
        assert name in own or np.array_equal(taken[name], array), name
    rest, fresh = values(state(gan)), values(state(untouched))
    for name in rest.keys() - taken.keys():
        assert np.array_equal(rest[name], fresh[name]), name
    assert all(np.array_equal(array, fresh[name]) for name, array in own.items())
    assert gan.images_seen == 0
    assert said == [f"Starting from {path}, after 5 kimg: 100% of the weights are taken"]
    assert json.loads((tmp_path / "init.json").read_text())["share_taken"] == 1


@pytest.mark.parametrize("options", [{}, {"network": "stylegan"}, {"architecture": "resnet"}], ids=str)
def test_a_higher_resolution_takes_what_there_is(options, tmp_path):
    small, large = config_of(**options), config_of(seed=1, resolution=16, **options)
    origin = gan_of(small)
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.write_config(small)
    CheckpointFolder(folder.checkpoints).save(origin, Record(small, ("AD", "NC"), "", 0))
    gan, said = gan_of(large), []
    Origin(folder.path, large).give(gan, None, said.append)
    assert "of 8x8 pixels" in said[0] and "new are" in said[0] and "b16_" in said[0]
    taken, expected = arrays_of(gan), arrays_of(origin)
    assert np.array_equal(taken["discriminator/b8_conv0/kernel"], expected["discriminator/b8_conv0/kernel"])
    if options:
        return
    # The generator begins with the other's images, enlarged by the network's own filter.
    ws = np.random.default_rng(0).normal(size=(2, origin.generator.num_ws, 6)).astype(np.float32)
    longer = np.concatenate([ws, ws[:, -1:], ws[:, -1:]], axis=1)
    before = np.asarray(origin.generator_ema.synthesis(ws, noise="none"))
    after = np.asarray(gan.generator_ema.synthesis(longer, noise="none"))
    np.testing.assert_allclose(after.reshape(2, 8, 2, 8, 2, 1).mean(axis=(2, 4))[:, 2:-2, 2:-2],
                               smoothed(before)[:, 2:-2, 2:-2], atol=1e-5)  # fmt: skip


def smoothed(images):
    """Up-sampling by [1, 3, 3, 1]/4 and the mean of every 2x2: the 3x3 filter [1, 6, 1]/8 each way, by hand."""
    for axis in (1, 2):
        images = (np.roll(images, 1, axis) + 6 * images + np.roll(images, -1, axis)) / 8
    return images


def test_other_classes_start_anew(tmp_path):
    config = config_of(conditional=True)
    origin = gan_of(config, classes=2)
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.write_config(config)
    CheckpointFolder(folder.checkpoints).save(origin, Record(config, ("AD", "NC"), "", 0))
    said = []
    gan = gan_of(config_of(seed=1, conditional=True), classes=3)
    Origin(folder.path, config).give(gan, None, said.append)
    assert "generator/mapping/embed" in said[0]
    taken, expected = arrays_of(gan), arrays_of(origin)
    same = [name for name in taken if taken[name].shape == expected[name].shape and "seed_generator" not in name]
    assert all(np.array_equal(taken[name], expected[name]) for name in same)
    assert 0 < len(taken) - len(same) < 10


def test_an_imported_run_has_no_discriminator(run, tmp_path):
    _, origin = run
    config = config_of()
    folder = RunFolder(tmp_path / "imported")
    folder.path.mkdir()
    folder.write_config(config)
    folder.imported.write_text("{}")
    average = values(network_state(origin.generator_ema, "generator_ema"))
    save(folder.checkpoints / "checkpoint_0000000000.npz", average, Record(config, ("all",), "", 0))
    said = []
    gan, fresh = gan_of(config_of(seed=1)), gan_of(config_of(seed=1))
    Origin(folder.path, config).give(gan, None, said.append)
    assert said[0].endswith("an imported run has no discriminator")
    taken, new = arrays_of(gan), arrays_of(fresh)
    for name, array in average.items():
        if not name.endswith("seed_generator_state"):
            assert np.array_equal(taken[name], array)
            assert np.array_equal(taken[name.replace("generator_ema", "generator", 1)], array)
    assert all(np.array_equal(taken[name], new[name]) for name in new if name.startswith("discriminator/"))


@pytest.mark.parametrize(
    "model",
    [{"network": "stylegan"}, {"channels": 3}, {"w_dim": 7}, {"channel_max": 4}, {"architecture": "resnet"}],
    ids=str,
)
def test_networks_that_do_not_fit_are_refused_in_one_line(run, model):
    ((name, value),) = model.items()
    with pytest.raises(InputError, match=rf"has model.{name} .*, and this run {value!r}: choose the same"):
        Origin(run[0], config_of(**model))


def test_runs_that_are_none(run, tmp_path):
    with pytest.raises(InputError, match="--init-from: run folder .*nowhere does not exist"):
        Origin(tmp_path / "nowhere", config_of())
    with pytest.raises(InputError, match="--init-from: .* is no run folder"):
        Origin(tmp_path, config_of())
    folder = RunFolder(tmp_path / "begun")
    folder.path.mkdir()
    folder.write_config(config_of())
    with pytest.raises(InputError, match="--init-from: .*there is no checkpoint"):
        Origin(folder.path, config_of())
    # What only generates, without the note that it was imported.
    average = values(network_state(run[1].generator_ema, "generator_ema"))
    save(folder.checkpoints / "checkpoint_0000000000.npz", average, Record(config_of(), ("all",), "", 0))
    with pytest.raises(InputError, match="is not whole: it has no discriminator, generator"):
        Origin(folder.path, config_of())


@pytest.mark.slow
def test_training_starts_from_another_run(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "from pathlib import Path\nfrom keras_stylegan.config import *\n"
        f"cache = Path({str(tmp_path / 'cache')!r})\n"
        f"config = Config(model=ModelConfig(**{MODEL | {'resolution': 16}}),\n"
        "                data=DataConfig(source='phantom', phantom_count=16, cache_dir=cache),\n"
        "                training=TrainingConfig(batch_size=4, total_kimg=0.016, evaluate_kimg=None))\n"
    )
    assert main(["train", "mine.py", "--init-from", str(run[0])]) == 0
    assert "Starting from" in capsys.readouterr().out
    assert Path("models/mine/init.json").exists()
    assert main(["train", "mine.py", "--run-dir", "models/mine", "--resume", "--init-from", str(run[0])]) == 2
    assert "--init-from is for a new run" in capsys.readouterr().err
    # A run that started from another one goes on as any other.
    assert main(["train", "--run-dir", "models/mine", "--resume", "--training.total-kimg", "0.032"]) == 0
    found, _ = load(next(Path("models/mine/checkpoints").glob("*32.npz")))
    assert found["stylegan/images"] == 32
