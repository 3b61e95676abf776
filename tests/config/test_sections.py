"""Defaults and rejections of the config."""

import dataclasses

import pytest

from keras_stylegan.config import (
    AugmentConfig,
    Config,
    DataConfig,
    GrowingConfig,
    LossConfig,
    ModelConfig,
    OptimizerConfig,
    ScheduleConfig,
    TrainingConfig,
)
from keras_stylegan.errors import InputError

NAN, INF = float("nan"), float("inf")
REJECTED = [
    (TrainingConfig, {"steps_per_execution": 0}, "steps_per_execution must be at least 1. Received: 0"),
    (ModelConfig, {"network": "stylegan3"}, "network must be 'stylegan' or 'stylegan2'. Received: 'stylegan3'"),
    (ModelConfig, {"architecture": "orig"}, "architecture must be 'skip' or 'resnet'. Received: 'orig'"),
    (ModelConfig, {"resolution": 50}, r"resolution must be the side .* each 4 to 16 .* nearest is 48. Received: 50"),
    (ModelConfig, {"resolution": (218, 182)}, r"resolution must be .* nearest is 224 176. Received: \(218, 182\)"),
    (ModelConfig, {"resolution": (6, 64)}, r"resolution must be .* nearest is \d+ \d+. Received: \(6, 64\)"),
    (
        ModelConfig,
        {"resolution": [48, 64]},
        r"resolution must be an integer or \(an integer, an integer\). Received: \[",
    ),
    (ModelConfig, {"resolution": (208, 176), "channel_base": 255}, r"at least the resolution \(256\).* Received: 255"),
    (ModelConfig, {"resolution": 4}, "resolution .* Received: 4"),
    (ModelConfig, {"resolution": 2048}, "resolution .* Received: 2048"),
    (ModelConfig, {"channels": 2}, r"channels must be 1 or 3. Received: 2"),
    (ModelConfig, {"z_dim": 0}, "z_dim must be at least 1. Received: 0"),
    (ModelConfig, {"w_dim": -1}, "w_dim must be at least 1. Received: -1"),
    (ModelConfig, {"mapping_layers": 0}, "mapping_layers must be at least 1. Received: 0"),
    (ModelConfig, {"channel_base": 0}, "channel_base must be at least 1. Received: 0"),
    (ModelConfig, {"channel_base": 63}, r"channel_base must be at least the resolution \(64\).* Received: 63"),
    (ModelConfig, {"channel_max": 0}, "channel_max must be at least 1. Received: 0"),
    (ModelConfig, {"mbstd_group_size": 0}, "mbstd_group_size must be at least 1. Received: 0"),
    (LossConfig, {"adversarial": "lsgan"}, "adversarial must be one of .*'wgan-gp'.* Received: 'lsgan'"),
    *[
        (LossConfig, {name: value}, f"{name} must be at least 0. Received: {value}")
        for name in ("gp_weight", "r1_gamma", "r2_gamma", "pl_weight")
        for value in (-1.0, NAN, INF)
    ],
    *[
        (LossConfig, {name: 0}, f"{name} must be at least 1. Received: 0")
        for name in ("gp_interval", "r1_interval", "r2_interval", "pl_interval")
    ],
    (OptimizerConfig, {"schedule": "linear"}, "schedule must be one of .*'cosine'.* Received: 'linear'"),
    (OptimizerConfig, {"phases": ()}, r"phases must be pairs .* Received: \(\)"),
    (OptimizerConfig, {"phases": ((0, 1e-4),)}, r"phases must be pairs \(epochs > 0.* Received: \(\(0, 0.0001\),\)"),
    (OptimizerConfig, {"phases": ((5, 0.0),)}, r"phases must be .*learning rate > 0\).* Received: \(\(5, 0.0\),\)"),
    (OptimizerConfig, {"phases": ((5, float("inf")),)}, r"phases must be .* Received: \(\(5, inf\),\)"),
    (OptimizerConfig, {"phases": ((5, NAN),)}, r"phases must be .* Received: \(\(5, nan\),\)"),
    *[
        (OptimizerConfig, {name: value}, f"{name} must be greater than 0. Received: {value}")
        for name in ("g_learning_rate", "m_learning_rate", "d_learning_rate", "epsilon")
        for value in (0.0, -1e-3, NAN, INF)
    ],
    (OptimizerConfig, {"warmup_kimg": -1.0}, "warmup_kimg must be at least 0. Received: -1.0"),
    (OptimizerConfig, {"beta_1": -0.1}, r"beta_1 must be in \[0, 1\). Received: -0.1"),
    (OptimizerConfig, {"beta_2": 1.0}, r"beta_2 must be in \[0, 1\). Received: 1.0"),
    (OptimizerConfig, {"beta_2": NAN}, r"beta_2 must be in \[0, 1\). Received: nan"),
    (DataConfig, {"source": "zip"}, "source must be one of .*'folder'.* Received: 'zip'"),
    (DataConfig, {"fit": "stretch"}, "fit must be 'pad' or 'crop'. Received: 'stretch'"),
    (DataConfig, {"background": -1}, "background must be at least 0. Received: -1"),
    (DataConfig, {"max_refused": -1}, "max_refused must be at least 0. Received: -1"),
    (DataConfig, {"phantom_count": 0}, "phantom_count must be at least 1. Received: 0"),
    (DataConfig, {"hold_out": 1.0}, "data.hold_out must be at least 0 and below 1. Received: 1.0"),
    (DataConfig, {"hold_out": NAN}, "data.hold_out must be at least 0 and below 1. Received: nan"),
    (DataConfig, {"hold_out_seed": -1}, "hold_out_seed must be at least 0. Received: -1"),
    (DataConfig, {"subject_pattern": "(?P<subject>"}, "subject_pattern is not a regular expression .* Received: "),
    (DataConfig, {"subject_pattern": "(.+)_"}, r"subject_pattern must be .*subject>.* Received: '\(\.\+\)_'"),
    *[
        (
            ScheduleConfig,
            {name: pairs},
            f"schedule.{name} must be pairs .* whose kimg begin at 0, increase .* Received: ",
        )
        for name in ("r1_gamma", "r2_gamma", "learning_rate_factor", "beta_2", "ema_kimg")
        for pairs in (
            ((1.0, 0.5), (2.0, 0.5)),
            ((0.0, 0.5), (0.0, 0.5)),
            ((0.0, 0.5), (NAN, 0.5)),
            ((0.0, 0.5), (INF, 0.5)),
        )
    ],
    *[
        (
            ScheduleConfig,
            {"r1_gamma": ((0.0, 2.0), (1.0, value))},
            "r1_gamma must be .* with values greater than 0 .* Rec",
        )
        for value in (0.0, -1.0, NAN, INF)
    ],
    (ScheduleConfig, {"beta_2": ((0.0, 0.9), (1.0, 1.0))}, "beta_2 must be .* above 0 and below 1. Received: "),
    (GrowingConfig, {"start": 2}, "growing.start must be at least 4. Received: 2"),
    *[
        (GrowingConfig, {"start": 8, name: value}, f"growing.{name} must be greater than 0. Received: {value}")
        for name in ("kimg", "fade_kimg")
        for value in (0.0, -1.0, NAN, INF)
    ],
    (GrowingConfig, {"start": 8, "kimg": 1e7}, "growing.kimg must be at most 2,147,483. Received: "),
    *[
        (GrowingConfig, {"start": 8, name: pairs}, f"growing.{name} must be pairs .* each resolution once.* Received: ")
        for name in ("batch", "learning_rate_factor")
        for pairs in (((8, 0),), ((8, -1),), ((8, 10**9),), ((8, 1), (8, 2)))
    ],
    (GrowingConfig, {"learning_rate_factor": ((8, NAN),), "start": 8}, "growing.learning_rate_factor must be pairs"),
    (GrowingConfig, {"kimg": 5.0}, "growing.kimg must be left out without growing.start. Received: 5.0"),
    (GrowingConfig, {"batch": ((8, 4),)}, "growing.batch must be left out without growing.start. Received: "),
    (AugmentConfig, {"real_elastic": 0.06}, "augment.real_elastic must be from 0 to 0.05. Received: 0.06"),
    (AugmentConfig, {"real_elastic": NAN}, "augment.real_elastic must be from 0 to 0.05. Received: nan"),
    (AugmentConfig, {"real_bias_field": -0.1}, "augment.real_bias_field must be from 0 to 0.5. Received: -0.1"),
    (AugmentConfig, {"clip_leak": 0.0}, r"augment.clip_leak must be in \(0, 1\]. Received: 0.0"),
    (
        ScheduleConfig,
        {"augment_strength": ((0.0, 0.5), (1.0, 1.5))},
        "augment_strength must be .* and at most 1. Received: ",
    ),
    *[
        (
            AugmentConfig,
            {"operations": ("flip",), "strength": value},
            r"strength must be in \[0, 1\], or None.* Received: ",
        )
        for value in (-0.1, 1.1, NAN)
    ],
    (AugmentConfig, {"strength": 0.5}, "strength must be left out while augment.operations names none. Received: 0.5"),
    (AugmentConfig, {"operations": ("diffaugment", "flip")}, "'diffaugment' alone, or others. Received: "),
    (AugmentConfig, {"operations": ("invert",)}, "augment.operations must be .* Received: "),
    (AugmentConfig, {"ada_target": 1.0}, "ada_target must be above -1 and below 1. Received: 1.0"),
    (AugmentConfig, {"ada_target": NAN}, "ada_target must be above -1 and below 1. Received: nan"),
    (AugmentConfig, {"ada_kimg": 0.0}, "ada_kimg must be greater than 0. Received: 0.0"),
    (AugmentConfig, {"clip_leak": 1.5}, r"augment.clip_leak must be in \(0, 1\]. Received: 1.5"),
    (TrainingConfig, {"batch_size": 0}, "batch_size must be at least 1. Received: 0"),
    (TrainingConfig, {"epochs": 0}, "epochs must be at least 1. Received: 0"),
    (TrainingConfig, {"discriminator_steps": 0}, "discriminator_steps must be at least 1. Received: 0"),
    (TrainingConfig, {"sample_count": 0}, "sample_count must be at least 1. Received: 0"),
    (TrainingConfig, {"evaluate_count": 0}, "evaluate_count must be at least 1. Received: 0"),
    (TrainingConfig, {"precision": "fp16"}, "precision must be one of .*'float16'.* Received: 'fp16'"),
    (TrainingConfig, {"best_metric": "fid"}, "best_metric must be one of .*'frechet_random'.* Received: 'fid'"),
    (TrainingConfig, {"distribution": "ddp"}, "distribution must be one of .*'mirrored'.* Received: 'ddp'"),
    (ModelConfig, {"noise": "const"}, "noise must be .random. or .none.. Received: .const."),
    (TrainingConfig, {"seed": -1}, "seed must be at least 0. Received: -1"),
    (TrainingConfig, {"checkpoint_gb": -1.0}, "checkpoint_gb must be at least 0. Received: -1.0"),
    (TrainingConfig, {"freeze_d": -1}, "freeze_d must be at least 0. Received: -1"),
    *[
        (TrainingConfig, {name: value}, f"{name} must be greater than 0. Received: {value}")
        for name in (
            "total_kimg",
            "ema_kimg",
            "ema_rampup",
            "log_kimg",
            "sample_kimg",
            "checkpoint_kimg",
            "evaluate_kimg",
        )
        for value in (0.0, -1.0, NAN, INF)
    ],
    (TrainingConfig, {"style_mixing_prob": 1.5}, r"style_mixing_prob must be in \[0, 1\]. Received: 1.5"),
    (ModelConfig, {"covariates": ("slice", "slice")}, r"model.covariates must be different names.*'slice', 'slice'"),
    (ModelConfig, {"covariates": ("class",)}, r"model.covariates must be different names.*Received: \('class',\)"),
    (ModelConfig, {"covariates": ("age at scan",)}, "model.covariates must be different names, each of letters"),
    (TrainingConfig, {"style_mixing_prob": NAN}, r"style_mixing_prob must be in \[0, 1\]. Received: nan"),
]


@pytest.mark.parametrize(("kind", "values", "message"), REJECTED)
def test_a_bad_value_is_refused(kind, values, message):
    with pytest.raises(InputError, match=message) as caught:
        kind(**values)
    assert "\n" not in str(caught.value)


def test_every_number_and_choice_has_a_rejection():
    free = {
        "conditional",
        "mbstd_maps",
        "path",
        "table",
        "upscale",
        "strict",
        "cache_dir",
        "horizontal_flip",
        "jit_compile",
        "allow_shared_subjects",
    }
    tested = {(kind, name) for kind, values, _ in REJECTED for name in values}
    for section in dataclasses.fields(Config):
        kind = section.default_factory
        for field in dataclasses.fields(kind):
            assert field.name in free or (kind, field.name) in tested, field.name


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (TrainingConfig, {"batch_size": "8"}, "training.batch_size must be an integer. Received: '8'"),
        (TrainingConfig, {"batch_size": 8.0}, "training.batch_size must be an integer. Received: 8.0"),
        (TrainingConfig, {"seed": True}, "training.seed must be an integer. Received: True"),
        (TrainingConfig, {"total_kimg": "x"}, "training.total_kimg must be a number or None. Received: 'x'"),
        (TrainingConfig, {"jit_compile": 1}, "training.jit_compile must be True or False or None. Received: 1"),
        (ModelConfig, {"channels": True}, "model.channels must be 1 or 3. Received: True"),
        (ModelConfig, {"conditional": "yes"}, "model.conditional must be True or False. Received: 'yes'"),
        (DataConfig, {"path": "AD_NC"}, "data.path must be a pathlib.Path or None. Received: 'AD_NC'"),
        (DataConfig, {"subject_pattern": 3}, "data.subject_pattern must be a text. Received: 3"),
        (OptimizerConfig, {"phases": [(1, 0.1)]}, "optimizer.phases must be .* Received: .*"),
        (OptimizerConfig, {"phases": ((1, 0.1, 2),)}, "optimizer.phases must be .* Received: .*"),
        (OptimizerConfig, {"phases": ((1.5, 0.1),)}, "optimizer.phases must be .* Received: .*"),
        (AugmentConfig, {"horizontal_flip": 1}, "augment.horizontal_flip must be True or False. Received: 1"),
        (Config, {"model": 3}, "model must be ModelConfig. Received: 3"),
    ],
)
def test_a_value_of_another_type_is_refused(kind, values, message):
    with pytest.raises(InputError, match=f"^{message}"):
        kind(**values)


def test_an_integer_is_a_number():
    assert TrainingConfig(total_kimg=3).total_kimg == 3
    assert OptimizerConfig(phases=((1, 1),)).phases == ((1, 1),)


def test_the_batch_must_be_a_multiple_of_the_group():
    with pytest.raises(InputError, match=r"training.batch_size .*mbstd_group_size \(4\). Received: 6"):
        Config(training=TrainingConfig(batch_size=6))
    assert Config(training=TrainingConfig(batch_size=2)).training.batch_size == 2


def test_a_schedule_must_cover_the_run_and_change_what_is_on():
    pairs = ((0.0, 2.0), (100.0, 0.2))
    with pytest.raises(InputError, match=r"schedule.r1_gamma must be given to the end of the run \(300.0 kimg\). Rec"):
        Config(schedule=ScheduleConfig(r1_gamma=pairs), training=TrainingConfig(total_kimg=300.0))
    with pytest.raises(
        InputError, match=r"schedule.r2_gamma must be left out while loss.r2_gamma is 0.* Received: \(\("
    ):
        Config(schedule=ScheduleConfig(r2_gamma=pairs), training=TrainingConfig(total_kimg=100.0))
    rising = ((0.0, 0.1), (100.0, 0.5))
    with pytest.raises(
        InputError, match="schedule.augment_strength must be left out while augment.strength is None.* Rec"
    ):
        Config(schedule=ScheduleConfig(augment_strength=rising), augment=AugmentConfig(operations=("blit",)))
    assert Config(schedule=ScheduleConfig(ema_kimg=pairs), training=TrainingConfig(total_kimg=100.0)).schedule.ema_kimg


def test_the_defaults_are_the_users_recipe():
    config = Config()
    assert (config.loss.adversarial, config.loss.gp_weight) == ("wgan-gp", 10.0)
    assert config.loss.r1_gamma / 2 == 0.001
    assert (config.loss.gp_interval, config.loss.r1_interval) == (1, 1)
    assert (config.loss.r2_gamma, config.loss.pl_weight) == (0.0, 0.0)
    assert (config.model.z_dim, config.model.w_dim, config.model.resolution, config.model.channels) == (512, 512, 64, 1)
    assert not config.model.conditional
    assert config.training.batch_size == 64
    assert config.optimizer.schedule == "phases"
    assert config.optimizer.phases == ((100, 1e-4), (50, 1e-5))
    assert config.training.epochs == 150 and config.training.total_kimg is None
    assert config.augment.horizontal_flip
    assert config.training.discriminator_steps == 1


def test_configs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().model.resolution = 32
