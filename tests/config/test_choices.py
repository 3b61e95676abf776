"""Every choice that the config offers is implemented, and none is a synonym of another."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_stylegan.backend import replicas
from keras_stylegan.config import Config, ModelConfig, OptimizerConfig
from keras_stylegan.config.checks import choices
from keras_stylegan.data.fit import fit_to
from keras_stylegan.errors import InputError
from keras_stylegan.losses.adversarial import LOSSES
from keras_stylegan.training.draws import Draws
from keras_stylegan.training.evaluation_csv import COLUMNS
from keras_stylegan.training.networks import CONV_CLAMP, make_discriminator, make_generator
from keras_stylegan.training.schedules import learning_rate

TINY = {"resolution": 8, "z_dim": 4, "w_dim": 4, "mapping_layers": 1, "channel_base": 32, "channel_max": 4}
SECTIONS = {field.name: field.default_factory for field in dataclasses.fields(Config)}
TESTED_ELSEWHERE = {"data.source": "tests/data", "model.network": "tests/models"}


def options():
    """Option to its legal values, of all sections."""
    return {f"{name}.{field}": legal for name, kind in SECTIONS.items() for field, legal in choices(kind).items()}


def tiny(**values):
    return Config(model=ModelConfig(**TINY | values))


def adversarial():
    return set(LOSSES)


def schedule():
    """A choice is known by the rate that it gives after every step."""
    found = {}
    for name in options()["optimizer.schedule"]:
        config = OptimizerConfig(schedule=name, phases=((1, 0.5), (1, 0.25)), warmup_kimg=0.002)
        rate = learning_rate(config, 0.5, 1.0, steps_per_epoch=5, total_steps=10, steps_per_kimg=1000.0)
        found[tuple(float(rate(step)) if callable(rate) else rate for step in range(10))] = name
    assert all(0 <= rate <= 0.5 for rates in found for rate in rates)
    return set(found.values())


def precision():
    """Networks of every precision can be built and used, in another type each."""
    found = {}
    for name in CONV_CLAMP:
        dtype = "float32" if name == "float32" else f"mixed_{name}"
        generator = make_generator(tiny(), 2, dtype)
        assert np.isfinite(keras.ops.convert_to_numpy(generator(np.ones((1, 4), "float32")))).all()
        found[generator.compute_dtype] = name
    return set(found.values())


def distribution():
    """Each is set up, or says what is missing on this machine; a single process has no replicas."""
    known = set()
    for name in options()["training.distribution"]:
        try:
            assert replicas.start(name) == "none"
        except InputError as error:
            assert "multi-worker needs a launcher" in str(error)
        known.add(name)
    return known


def best_metric():
    return set(map(str, COLUMNS)) & set(options()["training.best_metric"])


def architecture():
    names = options()["model.architecture"]
    return {make_generator(tiny(architecture=name), 2).count_params(): name for name in names}.values()


def channels():
    found = set()
    for count in options()["model.channels"]:
        images = make_generator(tiny(channels=count), 2)(np.ones((1, 4), "float32"))
        logits = make_discriminator(tiny(channels=count), 2)(images)
        assert logits.shape == (1, 1)
        found.add(images.shape[-1])
    return found


def noise():
    generator = make_generator(tiny(), 2)
    seed = keras.random.SeedGenerator(0)
    draws = {name: Draws(generator, seed, noise=name).latents(2).noise for name in options()["model.noise"]}
    assert [tensor.shape for tensor in draws["random"]] == generator.synthesis.noise_shapes(2)
    assert draws["none"] == "none"
    return set(draws)


def fit():
    image = np.arange(8 * 16, dtype=np.uint8).reshape(8, 16, 1)
    return {fit_to(image, (8, 8), name).tobytes(): name for name in options()["data.fit"]}.values()


IMPLEMENTED = {
    "loss.adversarial": adversarial,
    "optimizer.schedule": schedule,
    "training.precision": precision,
    "training.distribution": distribution,
    "training.best_metric": best_metric,
    "model.architecture": architecture,
    "model.channels": channels,
    "model.noise": noise,
    "data.fit": fit,
}


def test_every_option_with_choices_is_tested():
    assert options().keys() - TESTED_ELSEWHERE.keys() == IMPLEMENTED.keys()


@pytest.mark.parametrize("option", IMPLEMENTED)
def test_every_choice_is_implemented(option, monkeypatch):
    for name in ("TF_CONFIG", "WORLD_SIZE", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)
    assert set(IMPLEMENTED[option]()) == set(options()[option])


def test_a_choice_without_an_implementation_is_noticed(monkeypatch):
    monkeypatch.delitem(LOSSES, "hinge")
    with pytest.raises(AssertionError):
        test_every_choice_is_implemented("loss.adversarial", monkeypatch)
