import numpy as np
import pytest
from sklearn.decomposition import PCA

from keras_stylegan.latent.directions import (
    Direction,
    chance,
    one_deviation,
    partial_slopes,
    principal,
    sefa,
    slopes,
    style_kernels,
)
from keras_stylegan.models import Generator, StyleGANGenerator
from keras_stylegan.models.families import GeneratorNetwork

SIZES = {"z_dim": 6, "w_dim": 5, "resolution": 16, "channel_base": 64, "channel_max": 8, "mapping_layers": 1}


def cloud(count=4000, seed=0):
    """Styles with another deviation in every dimension, turned."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    return (rng.normal(size=(count, 5)) * [3, 2, 1, 0.5, 0.1] @ turn + 4).astype(np.float32)


def unit(vector):
    return vector / np.linalg.norm(vector)


def test_one_deviation_is_the_standard_deviation_along_a_direction():
    w = cloud()
    vector = one_deviation(np.array([1, 2, 0, 0, -3]), w)
    assert np.linalg.norm(vector) == pytest.approx(np.std(w @ unit(vector)), rel=1e-5)
    assert vector[4] > 0  # An eigenvector has no sign: the largest entry is positive ...
    assert one_deviation(np.array([1, 2, 0, 0, -3]), w, keep_sign=True)[4] < 0  # ... where the sign says nothing.


def test_principal_components_are_those_of_scikit_learn():
    w = cloud()
    expected = PCA(3).fit(w)
    for vector, component, variance in zip(
        principal(w, 3), expected.components_, expected.explained_variance_, strict=True
    ):
        assert abs(unit(vector) @ component) == pytest.approx(1, abs=1e-4)
        assert np.linalg.norm(vector) == pytest.approx(np.sqrt(variance), rel=1e-3)


def test_sefa_finds_the_directions_that_a_layer_is_told_most_of():
    rng = np.random.default_rng(1)
    kernels = [rng.normal(size=(5, size)).astype(np.float32) for size in (3, 7, 4)]
    left, _, _ = np.linalg.svd(np.concatenate(kernels[1:], axis=1))
    found = sefa(kernels, range(1, 3), cloud(), 4)
    for vector, expected in zip(found, left.T, strict=False):
        assert abs(unit(vector) @ expected) == pytest.approx(1, abs=1e-5)
    change = [np.linalg.norm(unit(vector) @ np.concatenate(kernels[1:], axis=1)) for vector in found]
    assert change == sorted(change, reverse=True)


@pytest.mark.parametrize("kind", [Generator, StyleGANGenerator])
@pytest.mark.parametrize("options", [{}, {"architecture": "resnet"}])
def test_style_kernels_are_those_that_a_style_goes_through(kind, options):
    """A style that is moved where its kernels are blind changes nothing; where they see, it does."""
    if kind is StyleGANGenerator and options:
        pytest.skip("it has one architecture")
    generator = kind(**SIZES, **options, seed=0)
    generator.build()
    assert isinstance(generator, GeneratorNetwork)
    rng = np.random.default_rng(2)
    for variable in generator.synthesis.weights:
        # To see less than w has: the first dimension of every style goes nowhere.
        if "affine" in variable.path and variable.path.endswith("kernel"):
            value = rng.normal(size=variable.shape)
            variable.assign(np.concatenate([np.zeros((1, value.shape[1])), value[1:]]))
    kernels = style_kernels(generator)
    assert len(kernels) == generator.num_ws and all(kernel.shape[0] == 5 for kernel in kernels)
    assert all(np.all(kernel[0] == 0) and np.all(kernel[1:] != 0) for kernel in kernels)
    ws = rng.normal(size=(1, generator.num_ws, 5)).astype(np.float32)
    units = sum(weight.shape[1] for weight in generator.synthesis.weights if weight.path.endswith("affine/kernel"))
    assert sum(kernel.shape[1] for kernel in kernels) == units
    plain = np.asarray(generator.synthesis(ws))
    for layer in range(generator.num_ws):
        blind, seeing = np.zeros(5, np.float32), np.eye(5, dtype=np.float32)[1]
        blind[0] = 9
        for vector, changes in ((blind, False), (seeing, True)):
            moved = Direction("d", "sefa", (layer, layer + 1), vector).moved(ws, 1.0)
            assert np.array_equal(np.asarray(generator.synthesis(moved)), plain) != changes


def test_a_family_that_does_not_say_has_none():
    class Silent:
        synthesis = object()

    assert style_kernels(Silent()) is None


def test_partial_slopes_hold_the_other_factor():
    """w = a·y1 + b·y2 + noise, with factors that go together: what is found for y1 is a, not a mixture of both."""
    rng = np.random.default_rng(3)
    factors = rng.normal(size=(20000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    a, b = np.array([1.0, 0, 0, 0, 0]), np.array([0, 1.0, 0, 0, 0])
    w = factors @ np.stack([a, b]) + 0.1 * rng.normal(size=(20000, 5))
    first, second = (unit(vector) for vector in partial_slopes(w, factors))
    assert first @ a > 0.99 and second @ b > 0.99
    # With all that goes with it: cov(w, y1) = a + 0.8 b, as y2 goes with y1 by 0.8.
    assert unit(slopes(w, factors)[0]) @ unit(a + 0.8 * b) > 0.99
    both_means = unit(w[factors[:, 0] > 0].mean(axis=0) - w[factors[:, 0] < 0].mean(axis=0))
    assert both_means @ a < 0.9  # The difference of two means takes the other factor along.


def test_directions_of_chance_lead_from_one_style_to_another():
    w = cloud(50)
    found = chance(w, 30, np.random.default_rng(0))
    assert len(found) == 30 and all(np.isfinite(vector).all() for vector in found)
    differences = w[:, None] - w[None]
    for vector in found:
        lengths = np.maximum(np.linalg.norm(differences, axis=-1), 1e-9)
        assert np.max(differences @ unit(vector) / lengths) == pytest.approx(1, abs=1e-4)


def test_moved_changes_its_layers_only():
    ws = np.zeros((2, 4, 5), np.float32)
    vector = np.arange(5, dtype=np.float32)
    moved = Direction("d", "pca", (1, 3), vector).moved(ws, np.array([1.0, -2.0]))
    assert np.all(ws == 0)
    assert np.array_equal(moved[0], [[0] * 5, vector, vector, [0] * 5])
    assert np.array_equal(moved[1, 2], -2 * vector)
