"""The discriminator: groups of the minibatch standard deviation."""

import numpy as np
import pytest
from helpers import SMALL, normal
from keras import ops

from keras_stylegan.layers.minibatch_stddev import MinibatchStddev
from keras_stylegan.models import Discriminator


def test_a_batch_that_is_no_multiple_of_the_group_is_refused():
    with pytest.raises(ValueError, match="multiple of the group size 4. Received a batch of 6"):
        Discriminator(**SMALL)(normal(6, 8, 8, 1))


def test_with_maps_it_sees_in_what_a_group_differs_even_where_the_mean_deviation_is_the_same(monkeypatch):
    """What is left of the papers' number is taken away: only the maps can tell a sample of its group."""
    monkeypatch.setattr(MinibatchStddev, "call", lambda self, x: ops.concatenate([x, 0 * x[..., :1]], axis=-1))
    images = normal(4, 8, 8, 1)
    same = np.concatenate([images[:2], images[:2]])
    for maps in (False, True):
        discriminator = Discriminator(mbstd_group_size=2, mbstd_maps=maps, seed=0, **SMALL)
        found = [np.asarray(discriminator(batch))[:2] for batch in (images, same)]
        assert np.allclose(*found, atol=1e-6) != maps


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
