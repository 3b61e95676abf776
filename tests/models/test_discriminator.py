"""The discriminator: groups of the minibatch standard deviation."""

import numpy as np
import pytest
from helpers import SMALL, normal

from keras_stylegan.models import Discriminator


def test_a_batch_that_is_no_multiple_of_the_group_is_refused():
    with pytest.raises(ValueError, match="multiple of the group size 4. Received a batch of 6"):
        Discriminator(**SMALL)(normal(6, 8, 8, 1))


def test_the_discriminator_sees_how_varied_a_group_is():
    discriminator = Discriminator(mbstd_group_size=2, seed=0, **SMALL)
    images = normal(4, 8, 8, 1)
    same = np.concatenate([images[:2], images[:2]])
    alone = np.asarray(discriminator(images))[:2]
    assert not np.allclose(alone, np.asarray(discriminator(same))[:2])
    # Samples 0 and 2 are a group: changing 2 leaves 1 alone.
    changed = images.copy()
    changed[2] *= 2
    difference = np.abs(np.asarray(discriminator(changed)) - discriminator(images))[:, 0]
    assert difference[0] > 1e-6 and difference[2] > 1e-6
    assert difference[1] < 1e-6 and difference[3] < 1e-6
