import numpy as np
import pytest
import scipy.stats

from keras_stylegan.errors import InputError
from keras_stylegan.latent.latents import draw_latents, draw_noise


def philox(key, counter):
    """One block of Philox-4x64-10, from the paper (Salmon et al. 2011, section 3.3)."""
    mask = 2**64 - 1
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        high0, low0 = divmod(0xD2E7470EE14C6C93 * c0, 2**64)
        high1, low1 = divmod(0xCA5A826395121157 * c2, 2**64)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & mask, (k1 + 0xBB67AE8584CAA73B) & mask
    return [c0, c1, c2, c3]


@pytest.mark.parametrize(("seed", "index"), [(0, 0), (7, 123), (2**64 - 1, 2**40)])
def test_the_stream_is_philox_with_the_key_seed_index(seed, index):
    words = np.random.Philox(key=np.array([seed, index], np.uint64)).random_raw(8)
    expected = philox((seed, index), (1, 0, 0, 0)) + philox((seed, index), (2, 0, 0, 0))
    assert words.tolist() == expected
    bits = np.random.Philox(key=np.array([seed, index], np.uint64))
    z = np.random.Generator(bits).standard_normal(16, dtype=np.float32)
    np.testing.assert_array_equal(draw_latents(seed, [index], 16)[0], z)


def test_a_latent_depends_on_seed_and_index_only():
    many = draw_latents(3, range(20), 8)
    assert many.shape == (20, 8) and many.dtype == np.float32
    np.testing.assert_array_equal(many[[11, 4]], draw_latents(3, [11, 4], 8))
    assert len(np.unique(many)) == many.size
    assert not np.array_equal(draw_latents(4, range(20), 8), many)
    assert draw_latents(0, [], 8).shape == (0, 8)


def test_latents_are_standard_normal_and_independent():
    z = draw_latents(0, range(2000), 10).astype(np.float64)
    assert scipy.stats.kstest(z.ravel(), "norm").pvalue > 0.01
    neighbours = np.corrcoef(z[:-1].ravel(), z[1:].ravel())[0, 1]
    seeds = np.corrcoef(z.ravel(), draw_latents(1, range(2000), 10).ravel())[0, 1]
    assert abs(neighbours) < 0.03 and abs(seeds) < 0.03  # 4 standard errors of 20,000 pairs


def test_noise_has_its_own_stream_and_does_not_depend_on_the_batch():
    noise = draw_noise(0, range(6), [(4, 4), (8, 8), (8, 8)])
    assert [layer.shape for layer in noise] == [(6, 4, 4, 1), (6, 8, 8, 1), (6, 8, 8, 1)]
    assert draw_noise(0, [2], [(3, 5)])[0].shape == (1, 3, 5, 1)
    for layer, alone in zip(noise, draw_noise(0, [5], [(4, 4), (8, 8), (8, 8)]), strict=True):
        np.testing.assert_array_equal(layer[5:], alone)
    assert not np.array_equal(noise[1], noise[2])
    assert not np.isin(draw_latents(0, [0], 16), noise[0][0]).any()
    counter = np.array([0, 0, 0, 1], np.uint64)
    stream = np.random.Generator(np.random.Philox(key=np.array([0, 2], np.uint64), counter=counter))
    np.testing.assert_array_equal(noise[0][2].ravel(), stream.standard_normal(16, dtype=np.float32))


def test_out_of_range():
    with pytest.raises(InputError, match=r"seed must be from 0 .* Received: -1"):
        draw_latents(-1, [0], 4)
    with pytest.raises(InputError, match=rf"index must be from 0 .* Received: {2**64}"):
        draw_latents(0, [2**64], 4)
