import numpy as np
import pytest
from PIL import Image

from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.data.folder import Folder
from keras_stylegan.data.given_images import read_given
from keras_stylegan.errors import InputError


def config(resolution=8, channels=1, **data):
    return Config(model=ModelConfig(resolution=resolution, channels=channels), data=DataConfig(**data))


def write(path, *shape, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_an_image_is_prepared_as_the_training_images_were(tmp_path):
    """The same file through the reader of folders, whose cache training reads."""
    folder = tmp_path / "images"
    folder.mkdir()
    write(folder / "1_1.png", 24, 20)
    for fit, background in (("pad", 9), ("crop", None)):
        wanted = config(fit=fit, background=background, path=folder, cache_dir=tmp_path / "cache")
        trained_on = Folder(wanted.data).load("train", (8, 8), 1, progress=False).images
        images, names = read_given([folder / "1_1.png"], wanted)
        np.testing.assert_allclose(images, trained_on / 127.5 - 1, atol=1e-6)
        assert names == ["1_1"]


def test_files_and_folders_in_the_order_of_their_names(tmp_path):
    for number in (2, 1, 3):
        write(tmp_path / f"{number}.png", 8, 8, seed=number)
    (tmp_path / "notes.txt").write_text("text")
    images, names = read_given([tmp_path, tmp_path / "2.png"], config())
    assert names == ["1", "2", "3", "2"] and images.shape == (4, 8, 8, 1)
    assert images.dtype == np.float32 and np.array_equal(images[1], images[3])


def test_grey_images_suit_a_run_of_colour(tmp_path):
    write(tmp_path / "a.png", 8, 8)
    images, _ = read_given([tmp_path / "a.png"], config(channels=3))
    assert images.shape == (1, 8, 8, 3) and np.all(images[..., :1] == images)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.png", "there is no image .*missing.png"),
        ("x" * 300, "there is no image .*xxx"),
        ("empty", "empty holds no image"),
        ("text.png", "text.png cannot be read as an image"),
        ("small.png", "small.png is smaller \\(7x7 pixels\\) than the run's images \\(8x8\\)"),
        ("colour.png", "colour.png is a colour image and the run has grey ones"),
    ],
)
def test_images_that_do_not_suit(tmp_path, name, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("text")
    write(tmp_path / "small.png", 7, 7)
    write(tmp_path / "colour.png", 8, 8, 3)
    with pytest.raises(InputError, match=words):
        read_given([tmp_path / name], config())


def test_no_image_at_all():
    with pytest.raises(InputError, match="name at least one image"):
        read_given([], config())
