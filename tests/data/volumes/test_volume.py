import itertools

import numpy as np
import pytest

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.volume import canonical

# Value 100 x + 10 y + z at voxel (x, y, z) along right, anterior, superior.
RAS = np.add.outer(np.add.outer(100 * np.arange(3), 10 * np.arange(4)), np.arange(5)).astype(np.float32)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
@pytest.mark.parametrize("flips", [*itertools.product((False, True), repeat=3)])
def test_every_orientation_comes_out_the_same(order, flips):
    # Stored axis i runs along axis order[i] of the body, backwards if flipped; sides 1, 2, 3 mm; origin (-5, 6, 7).
    stored = RAS.transpose(order)
    affine = np.eye(4)
    affine[:3, :3] = 0
    affine[:3, 3] = (-5, 6, 7)
    for i, axis in enumerate(order):
        side = axis + 1
        affine[axis, i] = -side if flips[i] else side
        if flips[i]:
            stored = np.flip(stored, i)
            affine[axis, 3] += side * (RAS.shape[axis] - 1)
    volume = canonical(stored, affine)
    np.testing.assert_array_equal(volume.voxels, RAS)
    np.testing.assert_allclose(volume.affine, [[1, 0, 0, -5], [0, 2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]])
    assert volume.tilt_degrees == 0
    np.testing.assert_allclose(volume.position_mm(2), [7, 10, 13, 16, 19])


def test_an_oblique_volume_keeps_its_voxels_and_tells_its_tilt():
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ np.diag([1, 2, 3])
    volume = canonical(RAS, affine)
    np.testing.assert_array_equal(volume.voxels, RAS)
    assert volume.tilt_degrees == pytest.approx(20)
    np.testing.assert_allclose(volume.spacing, [1, 2, 3])
    # The middle of slice z is (1, 1.5, z): its height is 2 sin(20) 1.5 + 3 cos(20) z.
    np.testing.assert_allclose(volume.position_mm(2), 3 * s + 3 * c * np.arange(5))


@pytest.mark.parametrize(
    ("affine", "reason"),
    [
        (np.diag([0.0, 1, 1, 1]), "its voxels are 0 x 1 x 1 mm, expected 0.05 to 20"),
        (np.diag([1.0, 1, 50, 1]), "its voxels are 1 x 1 x 50 mm"),
        (np.diag([1.0, 1, np.nan, 1]), "its affine is not finite"),
        ([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "its affine is singular"),
    ],
)
def test_an_impossible_affine_is_refused(affine, reason):
    with pytest.raises(RefusedError, match=reason):
        canonical(RAS, np.array(affine, float))


@pytest.mark.parametrize("degrees", [0.4, 0.6, 15])
@pytest.mark.parametrize("axes", [(0, 1), (1, 2), (2, 0)])
def test_a_sheared_volume_is_refused(degrees, axes):
    """Turned by 20 degrees and with sides of 1, 2 and 3 mm, as an oblique one that is not refused."""
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    sheared = np.eye(3)
    # The second axis leans towards the first.
    sheared[axes[0], axes[1]] = np.sin(np.radians(degrees))
    sheared[axes[1], axes[1]] = np.cos(np.radians(degrees))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ sheared @ np.diag([1, 2, 3])
    if degrees < 0.5:
        canonical(RAS, affine)
    else:
        with pytest.raises(
            RefusedError, match=rf"its voxels are sheared: .* meet at {90 - degrees} degrees, not at 90"
        ):
            canonical(RAS, affine)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_numbers_are_refused(value):
    voxels = RAS.copy()
    voxels[1, 2, 3] = value
    with pytest.raises(RefusedError, match="NaN or infinite voxels"):
        canonical(voxels, np.eye(4))


def test_large_values_are_no_infinity():
    assert canonical(np.full((4, 4, 4), 3e38, np.float32), np.eye(4)).voxels.max() == np.float32(3e38)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 4, 2)])
def test_what_is_no_volume_is_refused(shape):
    with pytest.raises(RefusedError, match="which is no volume"):
        canonical(np.zeros(shape, np.float32), np.eye(4))
