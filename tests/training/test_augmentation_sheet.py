"""The sheet of operations."""

import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from keras_stylegan import prepare
from keras_stylegan.augment.operations import OPERATIONS
from keras_stylegan.config import AugmentConfig, Config, DataConfig, ModelConfig
from keras_stylegan.training.augmentation_sheet import changed_by

IMAGES = np.random.default_rng(0).uniform(-0.8, 0.8, (2, 16, 16, 1)).astype("float32")


def test_two_images_are_changed_by_three_shares_of_the_reach_in_opposite_directions():
    found = changed_by(("intensity", "flip"), "brightness", IMAGES)
    # A tenth from black to white is 0.2 of [-1, 1].
    for image, sign in ((0, 1), (1, -1)):
        for k, share in enumerate((0, 1 / 3, 2 / 3, 1)):
            np.testing.assert_allclose(found[4 * image + k], IMAGES[image] + sign * 0.2 * share, atol=1e-6)


def test_every_operation_shows_at_its_whole_reach():
    for operation in OPERATIONS:
        found = changed_by((operation.name,), operation.name, IMAGES)
        assert np.array_equal(found[0], IMAGES[0]) and np.array_equal(found[4], IMAGES[1])
        assert max(np.abs(found[3] - found[0]).max(), np.abs(found[7] - found[4]).max()) > 0.05, operation.name


@pytest.mark.slow
def test_prepare_draws_the_chosen_ones(tmp_path):
    def drawn(*operations):
        config = Config(
            model=ModelConfig(resolution=16),
            data=DataConfig(source="phantom", phantom_count=8, cache_dir=tmp_path),
            augment=AugmentConfig(operations=operations),
        )
        lines = prepare.run(config, Console(file=io.StringIO()), tmp_path / "sheet.png")
        assert f"Look at {tmp_path / 'sheet.png'}" in lines[-1]
        return Image.open(tmp_path / "sheet.png").size

    width, height = drawn("blit", "gain")
    assert drawn()[0] == width and 4 < drawn()[1] / height < len(OPERATIONS) / 3
