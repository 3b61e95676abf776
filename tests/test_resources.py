"""What a run needs, against the networks themselves and measured peaks; refusals of what cannot fit."""

import dataclasses
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_stylegan import resources
from keras_stylegan.cli import main, parse
from keras_stylegan.config import (
    Config,
    DataConfig,
    GrowingConfig,
    LossConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)
from keras_stylegan.config.checks import choices
from keras_stylegan.data.image_set import label_record
from keras_stylegan.errors import InputError
from keras_stylegan.experiments import load_experiment
from keras_stylegan.folders import EXPERIMENTS
from keras_stylegan.latent.covariates import covariates_of
from keras_stylegan.training.networks import make_discriminator, make_generator

ROOT = Path(__file__).resolve().parents[1]
NARROW = {"channel_base": 256, "channel_max": 16}


@pytest.mark.parametrize(
    "options",
    [
        *[{"network": network, "resolution": 16, **NARROW} for network in choices(ModelConfig)["network"]],
        {"resolution": 8, "channel_base": 32, "channel_max": 4, "z_dim": 8, "w_dim": 8, "mapping_layers": 1},
        {"resolution": (12, 16), "conditional": True, "z_dim": 8, "w_dim": 8, **NARROW},
        {"resolution": (26, 22), "architecture": "resnet", "z_dim": 8, "w_dim": 8, **NARROW},
        {"resolution": 64, "z_dim": 24, "w_dim": 12, **NARROW},
        {"resolution": 32, "channels": 3, "architecture": "resnet", "z_dim": 8, "w_dim": 12, **NARROW},
        {"resolution": 16, "channels": 3, "conditional": True, "z_dim": 8, "w_dim": 12, "mbstd_maps": True, **NARROW},
        {"resolution": 16, "conditional": True, "covariates": ("slice", "age"), "z_dim": 8, "w_dim": 12, **NARROW},
    ],
)
def test_parameters_are_those_of_the_networks(options):
    config = Config(model=ModelConfig(**options))
    numbers = label_record([0, 1, 1], **{name: [1, 2, 3] for name in config.model.covariates})
    covariates = covariates_of(numbers, config.model.covariates, 1)
    networks = [make(config, 2, covariates=covariates) for make in (make_generator, make_discriminator)]
    networks[1].build()
    counts = [sum(int(np.prod(variable.shape)) for variable in network.trainable_variables) for network in networks]
    assert list(resources.parameters(config.model)) == counts


@pytest.mark.parametrize("model", [{}, {"architecture": "resnet", "channels": 3}, {"network": "stylegan"}])
def test_parameters_of_networks_that_grow(model):
    config = Config(
        model=ModelConfig(resolution=16, z_dim=8, w_dim=12, mapping_layers=2, **NARROW, **model),
        optimizer=OptimizerConfig(schedule="constant"),
        growing=GrowingConfig(start=4, kimg=1.0, fade_kimg=1.0),
        training=TrainingConfig(total_kimg=10.0),
    )
    networks = [make_generator(config, 2), make_discriminator(config, 2)]
    networks[1].build()
    counts = [sum(int(np.prod(variable.shape)) for variable in network.trainable_variables) for network in networks]
    found = resources.needs(config)
    assert [found.generator, found.discriminator] == counts


def test_a_large_batch_at_a_low_resolution_counts_by_its_features():
    config = Config(
        optimizer=OptimizerConfig(schedule="constant"),
        growing=GrowingConfig(start=8, kimg=1.0, fade_kimg=1.0, batch=((8, 4096),)),
        training=TrainingConfig(total_kimg=10.0, batch_size=4),
    )
    whole = dataclasses.replace(config, growing=GrowingConfig())
    # 512 channels at 4x4 and 8x8; with 4 images those of all resolutions are 1.74 M values.
    ratio = 4096 * 512 * (16 + 64) / (4 * 1.74e6)
    assert resources.needs(config).features / resources.needs(whole).features == pytest.approx(ratio, rel=0.01)


WIDE = ["--model.channel-base=4096", "--model.channel-max=128"]


@pytest.mark.parametrize(
    ("words", "peak"),
    [
        (["adni64_cpu"], 1.14),
        (["adni64_cpu", "--training.batch-size=32"], 1.30),
        (["adni64", *WIDE, "--training.batch-size=8"], 1.59),
        (["adni64", *WIDE, "--training.batch-size=32"], 3.06),
        (["adni64", *WIDE, "--training.batch-size=8", "--model.architecture=resnet"], 1.53),
        (["adni64_paper", *WIDE, "--training.batch-size=16"], 1.93),
        (["adni128", "--model.channel-base=2048", "--model.channel-max=64", "--training.batch-size=8"], 1.64),
        (["adni64", "--training.batch-size=4"], 2.98),
        (["adni256", "--model.channel-base=4096", "--model.channel-max=64", "--training.batch-size=4"], 2.06),
        (["cifar10", "--model.channel-base=4096", "--model.channel-max=256", "--training.batch-size=32"], 1.80),
        (["demo"], 0.99),
    ],
)
def test_memory_is_that_of_measured_runs(words, peak):
    """Peaks of the process in GB, measured over six steps in `fit` on a CPU."""
    assert resources.needs(parse(["benchmark", *words]).config).memory / 1e9 == pytest.approx(peak, rel=0.1)


def test_the_bytes_of_a_checkpoint_by_hand():
    """4 bytes of weights, average and two slots (generator), of weights and two slots (discriminator)."""
    config = parse(["benchmark", "adni64_cpu", "--model.channel-base=1024"]).config
    generator, discriminator = resources.parameters(config.model)
    assert resources.needs(config).checkpoint == 4 * (4 * generator + 3 * discriminator)
    # The file of such a run has 9.82 MB, noise buffers and headers included.
    assert 9.5e6 < resources.needs(config).checkpoint < 9.82e6


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.py")), ids=lambda path: path.stem)
def test_the_experiments_are_not_refused_where_they_are_meant_for(path, monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "memory", lambda: 64e9)
    monkeypatch.setattr(resources, "free_disk", lambda folder: 100e9)
    resources.require_resources(load_experiment(path.stem), tmp_path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (Config(model=ModelConfig(z_dim=65536, w_dim=65536)), "networks of .* lower model.channel_base, .* w_dim"),
        (Config(training=TrainingConfig(batch_size=4096)), "a step with 4096 images of 64x64; lower .*batch_size"),
        (Config(ModelConfig(resolution=512, channel_base=512), training=TrainingConfig(sample_count=10_000)),
         "images held at once; lower training.sample_count or evaluate_count"),
    ],
)  # fmt: skip
def test_what_cannot_fit_the_memory_is_refused(monkeypatch, config, message):
    monkeypatch.setattr(resources, "memory", lambda: 8e9)
    monkeypatch.setattr(resources, "LAUNCHERS", ())
    line = rf"needs about \d.* GB of memory, and there are 8 GB: \S+ GB are for {message}"
    with pytest.raises(InputError, match=line):
        resources.require_resources(config)


def test_features_that_lie_elsewhere_are_not_judged(monkeypatch):
    monkeypatch.setattr(resources, "memory", lambda: 8e9)
    monkeypatch.setenv("WORLD_SIZE", "8")
    resources.require_resources(Config(training=TrainingConfig(batch_size=4096)))


def test_what_cannot_fit_the_disk_is_refused(monkeypatch, tmp_path):
    config = Config(data=DataConfig(source="phantom", phantom_count=1_000_000, cache_dir=tmp_path / "cache"))
    monkeypatch.setattr(resources, "memory", lambda: 64e9)

    def full(free):
        monkeypatch.setattr(resources, "free_disk", lambda folder: free)

    full(4_000_000_000)
    with pytest.raises(InputError, match=r"image cache: 5.12 GB are needed, and .*cache has 4 GB left; .*cache-dir"):
        resources.require_resources(config, tmp_path / "run")
    full(1_900_000_000)
    config = dataclasses.replace(config, data=DataConfig())
    with pytest.raises(InputError, match=r"checkpoints \(3 at a time\): 1.99 GB are needed, and .*run has 1.9 GB left"):
        resources.require_resources(config, tmp_path / "run")
    # Two are there already.
    resources.require_resources(config, tmp_path / "run", resume=True)
    resources.require_resources(config)


def test_a_limit_of_the_process_is_found(tmp_path):
    """In a process of its own, as limits cannot be raised again."""
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))\n"
        "from keras_stylegan.resources import memory; print(memory())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == 3_000_000_000
    assert resources.memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 3_000_000_000


def test_the_disk_of_a_folder_that_is_still_to_be_made(tmp_path):
    assert resources.free_disk(tmp_path / "a" / "b") == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)


def test_dry_run_says_the_figures_beside_the_config(capsys, tmp_path):
    options = ["--model.channel-base", "1024", "--model.no-mbstd-maps", "--run-dir", str(tmp_path / "run")]
    assert main(["train", "adni64_cpu", "--dry-run", *options]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("{") and out.rstrip().endswith("}")
    assert "Generator 0.38 M and discriminator 0.30 M parameters." in err
    assert "9.6 MB a checkpoint" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--training.total-kimg 1e300", "training.total_kimg must be at most 2,147,483. Received: 1e+300"),
        ("--model.z-dim 1000000", "model.z_dim must be at most 65,536. Received: 1000000"),
        ("--model.mapping-layers 1000000", "model.mapping_layers must be at most 100. Received: 1000000"),
        ("--data.phantom-count 1000000000000", "data.phantom_count must be at most 10,000,000. Received: 1"),
        ("--training.sample-count 1000000000000", "training.sample_count must be at most 10,000. Received: 1"),
        ("--model.z-dim 65536 --model.w-dim 65536 --model.mapping-layers 100", "needs about 8,592 GB of memory"),
    ],
)  # fmt: skip
def test_sizes_are_questioned_before_anything_is_built(capsys, tmp_path, words, message):
    for command in (["train", "--run-dir", str(tmp_path / "run")], ["benchmark"], ["prepare"]):
        assert main([*command, *words.split()]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_penalties_in_every_step_need_more():
    lazy = Config(loss=LossConfig(gp_interval=4, r1_interval=16))
    assert resources.needs(lazy).features < resources.needs(Config()).features
