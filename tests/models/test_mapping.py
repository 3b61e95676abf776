"""The mapping network: truncation and the mean style."""

import numpy as np
import pytest
from helpers import normal

from keras_stylegan.models import MappingNetwork


def test_truncation_moves_the_first_layers_towards_the_mean(generator):
    z, w_avg = normal(3, 6), generator.mapping.w_avg.numpy()
    ws = generator.mapping(z).numpy()
    assert np.all(ws == ws[:, :1])
    truncated = generator.mapping(z, truncation_psi=0.25).numpy()
    np.testing.assert_allclose(truncated, w_avg + 0.25 * (ws - w_avg), rtol=1e-5)
    truncated = generator.mapping(z, truncation_psi=0.25, truncation_cutoff=3).numpy()
    np.testing.assert_allclose(truncated[:, :3], w_avg + 0.25 * (ws - w_avg)[:, :3], rtol=1e-5)
    np.testing.assert_array_equal(truncated[:, 3:], ws[:, 3:])
    np.testing.assert_allclose(generator.mapping(z, truncation_psi=0.0)[0, 0], w_avg, rtol=1e-6)


def test_mean_style_moves_by_lerp_in_training_only():
    mapping = MappingNetwork(6, 5, num_ws=4, num_layers=1, seed=0)
    z = normal(8, 6)
    w = mapping(z).numpy()[:, 0]
    mapping(z, truncation_psi=0.5)
    mapping(z, training=True, update_w_avg=False)
    np.testing.assert_array_equal(mapping.w_avg.numpy(), np.zeros(5))
    mapping(z, training=True)
    np.testing.assert_allclose(mapping.w_avg.numpy(), 0.005 * w.mean(axis=0), rtol=1e-4)
    mapping(z, training=True)
    np.testing.assert_allclose(mapping.w_avg.numpy(), (0.005 + 0.995 * 0.005) * w.mean(axis=0), rtol=1e-4)


def test_mapping_does_not_depend_on_the_length_of_z(generator):
    z = normal(3, 6)
    np.testing.assert_allclose(generator.mapping(z), generator.mapping(10 * z), rtol=1e-5, atol=1e-6)


def test_bad_arguments():
    with pytest.raises(ValueError, match="Received: z_dim=0, c_dim=0"):
        MappingNetwork(0, 5)
    with pytest.raises(ValueError, match="num_layers must be at least 1. Received: 0"):
        MappingNetwork(5, 5, num_layers=0)
