import os

import keras
import numpy as np
from fake_gan import FakeGan, fit, rows
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_stylegan.latent.covariates import Covariate
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.models import Generator
from keras_stylegan.training.callbacks import SampleGrid


def make_generator(c_dim=0, **options):
    sizes = {"resolution": 8, "channel_base": 64, "channel_max": 8}
    generator = Generator(z_dim=8, w_dim=8, c_dim=c_dim, seed=0, **sizes, **options)
    generator.build()
    return generator


def levels(images):
    return np.clip(np.rint((np.asarray(images) + 1) * 127.5), 0, 255)


def read_grid(path, factor):
    """A grid in which every pixel was enlarged to `factor` x `factor`, as it was before."""
    with Image.open(path) as file:
        large = np.asarray(file)
    grid = large[::factor, ::factor]
    np.testing.assert_array_equal(large, np.kron(grid, np.ones((factor, factor), np.uint8)))
    return grid.astype(int)


def test_grids_at_the_start_every_interval_and_the_end(tmp_path):
    model = FakeGan(make_generator())
    fit(model, rows(20), [SampleGrid(tmp_path, kimg=0.008, count=4)])
    assert sorted(os.listdir(tmp_path)) == [f"kimg000000.0{n}.png" for n in ("00", "08", "16", "20")]


def test_a_resumed_run_does_not_draw_the_start(tmp_path):
    model = FakeGan(make_generator())
    model.images.assign(100)
    fit(model, rows(8), [SampleGrid(tmp_path, kimg=1.0, count=4)])
    assert os.listdir(tmp_path) == ["kimg000000.108.png"]


def test_the_grid_is_made_of_the_averages_images(tmp_path):
    generator = make_generator()
    model = FakeGan(generator)

    def change(batch, logs):
        generator.synthesis.const.assign(generator.synthesis.const * 1.5)

    trained = keras.callbacks.LambdaCallback(on_train_batch_end=change)
    fit(model, rows(4), [trained, SampleGrid(tmp_path, kimg=0.004, count=4, seed=3)])
    grid = read_grid(tmp_path / "kimg000000.004.png", 64)
    images = levels(generator(draw_latents(3, range(4), 8)))[..., 0]
    expected = np.block([[images[0], images[1]], [images[2], images[3]]])
    assert np.abs(grid - expected).max() <= 1
    assert np.abs(read_grid(tmp_path / "kimg000000.000.png", 64) - expected).max() > 5


def test_one_block_per_class_with_the_same_latents(tmp_path):
    generator = make_generator(c_dim=2)
    callback = SampleGrid(tmp_path, classes=("AD", "NC"), count=9)
    callback.set_model(FakeGan(generator))
    callback.draw()
    grid = read_grid(tmp_path / "kimg000000.000.png", 30)
    # 9 // 2 images a class, 3 in a row, 2 black pixels between the blocks.
    assert grid.shape == (8 + 8 + 2 + 8 + 8, 24)
    z = draw_latents(0, range(4), 8)
    for label, top in ((0, 0), (1, 18)):
        images = levels(generator(z, np.eye(2, dtype=np.float32)[[label] * 4]))[..., 0]
        assert np.abs(grid[top : top + 8, 8:16] - images[1]).max() <= 1
        assert np.abs(grid[top + 8 : top + 16, :8] - images[3]).max() <= 1
    assert (grid[16:18] == 0).all()


def test_a_row_is_a_latent_whose_first_covariate_goes_up(tmp_path):
    spreads = {"slice": (1, 9, 5, 2), "age": (60, 90, 72, 8)}
    ages = tuple(np.linspace(60, 90, 17).tolist()), tuple(np.linspace(70, 90, 17).tolist())
    covariates = [
        Covariate("slice", 1, 9, 5, 2, (tuple(np.linspace(1, 9, 17).tolist()),) * 2, ((), ())),
        Covariate("age", 60, 90, 72, 8, ages, ((0.0,), (0.0,))),
    ]
    generator = make_generator(c_dim=2, covariates=spreads)
    callback = SampleGrid(tmp_path, classes=("AD", "NC"), count=18, covariates=covariates)
    callback.set_model(FakeGan(generator))
    callback.draw()
    # 9 images a class in 6 columns: the second latent has 3.
    grid = read_grid(tmp_path / "kimg000000.000.png", 1024 // 48)
    z = draw_latents(0, range(2), 8)
    for label, top, age in ((0, 0, 75), (1, 18, 80)):
        for row, column in ((0, 0), (0, 5), (1, 2)):
            vector = np.array([[1 - label, label, 1 + 1.6 * column, age]], np.float32)
            image = levels(generator(z[row : row + 1], vector))[0, ..., 0]
            found = grid[top + 8 * row : top + 8 * row + 8, 8 * column : 8 * column + 8]
            assert np.abs(found - image).max() <= 1


def test_many_classes_get_an_image_each(tmp_path):
    callback = SampleGrid(tmp_path, classes=tuple("abcdef"), count=4)
    callback.set_model(FakeGan(make_generator(c_dim=6)))
    callback.draw()
    assert read_grid(tmp_path / "kimg000000.000.png", 17).shape == (6 * 8 + 5 * 2, 8)


def test_pictures_in_tensorboard(tmp_path):
    model = FakeGan(make_generator())
    fit(model, rows(8), [SampleGrid(tmp_path / "samples", kimg=0.004, count=4, tensorboard_dir=tmp_path / "events")])
    pictures = EventAccumulator(str(tmp_path / "events" / "samples")).Reload().Images("samples")
    sizes = [(picture.step, picture.width, picture.height) for picture in pictures]
    assert sizes == [(n, 1024, 1024) for n in (0, 4, 8)]
    assert pictures[1].encoded_image_string == (tmp_path / "samples" / "kimg000000.004.png").read_bytes()


def test_its_first_row_is_shown(tmp_path):
    shown = []
    callback = SampleGrid(tmp_path, ("AD", "NC"), count=9, show=lambda *arguments: shown.append(arguments))
    generator = make_generator(c_dim=2)
    callback.set_model(FakeGan(generator))
    callback.draw()
    ((path, row),) = shown
    assert path == tmp_path / "kimg000000.000.png" and path.is_file()
    images = generator(draw_latents(0, range(3), 8), np.eye(2, dtype=np.float32)[[0] * 3])
    np.testing.assert_allclose(row, np.concatenate(list(np.asarray(images)), axis=1), atol=1e-5)
