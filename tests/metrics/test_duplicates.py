import io

import numpy as np
from PIL import Image
from small_phantoms import draw

from keras_stylegan.metrics import duplicates
from keras_stylegan.metrics.duplicates import data_warnings, near_duplicates, shared_subjects


def jpeg(image, quality=90):
    file = io.BytesIO()
    Image.fromarray(image[:, :, 0]).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))[:, :, None]


def test_jpeg_copies_and_exact_copies_are_found(people, monkeypatch):
    monkeypatch.setattr(duplicates, "ROWS", 30)
    training, heldout, _ = people
    images = heldout.images.copy()
    images[3], images[50] = training.images[17], jpeg(training.images[211])
    pairs = near_duplicates(training.images, images)
    assert [(first, second) for first, second, _ in pairs] == [(17, 3), (211, 50)]
    assert pairs[0][2] == 0 < pairs[1][2] < 0.05


def test_difference_is_the_relative_rms():
    rng = np.random.default_rng(0)
    first = rng.uniform(-1, 1, (1, 16, 16, 1)).astype(np.float32)
    second = first + 0.02 * rng.standard_normal(first.shape).astype(np.float32)
    ((_, _, difference),) = near_duplicates(first, second)
    expected = np.sqrt(np.mean((first - second) ** 2) / np.mean((second - second.mean()) ** 2))
    assert np.isclose(difference, expected, rtol=1e-4)


def test_pairs_within_a_set_stand_once_and_not_within_a_subject():
    images = np.random.default_rng(1).integers(0, 256, (6, 16, 16, 1), dtype=np.uint8)
    images[4] = images[1]
    assert near_duplicates(images) == [(1, 4, 0.0)]
    subjects = np.array(list("abcdbe"))
    assert near_duplicates(images, subjects=subjects) == []


def test_constant_images_are_duplicates_only_of_each_other():
    images = np.random.default_rng(2).integers(0, 256, (4, 16, 16, 1), dtype=np.uint8)
    images[1] = images[3] = 7
    assert near_duplicates(images) == [(1, 3, 0.0)]


def test_warnings(people):
    training, heldout, _ = people
    clean = (training.images, training.subjects, heldout.images, heldout.subjects)
    assert data_warnings(*clean) == []
    images, subjects = heldout.images.copy(), heldout.subjects.copy()
    images[0], subjects[:4] = training.images[9], training.subjects[8]
    lines = data_warnings(training.images, training.subjects, images, subjects)
    assert len(lines) == 2
    assert "1 subjects stand in both" in lines[0] and "phantom-0002" in lines[0]
    assert "1 pairs of equal or nearly equal images between training and held-out images, 1 of them exact" in lines[1]
    twice = np.concatenate([training.images, training.images[:4]])
    lines = data_warnings(twice, np.concatenate([training.subjects, ["x"] * 4]), heldout.images, heldout.subjects)
    assert lines[0].startswith("4 pairs of equal or nearly equal images between training images of different subjects")


def test_shared_subjects():
    assert shared_subjects(np.array(["b", "a", "c", "a"]), np.array(["a", "d", "c"])) == ["a", "c"]


def test_phantoms_of_one_seed_hold_no_duplicates():
    assert near_duplicates(draw(80, seed=1).images) == []
