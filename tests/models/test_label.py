"""Labels of batches."""

import numpy as np
import pytest

from keras_stylegan.models import MappingNetwork
from keras_stylegan.models.label import label_of_columns

COLUMNS = {"class": np.array([2, 0]), "age": np.array([70, 81]), "slice": np.array([3.5, 4.5]), "weight": np.ones(2)}
SPREADS = {"slice": (1, 9, 5, 2), "age": (60, 90, 70, 8)}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"c_dim": 3, "covariates": SPREADS}, [[0, 0, 1, 3.5, 70], [1, 0, 0, 4.5, 81]]),
        ({"covariates": SPREADS}, [[3.5, 70], [4.5, 81]]),
        ({"c_dim": 3}, [[0, 0, 1], [1, 0, 0]]),
    ],
)
def test_class_and_numbers_stand_in_the_order_of_the_network(options, expected):
    found = np.asarray(label_of_columns(MappingNetwork(4, 4, **options), COLUMNS))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_an_unconditional_network_has_none():
    assert label_of_columns(MappingNetwork(4, 4), {"class": None}) is None
