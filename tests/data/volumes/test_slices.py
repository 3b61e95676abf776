import numpy as np
import pytest
from small_volumes import head

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.slices import foreground_threshold, resampled, slices_of, windowed
from keras_stylegan.data.volumes.volume import canonical

EYE = np.eye(4)


def options(**changes):
    return VolumeOptions(**{"size": (12, 12), "min_brain": 0.0, **changes})


def ramp():
    """Slice z has the value 10 (z + 1) everywhere; 8 x 8 x 9 voxels of 1 mm, slices 2 mm apart from -4 mm on."""
    voxels = np.broadcast_to(10.0 * np.arange(1, 10), (8, 8, 9)).astype(np.float32)
    affine = np.diag([1.0, 1, 2, 1])
    affine[2, 3] = -4
    return canonical(voxels, affine)


def test_every_slice_of_a_ramp_has_its_value_and_its_place():
    found = slices_of(ramp(), options(window=(0.0, 100.0)))
    # 2nd percentile 10, 98th 90: the threshold is 18, and the slice of the value 10 is no foreground.
    # Halves may be rounded either way.
    np.testing.assert_allclose(found.images[:, 6, 6], 65535 * np.arange(0.2, 0.95, 0.1), atol=0.51, rtol=0)
    np.testing.assert_allclose(found.position_mm, np.arange(-2, 14, 2))
    np.testing.assert_allclose(found.share, np.arange(8) / 7)
    # 8 x 8 mm of a picture of 12 x 12 mm.
    np.testing.assert_allclose(found.brain, 64 / 144)
    assert found.window == (0, 100) and found.spacing_mm == (1, 1, 2)
    # Around the head is what the window makes black, and nothing is stretched.
    assert (found.images[3] > 0).sum() == 64 and (found.images[3][2:10, 2:10] > 0).all()


@pytest.mark.parametrize(
    ("changes", "positions"),
    [
        ({"range_mm": (0.0, 4.0)}, [0, 2, 4]),
        ({"range_percent": (0.0, 100 / 7)}, [-2, 0]),
        ({"range_percent": (90.0, 100.0)}, [12]),
        ({"min_brain": 0.44}, list(range(-2, 14, 2))),
    ],
)
def test_ranges(changes, positions):
    np.testing.assert_allclose(slices_of(ramp(), options(**changes)).position_mm, positions)


@pytest.mark.parametrize("changes", [{"min_brain": 0.45}, {"range_mm": (100.0, 200.0)}])
def test_no_slice_left(changes):
    with pytest.raises(RefusedError, match="no slice of it lies in the range and has enough brain"):
        slices_of(ramp(), options(**changes))


@pytest.mark.parametrize(
    ("plane", "top", "left", "slices"), [("axial", 1, 0, 2), ("coronal", 2, 0, 1), ("sagittal", 2, 1, 0)]
)
def test_top_and_left(plane, top, left, slices):
    """Brightness grows along one axis of the body at a time: right, anterior, superior."""
    inside = (slice(2, 10),) * 3
    for axis in range(3):
        voxels = np.zeros((12, 12, 12), np.float32)
        voxels[inside] = 50 + np.indices((8, 8, 8))[axis]
        picture = slices_of(canonical(voxels, EYE), options(plane=plane, window=(0.0, 100.0))).images.astype(int)
        body = picture[:, 2:10, 2:10]
        grows = [np.diff(body, axis=way) for way in (1, 2, 0)]
        expected = {top: (0, -1), left: (1, -1), slices: (2, 1)}[axis]
        for way in range(3):
            assert (np.sign(grows[way]) == (expected[1] if way == expected[0] else 0)).all()


def test_the_head_is_centred():
    voxels = np.zeros((30, 30, 30), np.float32)
    voxels[1:9, 20:28, 5:10] = 100
    found = slices_of(canonical(voxels, EYE), options(window=(0.0, 100.0)))
    expected = np.zeros((12, 12), bool)
    expected[2:10, 2:10] = True
    assert len(found.images) == 5 and ((found.images == 65535) == expected).all()


def test_other_sides_of_voxels_are_not_stretched():
    """A box of 20 x 10 mm in voxels of 0.5 x 2 mm has 20 x 10 pixels of 1 mm."""
    voxels = np.zeros((80, 30, 6), np.float32)
    voxels[20:60, 10:15, 1:5] = 100
    found = slices_of(canonical(voxels, np.diag([0.5, 2, 3, 1])), options(size=(32, 32), window=(0.0, 100.0)))
    inside = found.images[1] > 32767
    assert inside.any(axis=0).sum() == 20 and inside.any(axis=1).sum() == 10
    assert abs(found.images[1].sum() / 65535 - 200) < 2


def test_scaling_down_is_antialiased():
    board = np.indices((64, 64)).sum(0) % 2 * 100.0
    small = resampled(board.astype(np.float32), (1.0, 1.0), (32.0, 32.0), (16, 16), 4.0, 0.0)
    # Away from the border every pixel is the mean of the board.
    np.testing.assert_allclose(small[3:-3, 3:-3], 50, atol=0.5)


def test_equal_pixels_are_copied_and_what_lies_beyond_is_background():
    picture = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = resampled(picture, (1.0, 1.0), (1.5, 2.0), (5, 6), 1.0, -7.0)
    np.testing.assert_array_equal(found, np.pad(picture, 1, constant_values=-7))
    np.testing.assert_array_equal(resampled(picture, (1.0, 1.0), (1.5, 2.0), (1, 2), 1.0, -7.0), [[5, 6]])
    assert (resampled(picture, (1.0, 1.0), (50.0, 2.0), (5, 6), 1.0, -7.0) == -7).all()


def test_window_by_percentiles_of_the_foreground():
    found = slices_of(canonical(head((24, 24, 24)), EYE), options(size=(24, 24), percentiles=(0.0, 100.0)))
    assert found.window == (50, 100)
    body = head((24, 24, 24))[2:-2, 2:-2, 2]
    expected = (body[::-1, ::-1].T - 50) / 50 * 65535
    np.testing.assert_allclose(found.images[0][2:-2, 2:-2], expected, atol=0.51, rtol=0)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_slices_of_long_volumes_stored_in_any_order(order, signs, plane):
    """Sides beyond 255 voxels, larger than the picture and smaller; memory may run along any axis, either way."""
    body = np.zeros((280, 20, 262), np.float32)
    random = np.random.default_rng(0)
    body[3:-9, 2:-4, 5:-2] = random.choice([0.0, 60.0, 80.0, 100.0], (268, 14, 255), p=[0.4, 0.2, 0.2, 0.2])
    stored = np.ascontiguousarray(body.transpose(order)[tuple(slice(None, None, signs[axis]) for axis in order)])
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for place, axis in enumerate(order):
        affine[axis, place] = signs[axis]
        affine[axis, 3] += 0 if signs[axis] > 0 else body.shape[axis] - 1
    found = slices_of(canonical(stored, affine), options(size=(32, 64), window=(0.0, 200.0), plane=plane))
    axis = {"sagittal": 0, "coronal": 1, "axial": 2}[plane]
    inside = [(3, 270), (2, 15), (5, 259)]
    across, down = (other for other in range(3) if other != axis)
    assert found.position_mm.tolist() == list(range(inside[axis][0], inside[axis][1] + 1))
    for row in (0, 5, -1):
        picture = np.moveaxis(body, axis, 0)[int(found.position_mm[row])]
        np.testing.assert_allclose(found.brain[row], min(1, np.count_nonzero(picture) / (32 * 64)), rtol=1e-12)
        expected = np.zeros((32, 64))
        # The middle of the head falls on the middle of the picture; rows run down, columns from right to left.
        top = int(np.floor(body.shape[down] - sum(inside[down]) / 2 - 0.5 - 16 + 0.5))
        left = int(np.floor(body.shape[across] - sum(inside[across]) / 2 - 0.5 - 32 + 0.5))
        seen = picture[::-1, ::-1].T
        for y in range(32):
            for x in range(64):
                if 0 <= top + y < seen.shape[0] and 0 <= left + x < seen.shape[1]:
                    expected[y, x] = seen[top + y, left + x] / 200 * 65535
        np.testing.assert_allclose(found.images[row], expected, atol=0.51, rtol=0)


def test_window_clips():
    np.testing.assert_array_equal(windowed(np.array([-5.0, 0, 1, 2, 9]), (0, 2)), [0, 0, 32768, 65535, 65535])


def test_a_mask_becomes_white():
    voxels = np.zeros((8, 8, 8), np.float32)
    voxels[2:6, 2:6, 2:6] = 1
    assert set(np.unique(slices_of(canonical(voxels, EYE), options()).images)) == {0, 65535}


def test_all_background():
    with pytest.raises(RefusedError, match="all background"):
        foreground_threshold(np.full((9, 9, 9), 3.0))
