"""What may change when a run goes on: every option is fixed, said or free, and a refused resume changes nothing."""

import dataclasses
from pathlib import Path

import pytest

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.training.record import Record
from keras_stylegan.training.resume import FIXED, LENGTH, SAID, compare

WHERE = Path("checkpoint.npz")
FREE = {
    "data",  # compared by the fingerprint of its images
    "training.distribution",
    "training.epochs",
    "training.total_kimg",
    "training.jit_compile",
    "training.steps_per_execution",
    "training.log_kimg",
    "training.sample_kimg",
    "training.sample_count",
    "training.checkpoint_kimg",
    "training.checkpoint_gb",
    "training.evaluate_kimg",
    "training.evaluate_count",
    "training.best_metric",
}


def record(fingerprint="f", classes=("AD", "NC"), **changes):
    """A record of the default config with options changed, given as section__name=value."""
    config = Config()
    for name, value in changes.items():
        section, key = name.split("__")
        changed = dataclasses.replace(getattr(config, section), **{key: value})
        config = dataclasses.replace(config, **{section: changed})
    return Record(config, classes, fingerprint, 8)


def test_every_option_is_in_one_of_the_lists():
    known = set(FIXED) | set(SAID) | FREE
    for section in dataclasses.fields(Config):
        for field in dataclasses.fields(getattr(Config(), section.name)):
            name = f"{section.name}.{field.name}"
            assert len({name, section.name} & known) == 1, f"may {name} change on resume?"
    assert set(LENGTH) <= FREE


def test_equal_options_say_nothing():
    assert compare(record(), record(), WHERE) == []
    free = {"training__epochs": 7, "training__sample_kimg": 1.0, "data__path": Path("elsewhere")}
    assert compare(record(), record(**free), WHERE) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"loss__r1_gamma": 0.05}, "From here on loss.r1_gamma is 0.05 (was 0.002)."),
        (
            {"loss__adversarial": "hinge", "optimizer__beta_1": 0.5, "training__discriminator_steps": 2},
            "From here on loss.adversarial is hinge (was wgan-gp), optimizer.beta_1 is 0.5 (was 0.0), "
            "training.discriminator_steps is 2 (was 1).",
        ),
        ({"training__style_mixing_prob": 0.9}, "From here on training.style_mixing_prob is 0.9 (was 0.0)."),
        (
            {"schedule__ema_kimg": ((0, 1.0), (9, 2.0))},
            "From here on schedule.ema_kimg is ((0, 1.0), (9, 2.0)) (was ()).",
        ),
        ({"augment__clip_leak": 0.1}, "From here on augment.clip_leak is 0.1 (was 1.0)."),
        ({"augment__ada_kimg": 50.0}, "From here on augment.ada_kimg is 50.0 (was 100.0)."),
        ({"training__ema_kimg": 5.0}, "From here on training.ema_kimg is 5.0 (was None)."),
        ({"training__ema_rampup": None}, "From here on training.ema_rampup is None (was 0.05)."),
    ],
)
def test_what_the_next_step_does_is_said(changes, line):
    assert compare(record(), record(**changes), WHERE) == [line]


def test_the_length_is_said_where_the_learning_rate_depends_on_it():
    cosine = {"optimizer__schedule": "cosine"}
    (line,) = compare(record(**cosine), record(**cosine, training__epochs=300), WHERE)
    assert line == "From here on training.epochs is 300 (was 150)."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model__w_dim": 16}, "trained with model.w_dim = 512 and cannot continue with 16; use the same value"),
        ({"training__batch_size": 8}, "training.batch_size = 64 and cannot continue with 8"),
        ({"training__seed": 1}, "training.seed = 0 and cannot continue with 1"),
        ({"training__precision": "bfloat16"}, "training.precision = 'float32' and cannot continue with 'bfloat16'"),
        ({"augment__horizontal_flip": False}, "augment.horizontal_flip = True and cannot continue with False"),
        ({"schedule__beta_2": ((0, 0.9), (9, 0.9))}, "trained without schedule.beta_2 and cannot continue with it"),
        ({"fingerprint": "g"}, r"trained on other images \(f\) than --data.path has now \(g\)"),
        ({"classes": ("AD",)}, "trained on other classes"),
    ],
)
def test_another_run_is_refused(changes, told):
    with pytest.raises(InputError, match=told):
        compare(record(), record(**changes), WHERE)
