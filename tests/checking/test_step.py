"""The steps, with a second "device" whose arithmetic is planted."""

import contextlib

import keras
import pytest

from keras_stylegan.checking import step
from keras_stylegan.checking.failed import Failed
from keras_stylegan.training.gan import StyleGAN

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def first():
    return step.run_steps("cpu")


def test_the_losses_are_those_of_the_recipe(first):
    assert set(first) >= {"d_loss", "g_loss", "gradient_penalty", "r1_penalty", "real_score", "fake_score"}


def test_the_same_steps_again_agree(first):
    results = []
    assert "after 3 steps" in step.training_step("cpu", results)
    assert results == [first]
    said = step.training_step("cpu", results)
    assert said.endswith("as on the CPU, to 0e+00")


@pytest.mark.parametrize("slope", [0.25, 0.15])
def test_a_device_with_another_arithmetic(first, monkeypatch, slope):
    monkeypatch.setattr("keras_stylegan.layers.activation.SLOPE", slope)
    with pytest.raises(Failed, match=r"is \S+, and \S+ on the CPU") as failed:
        step.training_step("cpu", [first])
    assert "do not train on this device" in failed.value.advice


def test_a_device_that_gives_no_numbers(monkeypatch):
    monkeypatch.setattr("keras_stylegan.layers.activation.SLOPE", float("nan"))
    with pytest.raises(Failed, match="not finite|did not move"):
        step.training_step("cpu", [])


def test_steps_that_change_nothing(monkeypatch):
    monkeypatch.setattr(StyleGAN, "train_on_images", lambda gan, images: {"d_loss": keras.ops.mean(images)})
    with pytest.raises(Failed, match="the weights did not move"):
        step.run_steps("cpu")


def test_weights_that_lie_elsewhere(monkeypatch):
    monkeypatch.setattr(keras, "device", lambda name: contextlib.nullcontext())
    with pytest.raises(Failed, match="its weights lie on .*cpu"):
        step.run_steps("gpu:0")
