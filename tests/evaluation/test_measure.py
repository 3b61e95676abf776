from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.evaluation.measure import Measurements, audited_covariates
from keras_stylegan.metrics.metric import Key
from keras_stylegan.training.samples import Samples


def test_covariates_of_named_images_are_kept():
    labels = label_record([0, 0, 1, 1], slice=[10, 11.5, 12, 13], age=[60, 61, 62, 63])
    samples = Samples(np.zeros((4, 2, 2, 1), np.uint8), labels, np.array([0, 1, 0, 1]))
    spaces = {name: SimpleNamespace(outliers=np.array(rows, int)) for name, rows in (("a", [3, 1]), ("b", [1]))}
    expected = {"1": {"slice": 11.5, "age": 61.0}, "3": {"slice": 13.0, "age": 63.0}}
    assert audited_covariates(samples, SimpleNamespace(spaces=spaces)) == {"covariates": expected}
    plain = replace(samples, labels=label_record([0, 0, 1, 1]))
    assert audited_covariates(plain, SimpleNamespace(spaces={})) == {}


class Table(dict):
    """A ledger that keeps what is entered, and lets no error pass."""

    def attempt(self, name, run):
        run()

    def enter(self, key, estimate):
        self[key] = estimate


def people(seed, count=48):
    """Grey images, their labels with an age and the brightness, and subjects of four images."""
    rng = np.random.default_rng(seed)
    grey = rng.integers(20, 230, count)
    images = np.clip(grey[:, None, None, None] + rng.integers(-8, 9, (count, 16, 16, 1)), 0, 255).astype(np.uint8)
    labels = label_record(np.arange(count) % 2, age=np.full(count, 7.0), brightness=grey / 10)
    return images, labels, np.array([f"{seed}-{n // 4}" for n in range(count)])


def real(seed):
    images, labels, subjects = people(seed)
    return ImageSet(images, labels, ("AD", "NC"), subjects, subjects, "", "")


def measured(train):
    """The table of a run that is conditioned on the brightness only; the extractor sees it exactly."""
    images, labels, _ = people(2)
    asked = label_record(labels["class"], brightness=labels["brightness"])
    samples, table = Samples(images, asked, np.arange(len(asked))), Table()
    measurements = Measurements(SimpleNamespace(train=train, heldout=real(1)), samples, ("AD", "NC"), table)

    def means(batch):
        return np.stack([batch.mean(axis=(1, 2, 3)), batch[:, 0, 0, 0]], axis=1)

    means.name = "means"
    measurements.extract(means)
    measurements.of_features(means)
    return table


def test_a_covariate_is_measured_of_all_images_together():
    table = measured(real(0))
    found = {key: estimate for key, estimate in table.items() if key.metric == "covariate_agreement"}
    assert list(found) == [Key("covariate_agreement", "brightness_means")]
    assert found[Key("covariate_agreement", "brightness_means")].value > 0.95
    assert Key("class_agreement", "means", "AD") in table and Key("frechet", "means") in table


def test_training_images_without_the_number_leave_the_rest():
    train = real(0)
    table = measured(replace(train, labels=label_record(train.labels["class"])))
    assert "covariate_agreement" not in {key.metric for key in table}
    assert Key("class_agreement", "means", "AD") in table and Key("frechet", "means") in table
