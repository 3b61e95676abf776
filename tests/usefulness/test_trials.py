"""Which people's images are used, and how many generated ones."""

import numpy as np
import pytest

from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.training.samples import Samples
from keras_stylegan.usefulness import trials as module
from keras_stylegan.usefulness.learner import Task
from keras_stylegan.usefulness.trials import ONLY, Bench, Trial, chosen_subjects, trials


def image_set(people, images=4):
    """People p0, p1, ...; every third is of class 1. Every image shows its person's number."""
    names = np.repeat([f"p{n}" for n in range(people)], images)
    numbers = np.repeat(np.arange(people), images)
    pixels = np.zeros((len(names), 8, 8, 1), np.uint8) + numbers[:, None, None, None].astype(np.uint8)
    labels = label_record(numbers % 3 == 0, height=numbers)
    return ImageSet(pixels, labels, ("a", "b"), names, names, "f", "")


def test_every_number_of_people_has_all_ratios_and_the_largest_generated_images_alone():
    found = trials([2, 5], [1.0], 2)
    assert found[:5] == [Trial(2, 0, 0), Trial(2, 1, 0), Trial(5, 0, 0), Trial(5, 1, 0), Trial(5, ONLY, 0)]
    assert len(found) == 10 and {trial.repetition for trial in found} == {0, 1}


def test_fewer_people_are_among_more_and_have_the_classes_shares():
    data = image_set(30)
    order = chosen_subjects(data, 0, 0)
    assert sorted(order) == sorted(set(data.subjects))
    for count in (3, 6, 12, 30):
        ones = sum(int(name[1:]) % 3 == 0 for name in order[:count])
        assert abs(ones - count / 3) <= 1
    assert list(chosen_subjects(data, 0, 0)) == list(order) != list(chosen_subjects(data, 0, 1))


@pytest.mark.parametrize(
    ("ratio", "real", "generated"), [(0, 12, 0), (1, 12, 12), (0.5, 12, 6), (ONLY, 0, 12), (9, 12, 108)]
)
def test_a_trial_is_given_its_images_with_their_labels(monkeypatch, ratio, real, generated):
    data = image_set(10)
    samples = Samples(np.full((20, 8, 8, 1), 200, np.uint8) + np.arange(20, dtype=np.uint8)[:, None, None, None],
                      label_record(np.zeros(20), height=np.arange(20) + 1000), np.arange(20))  # fmt: skip
    given = []

    class Answer:
        def predict(self, images):
            return np.zeros(len(images))

    monkeypatch.setattr(module, "learn", lambda task, pools, seed, steps: given.extend(pools) or Answer())
    scores = Bench(Task("height"), data, image_set(3), samples, 0, 1).score(Trial(3, ratio, 0))
    # The answer is 0 for all, and the held-out people's numbers are 0, 1, 2.
    np.testing.assert_array_equal(scores, np.repeat([0, 1, 2], 4))
    people = [int(name[1:]) for name in chosen_subjects(data, 0, 0)[:3]]
    counts = {"real": 0, "generated": 0}
    for pool in given:
        for image, target in zip(pool.images, pool.targets, strict=True):
            kind = "generated" if target >= 1000 else "real"
            assert image[0, 0, 0] == (200 + target - 1000 if kind == "generated" else target)
            assert kind == "generated" or target in people
            counts[kind] += 1
    assert counts == {"real": real, "generated": generated}
