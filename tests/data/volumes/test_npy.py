import numpy as np
import pytest
from small_volumes import head

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.npy import read_npy
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.errors import InputError

TOLD = VolumeOptions(npy_spacing=(3.0, 1.0, 2.0), npy_axes="ipr")


def test_axes_and_spacing_are_those_told(tmp_path):
    voxels = head((6, 7, 8))
    # Stored along inferior, posterior, right.
    np.save(tmp_path / "a.npy", voxels.transpose(2, 1, 0)[::-1, ::-1])
    volume = read_npy(tmp_path / "a.npy", TOLD)
    np.testing.assert_array_equal(volume.voxels, voxels)
    assert volume.voxels.dtype == np.float32
    np.testing.assert_allclose(volume.spacing, [2, 1, 3])
    np.testing.assert_allclose(volume.position_mm(2), 3.0 * np.arange(8))
    assert volume.tilt_degrees == pytest.approx(0)


@pytest.mark.parametrize("kind", [np.uint8, ">i2", np.float64, bool])
def test_kinds_of_numbers_and_orders(tmp_path, kind):
    voxels = (head((6, 7, 8)) > 0).astype(kind)
    np.save(tmp_path / "a.npy", np.asfortranarray(voxels))
    volume = read_npy(tmp_path / "a.npy", VolumeOptions(npy_spacing=(1.0, 1.0, 1.0), npy_axes="RAS"))
    np.testing.assert_array_equal(volume.voxels, voxels.astype(np.float32))


def refused(path, content, message, options=TOLD):
    if isinstance(content, np.ndarray):
        np.save(path, content)
    else:
        path.write_bytes(content)
    with pytest.raises(RefusedError, match=message):
        read_npy(path, options)


def test_what_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    whole = head((6, 7, 8))
    refused(path, whole, "no spacing and no orientation: give them by --npy-spacing 1 1 1 --npy-axes", VolumeOptions())
    refused(path, whole[..., None], r"it has 4 dimensions \(6x7x8x1\), expected 3")
    refused(path, np.zeros((3, 3, 3), complex), "its values are no plain numbers")
    refused(path, np.array([[["a"]]]), "its values are no plain numbers")
    refused(path, whole + np.inf, "it has NaN or infinite voxels")
    refused(path, whole, "its voxels are 0.001 x 1 x 1 mm", VolumeOptions(npy_spacing=(1e-3, 1.0, 1.0), npy_axes="RAS"))
    np.save(path, whole)
    content = path.read_bytes()
    for damaged in (content[:-4], content[:50], b"", b"PK\3\4"):
        refused(path, damaged, "it cannot be read as an array of numbers")
    # A header that promises far more than there is costs nothing.
    refused(path, content.replace(b"(6, 7, 8)", b"(6,7e0,8)"), "it cannot be read as an array of numbers")
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    refused(path, path.read_bytes(), "it cannot be read as an array of numbers")


@pytest.mark.parametrize("axes", ["RAA", "RA", "XYZ", "RLS", "RASS"])
def test_axes_that_are_none(axes):
    with pytest.raises(InputError, match=f"npy_axes must be three letters, .* Received: '{axes}'"):
        VolumeOptions(npy_axes=axes)
