import io

import numpy as np
import pytest
from PIL import Image
from small_phantoms import draw

from keras_stylegan.metrics import duplicates
from keras_stylegan.metrics.duplicates import near_duplicate_warning, near_duplicates, shared_subjects


def jpeg(image, quality=90):
    file = io.BytesIO()
    Image.fromarray(image[:, :, 0]).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))[:, :, None]


@pytest.mark.slow
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


@pytest.mark.parametrize("rows", [2, 512])
def test_pairs_within_a_set_stand_once_and_not_within_a_subject(monkeypatch, rows):
    monkeypatch.setattr(duplicates, "ROWS", rows)
    images = np.random.default_rng(1).integers(0, 256, (6, 16, 16, 1), dtype=np.uint8)
    images[4] = images[1]
    assert near_duplicates(images) == [(1, 4, 0.0)]
    subjects = np.array(list("abcdbe"))
    assert near_duplicates(images, subjects=subjects) == []
    images[5], images[3] = images[2], images[4]
    subjects = np.array(list("aacdbe"))
    found = near_duplicates(images, subjects=subjects)
    assert [pair[:2] for pair in found] == [(1, 3), (1, 4), (2, 5), (3, 4)]


def test_constant_images_are_duplicates_only_of_each_other():
    images = np.random.default_rng(2).integers(0, 256, (4, 16, 16, 1), dtype=np.uint8)
    images[1] = images[3] = 7
    assert near_duplicates(images) == [(1, 3, 0.0)]


def test_a_warning_names_files():
    names, others = np.array(["a.png", "b.png"]), np.array(["c.png", "d.png"])
    assert near_duplicate_warning([], names, others, "anywhere") == []
    pairs = [(1, 0, 0.0), (0, 1, 0.03)]
    assert near_duplicate_warning(pairs, names, others, "in both") == [
        "Warning: 2 pairs of equal or nearly equal images in both: b.png = c.png, a.png = d.png."
    ]
    (line,) = near_duplicate_warning(13 * pairs[:1], names, others, "in both")
    assert line.count("b.png = c.png") == 10 and line.endswith(" and 3 more.")


def test_shared_subjects():
    assert shared_subjects(np.array(["b", "a", "c", "a"]), np.array(["a", "d", "c"])) == ["a", "c"]


def test_phantoms_of_one_seed_hold_no_duplicates():
    assert near_duplicates(draw(80, seed=1).images) == []
