import numpy as np
import pytest
from PIL import Image

from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.config.checks import choices
from keras_stylegan.data import phantom
from keras_stylegan.data.fit import resize
from keras_stylegan.data.folder import Folder
from keras_stylegan.data.phantom_source import PhantomSource
from keras_stylegan.data.pipeline import TrainingBatches, epoch_order
from keras_stylegan.data.sources import SOURCES, load_images, source_of
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.duplicates import near_duplicates


def load(tmp_path, resolution=16, channels=1, split="train", seed=0, count=40):
    data = DataConfig(source="phantom", phantom_count=count, cache_dir=tmp_path)
    model, training = ModelConfig(resolution=resolution, channels=channels), TrainingConfig(seed=seed)
    return load_images(Config(model=model, data=data, training=training), split, progress=False)


def test_phantoms_are_those_of_the_phantom_module(tmp_path):
    images = load(tmp_path, seed=3)
    expected = phantom.phantom_images(40, 16, seed=3)
    np.testing.assert_array_equal(images.images, expected.images)
    np.testing.assert_array_equal(images.labels["class"], expected.labels)
    assert images.subjects.tolist() == expected.subjects.tolist()
    assert images.classes == ("AD", "NC")
    assert len(set(images.names.tolist())) == 40


def test_phantom_splits_share_no_subject(tmp_path):
    train, test = load(tmp_path, count=42), load(tmp_path, split="test", count=42)
    assert len(test) == 10
    assert not set(train.subjects) & set(test.subjects)


def test_phantoms_in_three_channels_and_other_seeds(tmp_path):
    grey, colour, other = load(tmp_path), load(tmp_path, channels=3), load(tmp_path, seed=1)
    np.testing.assert_array_equal(colour.images, np.repeat(grey.images, 3, axis=-1))
    assert other.fingerprint != grey.fingerprint


def test_phantoms_are_drawn_once(tmp_path, monkeypatch):
    first = load(tmp_path)
    monkeypatch.setattr(phantom, "phantom_images", None)
    np.testing.assert_array_equal(load(tmp_path).images, first.images)


def test_sizes_that_phantoms_do_not_have_are_made_from_the_next_larger(tmp_path):
    source = PhantomSource(DataConfig(source="phantom", phantom_count=8, cache_dir=tmp_path))
    drawn = phantom.phantom_images(8, 32).images
    padded = source.load("train", (20, 32), 1, progress=False).images
    assert padded.shape == (8, 20, 32, 1)
    # The 32 x 32 pixels shrink to 20 x 20 in the middle of black.
    assert not padded[:, :, :6].any() and not padded[:, :, 26:].any()
    shrunk = np.stack([resize(image, (20, 20)) for image in drawn])
    assert np.abs(padded[:, :, 7:25].astype(int) - shrunk[:, :, 1:19]).max() <= 3
    assert source.load("train", (8, 8), 1, progress=False).images.shape == (8, 8, 8, 1)


def test_a_phantom_comes_with_the_height_of_its_slice(tmp_path):
    images = load(tmp_path, seed=3)
    factors = phantom.phantom_images(40, 16, seed=3).factors
    heights = np.array([each.slice_height_mm for each in factors], np.float32)
    np.testing.assert_array_equal(images.labels["slice_height_mm"], heights)
    assert images.labels.dtype.names == ("class", *PhantomSource.covariates)
    assert f"Covariate slice_height_mm: {heights.min():g} to {heights.max():g}." in images.report


def test_every_choice_is_a_source_and_every_source_a_choice():
    assert choices(DataConfig)["source"] == tuple(SOURCES)
    for name, kind in SOURCES.items():
        source = source_of(Config(data=DataConfig(source=name), training=TrainingConfig(seed=4)))
        assert type(source) is kind
        assert (source.data.source, source.seed) == (name, 4)


def test_what_sources_say_of_themselves(tmp_path):
    folder, cifar10, phantoms = (kind(DataConfig()) for kind in SOURCES.values())
    assert [source.shows_people for source in (folder, cifar10, phantoms)] == [True, False, False]
    assert [source.has_test for source in (folder, cifar10, phantoms)] == [False, True, True]
    assert (len(cifar10.classes), phantoms.classes) == (10, ("AD", "NC"))
    assert [source.covariates for source in (folder, cifar10, phantoms)] == [("slice",), (), ("slice_height_mm",)]


def test_an_unknown_split(tmp_path):
    with pytest.raises(InputError, match=r"split must be one of \('train', 'test'\)\. Received: 'val'"):
        load(tmp_path, split="val")


def load_folder(root, size, **options):
    data = DataConfig(path=root, cache_dir=root.parent / "cache", **options)
    return Folder(data).load("train", size, 1, progress=False)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rectangles_go_all_the_way(tmp_path, dtype):
    """176 x 208 from three kinds of files, through cache, batches, flips and the search for near duplicates."""
    root = tmp_path / "set"
    rng = np.random.default_rng(3)
    exact = rng.integers(0, np.iinfo(dtype).max + 1, (176, 208)).astype(dtype)
    root.mkdir()
    Image.fromarray(exact).save(root / "a_1.png")
    Image.fromarray(exact).save(root / "b_1.png")
    double = np.repeat(np.repeat(rng.integers(0, 200, (176, 208)).astype(dtype), 2, axis=0), 2, axis=1)
    Image.fromarray(double).save(root / "c_1.png")
    tall = np.full((352, 208), 99, dtype)
    tall[88:264] = exact
    Image.fromarray(tall).save(root / "d_1.png")
    images = load_folder(root, (176, 208), background=0)
    assert (images.images.shape, images.images.dtype) == ((4, 176, 208, 1), dtype)
    assert "4 images 176x208x1" in images.report
    np.testing.assert_array_equal(images.images[0, :, :, 0], exact)
    assert not images.images[3, :, :48].any()  # Halved to 176 x 104 between two bands of background.
    cropped = load_folder(root, (176, 208), fit="crop")
    np.testing.assert_array_equal(cropped.images[3, :, :, 0], exact)
    assert [pair[:2] for pair in near_duplicates(cropped.images, subjects=cropped.subjects)][:3] == [
        (0, 1),
        (0, 3),
        (1, 3),
    ]
    batches = TrainingBatches(cropped, 4, seed=1, horizontal_flip=True)
    shown, labels = batches[0]
    order, flips = epoch_order(4, 1, 0)
    assert (shown.shape, labels["slice"].tolist()) == ((4, 176, 208, 1), [1, 1, 1, 1])
    for row, (index, flip) in enumerate(zip(order, flips, strict=True)):
        expected = cropped.images[index].astype(np.float64) / (np.iinfo(dtype).max / 2) - 1
        np.testing.assert_allclose(shown[row], expected[:, ::-1] if flip else expected, atol=1e-6)


def save(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8), np.uint8)).save(path)


def of_folder(path, split, **options):
    data = DataConfig(path=path, cache_dir=path.parent / "cache", **options)
    return load_images(Config(model=ModelConfig(resolution=8), data=data), split, progress=False)


def test_a_flat_folder_holds_subjects_out_if_told_to(tmp_path):
    root = tmp_path / "flat"
    for number in range(20):
        save(root / f"{number // 2}_{number}.png", number)
    whole = of_folder(root, "train")
    assert "Nothing is held out: --data.hold-out 0.2" in whole.report and len(whole) == 20
    train, test = (of_folder(root, split, hold_out=0.2) for split in ("train", "test"))
    assert len(set(test.subjects)) == 2 and len(set(train.subjects)) == 8 and len(train) + len(test) == 20
    assert not set(train.subjects) & set(test.subjects)
    assert "Split by subject: 0.2 of every class held out, seed 0." in train.report
    assert set(of_folder(root, "test", hold_out=0.2, hold_out_seed=1).subjects) != set(test.subjects)
    assert source_of(Config(data=DataConfig(path=root, hold_out=0.2))).has_test
    assert not source_of(Config(data=DataConfig(path=root))).has_test


def test_what_can_hold_no_more_out(tmp_path):
    save(tmp_path / "one" / "1_1.png", 0)
    source = source_of(Config(data=DataConfig(path=tmp_path / "one", hold_out=0.5)))
    assert not source.has_test
    with pytest.raises(InputError, match="one has no class with two subjects, so data.hold_out 0.5 holds none out"):
        source.load("test", (8, 8), 1, progress=False)
    save(tmp_path / "two" / "Training" / "1_1.png", 0)
    save(tmp_path / "two" / "Testing" / "2_1.png", 1)
    test = of_folder(tmp_path / "two", "test")
    assert "The test split is the folder Testing/." in test.report and test.names.tolist() == ["Testing/2_1.png"]
    for data in (DataConfig(path=tmp_path / "two", hold_out=0.5), DataConfig(source="phantom", hold_out=0.5)):
        with pytest.raises(InputError, match="data.hold_out is for a folder of images that has no held-out part"):
            source_of(Config(data=data))
