import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import d2_absolute_error_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.covariate_agreement import covariate_agreement


def people(seed, count=240, noise=0.5, constant=False):
    """Features that show a number, four images of each subject."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 8))
    numbers = 10 + 3 * features[:, 0] + 2 * features[:, 1] + noise * rng.normal(size=count)
    return features, np.full(count, 10.0) if constant else numbers, np.array([f"{seed}-{n // 4}" for n in range(count)])


def agreement(generated, training=None, heldout=None):
    return covariate_agreement(*(training or people(0)), *(heldout or people(1)), *generated[:2])


def test_it_is_scikit_learns_score_of_a_ridge_regression():
    found = agreement(people(2))
    regression = make_pipeline(StandardScaler(), RidgeCV()).fit(*people(0)[:2])
    for estimate, part in ((found, people(2)), (found.floor, people(1))):
        # Theirs compares with the median of the images themselves, which differs little.
        expected = d2_absolute_error_score(part[1], regression.predict(part[0]))
        assert estimate.value == pytest.approx(expected, abs=0.01)
    assert found.value > 0.8 and found.interval[0] < found.value < found.interval[1]


def test_images_that_show_another_number_than_asked_for_have_none():
    features, numbers, _ = people(2)
    shuffled = agreement((features, np.random.default_rng(0).permutation(numbers)))
    assert shuffled.value < 0 < 0.8 < shuffled.floor.value
    # All images alike: what a model that does not look at its label makes.
    alike = agreement((np.repeat(features[:1], len(features), axis=0) * 0, numbers))
    assert alike.value == pytest.approx(0, abs=0.02)


def test_numbers_that_are_not_known_are_left_out():
    features, numbers, subjects = people(1)
    some = np.where(np.arange(len(numbers)) % 3 == 0, np.nan, numbers)
    found = agreement(people(2), heldout=(features, some, subjects))
    known = np.isfinite(some)
    assert found.floor == agreement(people(2), heldout=(features[known], some[known], subjects[known])).floor


def test_a_number_that_real_images_do_not_show_is_no_measure():
    hidden = people(0)
    random = np.random.default_rng(5).normal(size=240)
    found = agreement(people(2), training=(hidden[0], random, hidden[2]), heldout=(people(1)[0], random[::-1], None))
    assert "cannot be read off real held-out people" in found.note
    assert agreement(people(2)).note == ""


def test_too_little_to_say_anything():
    with pytest.raises(InputError, match="needs at least 20 generated images with a number. Received: 19"):
        agreement(tuple(part[:19] for part in people(2)))
    with pytest.raises(InputError, match="a measurer needs values that are finite and differ"):
        agreement(people(2), training=people(0, constant=True))
    constant = people(2, constant=True)
    with pytest.raises(InputError, match="numbers that differ from the training images' median"):
        agreement((constant[0], np.full(240, np.median(people(0)[1]))))
