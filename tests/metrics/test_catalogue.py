"""Every record of the catalogue, held against what its function really does."""

from dataclasses import replace

import numpy as np
import pytest

from keras_stylegan.metrics.catalogue import METRICS, measures
from keras_stylegan.metrics.metric import Key, Part, Sets

CLASSES = ("AD", "NC")


def features(seed, count=60, separation=4.0):
    """Two classes of normal features, each image of its own subject."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    values = rng.standard_normal((count, 4))
    values[:, 0] += separation * labels
    numbers = {"slice": 3 * values[:, 1] + 0.1 * rng.standard_normal(count)}
    return Part(values.astype(np.float32), labels, np.array([f"{seed}-{n}" for n in range(count)]), numbers)


def images(seed, count=40):
    rng = np.random.default_rng(seed)
    smooth = rng.integers(60, 200, (count, 4, 4, 1)).repeat(8, axis=1).repeat(8, axis=2)
    values = np.clip(smooth + rng.integers(-40, 41, smooth.shape), 0, 255).astype(np.uint8)
    return Part(values, np.arange(count) % 2, np.array([f"{seed}-{n}" for n in range(count)]))


def sets(on):
    draw = features if on == "features" else images
    return Sets(draw(0)._replace(subjects=None), draw(1), draw(2), CLASSES)


def faulty(found):
    """Generated images that are worse in every respect: far off and all alike, with classes that mean nothing."""
    values = found.generated.values
    if values.ndim == 2:
        worse = np.full_like(values, 9.0) + 1e-3 * values
    else:
        worse = values[:1].repeat(len(values), axis=0) // 2
    return replace(found, generated=found.generated._replace(values=worse))


def measured(on, found):
    values = {}
    for measure, names in measures(on, classes=True, covariates=True).items():
        estimates = measure(found)
        assert {key.metric for key in estimates} == set(names.split("+"))
        values |= estimates
    return values


@pytest.mark.parametrize("on", ["features", "images"])
def test_values_move_against_the_direction_of_the_record_when_images_get_worse(on):
    good, bad = measured(on, sets(on)), measured(on, faulty(sets(on)))
    assert {key.metric for key in good} == {name for name, metric in METRICS.items() if metric.on == on}
    for key, estimate in good.items():
        value, worse, better = estimate.value, bad[key].value, METRICS[key.metric].better
        if better == "lower":
            assert worse > value, key
        elif better == "higher":
            assert worse < value, key
        elif not key.group:  # asked for a class, images all alike give one and the same
            assert abs(worse - bad[key].floor.value) > abs(value - estimate.floor.value), key


def test_a_direction_is_claimed_only_where_no_fault_leads_that_way():
    """Noise is more varied than real images: MS-SSIM falls, and low values of it are not better."""
    found = sets("images")
    noise = np.random.default_rng(3).integers(0, 256, found.generated.values.shape).astype(np.uint8)
    good, bad = measured("images", found), measured("images", replace(found, generated=Part(noise)))
    assert bad[Key("ms_ssim")].value < good[Key("ms_ssim")].value
    for key, estimate in good.items():
        better = {"lower": bad[key].value < estimate.value, "higher": bad[key].value > estimate.value}
        assert not better.get(METRICS[key.metric].better), key


@pytest.mark.parametrize("on", ["features", "images"])
def test_plain_values_are_those_with_intervals(on):
    found = sets(on)
    for measure in measures(on, classes=True, covariates=True):
        full, plain = measure(found), measure(replace(found, plain=True))
        values = {key: estimate.value for key, estimate in plain.items()}
        assert values == pytest.approx({key: estimate.value for key, estimate in full.items()}, rel=1e-5)


def test_a_ratio_is_claimed_only_where_the_floor_lies_clear_of_zero():
    """Between two samples of one source: an unbiased distance is as often below 0 as above it, others never are."""
    for on, draw in (("features", features), ("images", images)):
        for measure, names in measures(on).items():
            lowest = []
            for seed in range(10, 16):
                found = Sets(draw(seed), draw(seed + 20), draw(2), CLASSES, plain=True)
                lowest += [estimate.value for estimate in measure(found).values()]
            assert (min(lowest) > 0) == METRICS[names.split("+")[0]].has_ratio


def test_measures_are_chosen_by_what_they_need():
    assert set(measures("features").values()) == {"frechet", "kernel", "precision+recall+density+coverage"}
    assert set(measures("features", classes=True).values()) > {"class_agreement", "train_on_synthetic"}
    of_covariates = set(measures("features", covariates=True).values())
    assert of_covariates - set(measures("features").values()) == {"covariate_agreement"}
    assert list(measures("images", quick=True).values()) == ["ms_ssim", "covered_variance"]


def test_the_text_of_a_key():
    assert str(Key("frechet", "random", "AD")) == "frechet_random/AD"
    assert str(Key("sliced_wasserstein", "16")) == "sliced_wasserstein_16"
    assert f"{Key('class_agreement', group='x_y/z')}:ratio" == "class_agreement/x_y/z:ratio"
