"""The seam of a second family of networks."""

import os

import numpy as np
import onnxruntime
import pytest
from toy_family import ToyDiscriminator, ToyGenerator

from export.options import ExportOptions
from export.to_onnx import export_run
from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.config.checks import choices
from keras_stylegan.data.image_set import label_record
from keras_stylegan.errors import InputError
from keras_stylegan.generation.generate import GenerateOptions, generate
from keras_stylegan.models.families import (
    NETWORKS,
    DiscriminatorNetwork,
    Family,
    GeneratorNetwork,
    MappingPart,
    SynthesisPart,
)
from keras_stylegan.training.networks import make_discriminator, make_generator
from keras_stylegan.training.samples import draw_samples
from keras_stylegan.training.train import train
from keras_stylegan.training.trained import load_generator

SIZES = {"resolution": 8, "z_dim": 4, "w_dim": 6}


def test_every_choice_of_network_has_a_family():
    assert set(choices(ModelConfig)["network"]) == set(NETWORKS)


@pytest.fixture
def toy(monkeypatch):
    """The toy in its line of the table. The choices are fixed in the config's types: it takes StyleGAN2's name."""
    monkeypatch.setitem(NETWORKS, "stylegan2", Family(ToyGenerator, ToyDiscriminator))


@pytest.fixture(params=["stylegan2", "stylegan", "toy"])
def network(request):
    """The name of a family in the config."""
    if request.param != "toy":
        return request.param
    request.getfixturevalue("toy")
    return "stylegan2"


@pytest.mark.parametrize("conditional", [False, True])
def test_a_family_keeps_to_the_protocols(network, conditional):
    config = Config(model=ModelConfig(**SIZES, network=network, conditional=conditional))
    generator, discriminator = make_generator(config, 3), make_discriminator(config, 3)
    for network, protocol in (
        (generator, GeneratorNetwork),
        (generator.mapping, MappingPart),
        (generator.synthesis, SynthesisPart),
        (discriminator, DiscriminatorNetwork),
    ):
        assert isinstance(network, protocol)
    assert len(generator.style_resolutions) == generator.num_ws
    z = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    label = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]] if conditional else None
    ws = generator.mapping(z, label)
    assert ws.shape == (4, generator.num_ws, 6) and np.ptp(np.asarray(ws), axis=1).max() == 0
    np.testing.assert_array_equal(generator.synthesis(ws), generator(z, label))
    noise = [np.zeros(shape, np.float32) for shape in generator.synthesis.noise_shapes(4)]
    np.testing.assert_allclose(generator.synthesis(ws, noise=noise), generator(z, label, noise="none"), atol=1e-6)
    assert {value.shape[0] for value in generator.synthesis.feature_maps(ws).values()} == {4}
    assert discriminator(generator(z, label), label).shape == (4, 1)
    assert generator.flops() > 0 and discriminator.flops() > 0


def test_an_option_that_a_family_does_not_have_is_refused(toy):
    config = Config(model=ModelConfig(**SIZES, mapping_layers=3))
    with pytest.raises(InputError, match="model.mapping_layers is no option of model.network '.* Received: 3"):
        make_generator(config, 0)


def test_stylegan_has_one_architecture():
    config = Config(model=ModelConfig(**SIZES, network="stylegan", architecture="resnet"))
    with pytest.raises(InputError, match="model.architecture is no option of model.network 'stylegan': leave it at"):
        make_generator(config, 0)


@pytest.mark.slow
def test_a_second_family_trains_generates_and_is_exported(toy, tmp_path):
    config = Config(
        model=ModelConfig(**SIZES, conditional=True),
        data=DataConfig(source="phantom", phantom_count=8, cache_dir=tmp_path / "cache"),
        training=TrainingConfig(batch_size=4, total_kimg=0.008, style_mixing_prob=0.9),
    )
    run = tmp_path / "run"
    assert train(config, run) == 0
    trained = load_generator(run)
    assert isinstance(trained.generator, ToyGenerator) and trained.images_seen == 8
    assert np.abs(trained.generator.mapping.w_avg).max() > 0
    samples = draw_samples(trained.generator, 4, 0, label_record([0, 1]))
    assert samples.images.shape == (4, 8, 8, 1)
    generate(run, GenerateOptions(count=2, mixing=2, interpolation=2, noise="random", output_dir=tmp_path / "out"))
    mixed = {"style_mixing_coarse.png"}  # Both of its styles act on at most 8x8 pixels.
    assert mixed == {name for name in os.listdir(tmp_path / "out") if "mixing" in name}
    for noise in ("const", "input"):
        # Verified: an error above the limit raises.
        folder = export_run(run, ExportOptions(noise=noise, output_dir=tmp_path / noise))
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    assert [value.name for value in session.get_inputs()] == ["z", "label", "truncation_psi", "noise_0"]
