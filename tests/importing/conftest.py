"""Reference networks to write files from."""

from pathlib import Path

import numpy as np
import pytest
import reference_numpy

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session", params=["stylegan2_32_grey", "stylegan2_32_grey_cond2"])
def golden(request):
    return dict(np.load(GOLDEN / f"{request.param}.npz"))


@pytest.fixture(scope="session")
def small():
    """A reference network of 8x8 pixels, unconditional."""
    return reference_numpy.random_parameters(resolution=8)
