"""Plans of growing that do not fit their run."""

import dataclasses

import pytest

from keras_stylegan.config import Config, GrowingConfig, ModelConfig, OptimizerConfig, TrainingConfig
from keras_stylegan.errors import InputError

GROWS = {
    "growing": GrowingConfig(start=8, kimg=10.0, fade_kimg=5.0),
    "optimizer": OptimizerConfig(schedule="constant"),
    "training": TrainingConfig(total_kimg=45.0),
}


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("growing", {"start": 64}, r"growing.start must be below model.resolution, one of \(4, 8, 16, 32\). Rec.*: 64"),
        ("growing", {"start": 128}, r"growing.start must be below model.resolution, .* Received: 128"),
        ("growing", {"start": 12}, r"growing.start must be below model.resolution, .* Received: 12"),
        (
            "growing",
            {"batch": ((4, 8),)},
            r"growing.batch .* resolutions are one of \(8, 16, 32, 64\). Rec",
        ),
        (
            "growing",
            {"learning_rate_factor": ((128, 1.5),)},
            "growing.learning_rate_factor .* one of .* Rec",
        ),
        (
            "growing",
            {"batch": ((16, 6),)},
            r"growing.batch must be .*group_size \(4\). Received: \(\(16, 6",
        ),
        (
            "growing",
            {"kimg": 10.1},
            r"total_kimg must be at least 45.3 .*3 times .*10.1 \+ 5\).* Rec.*: 45.0",
        ),
        (
            "training",
            {"total_kimg": 44.0},
            "training.total_kimg must be at least 45 .* Received: 44.0",
        ),
        (
            "training",
            {"total_kimg": None},
            "training.total_kimg must be at least 45 .* Received: None",
        ),
        (
            "training",
            {"steps_per_execution": 2},
            "steps_per_execution must be 1 with growing.start. Received: 2",
        ),
        (
            "optimizer",
            {"schedule": "phases"},
            "schedule must be 'constant' with growing.start. Received: 'phases'",
        ),
    ],
)
def test_a_plan_of_growing_must_fit_the_run(section, changes, message):
    Config(**GROWS)
    with pytest.raises(InputError, match=message) as caught:
        Config(**GROWS | {section: dataclasses.replace(GROWS[section], **changes)})
    assert "\n" not in str(caught.value)


def test_images_that_are_no_square_grow_from_one_of_their_blocks():
    model = ModelConfig(resolution=(208, 176))
    growing = GrowingConfig(start=32, kimg=1.0, fade_kimg=1.0)
    assert Config(**GROWS | {"growing": growing, "model": model}).growing.levels(model.resolution) == [32, 64, 128, 256]
    with pytest.raises(InputError, match=r"growing.start must be .* one of \(16, 32, 64, 128\). Received: 8"):
        Config(**GROWS | {"model": model})
