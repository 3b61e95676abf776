"""A small generator for the tests of its parts."""

import pytest
from helpers import SMALL, randomize

from keras_stylegan.models import Generator


@pytest.fixture(scope="session")
def generator():
    generator = Generator(z_dim=6, w_dim=5, mapping_layers=2, seed=0, **SMALL)
    generator.build()
    randomize(generator)
    return generator
