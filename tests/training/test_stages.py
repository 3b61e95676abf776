"""The stages of a run: what is trained when, by hand."""

import pytest

from keras_stylegan.config import Config, GrowingConfig, ModelConfig, OptimizerConfig, TrainingConfig
from keras_stylegan.training.stages import Stage, current_pass, plan

IMAGES = 100


def stages(total_kimg=3.0, **growing):
    config = Config(
        model=ModelConfig(resolution=32, mbstd_group_size=2),
        optimizer=OptimizerConfig(schedule="constant"),
        growing=GrowingConfig(**{"start": 8, "kimg": 0.2, "fade_kimg": 0.1} | growing),
        training=TrainingConfig(batch_size=10, total_kimg=total_kimg),
    )
    return plan(config, lambda size: IMAGES // size)


def test_a_resolution_has_its_fade_and_its_own_images_and_the_last_has_what_is_left():
    found = stages(total_kimg=1.0)
    assert [(s.level, s.start, s.end, s.fade) for s in found] == [
        (0, 0, 200, 0),
        (1, 200, 500, 100),
        (2, 500, 1000, 100),
    ]
    # 200, 300 and 500 images are 2, 3 and 5 passes over 100.
    assert [(s.first_epoch, s.end_epoch) for s in found] == [(0, 2), (2, 5), (5, 10)]
    assert {(s.batch_size, s.batches_per_epoch, s.learning_rate_factor) for s in found} == {(10, 10, 1.0)}


def test_a_stage_has_whole_batches_of_its_own_size_and_begins_a_new_pass():
    found = stages(batch=((8, 48), (16, 32)), learning_rate_factor=((8, 2.0),), total_kimg=0.6)
    # 5 batches of 48, 10 of 32; then what is left of 600 is less than the last fade.
    assert [(s.start, s.end, s.batch_size) for s in found] == [(0, 240, 48), (240, 560, 32), (560, 660, 10)]
    # Passes of 2 and of 3 batches: the third and the fourth of them were not ended.
    assert [s.first_epoch for s in found] == [0, 3, 7]
    assert [s.learning_rate_factor for s in found] == [2.0, 1.0, 1.0]


@pytest.mark.parametrize(("images", "expected"), [(240, (3, 0)), (272, (3, 1)), (336, (4, 0)), (528, (6, 0))])
def test_the_place_in_the_data_follows_from_the_images_seen(images, expected):
    stage = Stage(batch_size=32, start=240, end=560, first_epoch=3, batches_per_epoch=3)
    assert stage.position(images) == expected


def test_a_longer_run_has_the_same_stages_but_for_the_end_of_the_last():
    short, long = stages(total_kimg=1.0), stages(total_kimg=7.0)
    assert short[:-1] == long[:-1] and (short[-1].start, long[-1].end) == (long[-1].start, 7000)


@pytest.mark.parametrize(("kimg", "end"), [(None, 300), (0.101, 110)])
def test_a_run_that_does_not_grow_is_one_stage(kimg, end):
    training = TrainingConfig(batch_size=10, epochs=3, total_kimg=kimg)
    (stage,) = plan(Config(model=ModelConfig(mbstd_group_size=2), training=training), lambda size: IMAGES // size)
    assert (stage.level, stage.start, stage.end, stage.first_epoch) == (None, 0, end, 0)
    assert stage.end_epoch == (3 if kimg is None else 2) and stage.position(50) == (0, 5)


@pytest.mark.parametrize(
    ("images", "expected"),
    # Passes of 96 images from 0 to 240, then to 560, then of 100: 2.5 of them, then 3 1/3, then 1.
    [
        (0, 1),
        (48, 1),
        (96, 1),
        (144, 2),
        (240, 3),
        (272, 3),
        (288, 3),
        (304, 4),
        (560, 6),
        (570, 6),
        (580, 7),
        (660, 7),
    ],
)
def test_the_log_counts_passes_over_the_data_and_not_stages(images, expected):
    found = stages(batch=((8, 48), (16, 32)), total_kimg=0.6)
    assert current_pass(found, images) == expected


@pytest.mark.parametrize("images", range(10, 310, 10))
def test_without_growing_a_pass_is_an_epoch(images):
    config = Config(model=ModelConfig(mbstd_group_size=2), training=TrainingConfig(batch_size=10, epochs=3))
    assert current_pass(plan(config, lambda size: IMAGES // size), images) == (images - 1) // 100 + 1
