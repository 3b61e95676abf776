from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from keras_stylegan.data.image_set import label_record
from keras_stylegan.evaluation.measure import audited_covariates
from keras_stylegan.training.samples import Samples


def test_covariates_of_named_images_are_kept():
    labels = label_record([0, 0, 1, 1], slice=[10, 11.5, 12, 13], age=[60, 61, 62, 63])
    samples = Samples(np.zeros((4, 2, 2, 1), np.uint8), labels, np.array([0, 1, 0, 1]))
    spaces = {name: SimpleNamespace(outliers=np.array(rows, int)) for name, rows in (("a", [3, 1]), ("b", [1]))}
    expected = {"1": {"slice": 11.5, "age": 61.0}, "3": {"slice": 13.0, "age": 63.0}}
    assert audited_covariates(samples, SimpleNamespace(spaces=spaces)) == {"covariates": expected}
    plain = replace(samples, labels=label_record([0, 0, 1, 1]))
    assert audited_covariates(plain, SimpleNamespace(spaces={})) == {}
