import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.diversity import ms_ssim, ms_ssim_diversity


def slow_ms_ssim(first, second, scales):
    """Wang et al. in loops over windows."""
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333][:scales])
    weights /= weights.sum()
    c1, c2, result = (0.01 * 2) ** 2, (0.03 * 2) ** 2, 1.0
    for scale in range(scales):
        full, contrast = [], []
        for i in range(len(first) - 10):
            for j in range(len(first) - 10):
                a, b = first[i : i + 11, j : j + 11], second[i : i + 11, j : j + 11]
                ma, mb = (window * a).sum(), (window * b).sum()
                va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
                cs = (2 * (window * (a - ma) * (b - mb)).sum() + c2) / (va + vb + c2)
                contrast.append(cs)
                full.append(cs * (2 * ma * mb + c1) / (ma**2 + mb**2 + c1))
        result *= np.mean(full if scale == scales - 1 else contrast) ** weights[scale]
        half = len(first) // 2
        first, second = (x.reshape(half, 2, half, 2).mean(axis=(1, 3)) for x in (first, second))
    return result


def test_ms_ssim_equals_the_loops():
    rng = np.random.default_rng(0)
    first = rng.uniform(-1, 1, (32, 32))
    second = 0.7 * first + 0.2 * rng.uniform(-1, 1, (32, 32))
    expected = slow_ms_ssim(first, second, 2)
    assert ms_ssim(first[None, :, :, None], second[None, :, :, None])[0] == pytest.approx(expected, rel=1e-9)


def test_equal_images_have_similarity_one():
    images = np.random.default_rng(1).uniform(-1, 1, (3, 24, 24, 3))
    np.testing.assert_allclose(ms_ssim(images, images), 1)
    np.testing.assert_allclose(ms_ssim(images * 0, images * 0), 1)


def test_collapse_is_seen_within_classes():
    """Two classes, one image each: pairs across classes would look diverse."""
    rng = np.random.default_rng(2)
    modes = rng.uniform(-1, 1, (2, 16, 16, 1))
    labels = np.repeat([0, 1], 30)
    assert ms_ssim_diversity(modes[labels], labels).value == pytest.approx(1)
    assert ms_ssim_diversity(modes[labels]).value < 0.8
    assert ms_ssim_diversity(rng.uniform(-1, 1, (60, 16, 16, 1)), labels).value < 0.2


def test_pairs_are_of_different_subjects():
    people = np.random.default_rng(3).uniform(-1, 1, (4, 16, 16, 1))
    subjects = np.repeat(["a", "b", "c", "d"], 10)
    images = np.repeat(people, 10, axis=0)
    result = ms_ssim_diversity(images, subjects=subjects)
    pairs = [(i, j) for i in range(4) for j in range(4) if i != j]
    first, second = np.array(pairs).T
    assert result.value == pytest.approx(ms_ssim(people[first], people[second]).mean(), abs=0.02)
    assert result.note == "500 pairs"


def test_bad_input():
    images = np.zeros((4, 16, 16, 1), np.float32)
    with pytest.raises(InputError, match="at least 2 images in a class. Received: 1 images"):
        ms_ssim_diversity(images[:1])
    with pytest.raises(InputError, match="at least 2 subjects in a class"):
        ms_ssim_diversity(images, subjects=np.zeros(4))
    with pytest.raises(InputError, match=r"at least 11 pixels. Received: \(8, 8\)"):
        ms_ssim_diversity(images[:, :8, :8])
    with pytest.raises(InputError, match=r"one label per image is needed, 4. Received: shape \(3,\)"):
        ms_ssim_diversity(images, np.zeros(3))
