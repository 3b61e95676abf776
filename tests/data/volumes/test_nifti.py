import gzip
import os

import nibabel
import numpy as np
import pytest
from small_volumes import RAS_2MM, head, save_nifti

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.dicom import is_dicom
from keras_stylegan.data.volumes.nifti import read_nifti

VOXELS = np.arange(60).reshape(3, 4, 5)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("endianness", "<>")
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_types_and_orders_of_bytes(tmp_path, dtype, endianness, name):
    path = save_nifti(tmp_path / name, VOXELS.astype(dtype), endianness=endianness)
    volume = read_nifti(path)
    np.testing.assert_array_equal(volume.voxels, VOXELS)
    np.testing.assert_allclose(volume.spacing, 2)


def test_the_second_version_of_the_format(tmp_path):
    path = save_nifti(tmp_path / "a.nii.gz", VOXELS.astype("i2"), kind=nibabel.Nifti2Image)
    np.testing.assert_array_equal(read_nifti(path).voxels, VOXELS)


def test_scaled_integers(tmp_path):
    path = save_nifti(tmp_path / "a.nii", VOXELS.astype("i2"))
    content = bytearray(path.read_bytes())
    # scl_slope and scl_inter by the format's own table: float32 at 112 and 116.
    content[112:120] = np.array([0.5, -3], "<f4").tobytes()
    path.write_bytes(content)
    np.testing.assert_array_equal(read_nifti(path).voxels, VOXELS * 0.5 - 3)


@pytest.mark.parametrize(
    ("slope", "intercept", "scaled"),
    [
        # The format: 0 is no scaling; NaN is read as such by nibabel, SPM and FSL.
        (0, 5, VOXELS),
        (np.nan, np.nan, VOXELS),
        (np.inf, 0, "scl_slope inf, scl_inter 0"),
        (-np.inf, np.nan, "scl_slope -inf, scl_inter nan"),
        (2, np.nan, "scl_slope 2, scl_inter nan"),
        (2, np.inf, "scl_slope 2, scl_inter inf"),
    ],
)
def test_a_scaling_that_is_no_number(tmp_path, slope, intercept, scaled):
    path = save_nifti(tmp_path / "a.nii", VOXELS.astype("i2"))
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([slope, intercept], "<f4").tobytes()
    path.write_bytes(content)
    if isinstance(scaled, str):
        with pytest.raises(RefusedError, match=rf"its scaling is not finite \({scaled}\)"):
            read_nifti(path)
    else:
        np.testing.assert_array_equal(read_nifti(path).voxels, scaled)


def test_flipped_and_in_micrometres(tmp_path):
    path = save_nifti(tmp_path / "a.nii", VOXELS.astype("i2"), np.diag([-2000.0, 2000, 2000, 1]))
    content = bytearray(path.read_bytes())
    content[123] = 3  # xyzt_units: micrometres.
    path.write_bytes(content)
    volume = read_nifti(path)
    np.testing.assert_array_equal(volume.voxels, VOXELS[::-1])
    np.testing.assert_allclose(volume.spacing, 2)


def test_a_fourth_axis_of_one_and_a_file_in_two_gzip_members(tmp_path):
    save_nifti(tmp_path / "a.nii", VOXELS.astype("i2")[..., None])
    content = (tmp_path / "a.nii").read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(content[:400]) + gzip.compress(content[400:]))
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii.gz").voxels, VOXELS)


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def pixdim(value):
    return np.array([1, value, 2, 2, 1, 1, 1, 1], np.float32)


BAD = {
    "its gzip compression ends too early": lambda path: cut(save_nifti(path, head()), 0.7),
    "its gzip compression is damaged": lambda path: flip_a_byte(save_nifti(path, head())),
    "it has 4 dimensions": lambda path: save_nifti(path, np.zeros((4, 4, 4, 3), np.float32)),
    "it has 2 dimensions": lambda path: save_nifti(path, np.zeros((4, 4), np.float32)),
    "it has no orientation": lambda path: save_nifti(path, head(), sform_code=0, qform_code=0),
    "its voxels are 0 x 2 x 2 mm": lambda path: save_nifti(path, head(), pixdim=pixdim(0)),
    "its voxels are 1000 x 2 x 2 mm": lambda path: save_nifti(path, head(), np.diag([1000.0, 2, 2, 1])),
    "its voxels are nan x 2 x 2 mm": lambda path: save_nifti(path, head(), pixdim=pixdim(np.nan)),
    "NaN or infinite voxels": lambda path: save_nifti(path, head() / head()),
    "no plain numbers": lambda path: save_nifti(path, head().astype(np.complex64)),
    "it is no NIfTI file": lambda path: path.write_bytes(b"patient Jane Doe" * 50),
    "it is empty": lambda path: path.write_bytes(b""),
    r"it cannot be read \(No such file": lambda path: None,
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("reason", BAD)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, reason):
    path = tmp_path / "a.nii.gz"
    BAD[reason](path)
    with pytest.raises(RefusedError, match=reason):
        read_nifti(path)


def test_a_file_that_is_cut_short(tmp_path):
    path = save_nifti(tmp_path / "a.nii", head())
    cut(path, 0.9)
    with pytest.raises(RefusedError, match="it is cut short"):
        read_nifti(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RefusedError, match=r"it cannot be read \(\w+\)"):
        read_nifti(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.nii")
    with pytest.raises(RefusedError, match="it is no regular file"):
        read_nifti(tmp_path / "a.nii")
    assert not is_dicom(tmp_path / "a.nii")


def test_an_unpacked_size_that_no_head_has(tmp_path, monkeypatch):
    path = save_nifti(tmp_path / "a.nii.gz", head(), RAS_2MM)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(100_000)))
    assert read_nifti(path).voxels.shape == (12, 14, 10)
    monkeypatch.setattr("keras_stylegan.data.volumes.nifti.MOST_BYTES", 20_000)
    with pytest.raises(RefusedError, match="unpacks to more than a scan of a head"):
        read_nifti(path)
    monkeypatch.setattr("keras_stylegan.data.volumes.nifti.MOST_BYTES", 1000)
    with pytest.raises(RefusedError, match="it has 12x14x10 voxels, too many for a head"):
        read_nifti(path)


def test_a_header_that_promises_more_than_a_file_can_unpack_to(tmp_path):
    """Its 2 GB would be asked for before the file is found to be short."""
    dim = np.array([3, 1000, 1000, 2000, 1, 1, 1, 1])
    path = save_nifti(tmp_path / "a.nii.gz", head().astype(np.uint8), dim=dim)
    with pytest.raises(RefusedError, match="it is cut short"):
        read_nifti(path)


@pytest.mark.parametrize("sizes", [(1, 1), (400, 65_536), (352, 3), (65_536 + 5, 10)])
def test_members_and_pieces_may_end_anywhere(tmp_path, sizes):
    """Voxels of noise fill several pieces; members of gzip end within the header, at its end and within the voxels."""
    voxels = np.random.default_rng(0).integers(0, 30_000, (70, 60, 50)).astype("i2")
    content = save_nifti(tmp_path / "a.nii", voxels).read_bytes()
    first, second = sizes
    members = (content[:first], content[first : first + second], content[first + second :])
    (tmp_path / "a.nii.gz").write_bytes(b"".join(map(gzip.compress, members)) + bytes(70_000))
    for name in ("a.nii", "a.nii.gz"):
        np.testing.assert_array_equal(read_nifti(tmp_path / name).voxels, voxels)
