import numpy as np
import pydicom
import pytest
from small_volumes import head, save_multiframe, save_series

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.dicom import find_series, is_dicom, read_dicom

# Value 100 x + 10 y + z at voxel (x, y, z) along right, anterior, superior.
VOXELS = np.add.outer(np.add.outer(100 * np.arange(4), 10 * np.arange(5)), np.arange(6)).astype(np.float32)


def change(path, **fields):
    dataset = pydicom.dcmread(path)
    for name, value in fields.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    dataset.save_as(path)


def test_slices_are_ordered_by_where_they_lie(tmp_path):
    volume = read_dicom(tuple(save_series(tmp_path, VOXELS, order=[3, 0, 5, 1, 4, 2])), tmp_path)
    np.testing.assert_array_equal(volume.voxels, VOXELS)
    np.testing.assert_allclose(volume.affine, np.diag([2, 2, 2, 1]), atol=1e-9)


def test_sagittal_slices(tmp_path):
    """The same stack told to be sagittal: rows downwards, columns to the back, slices to the left."""
    files = save_series(tmp_path, VOXELS, ImageOrientationPatient=[0.0, 1, 0, 0, 0, -1], PixelSpacing=[1.0, 3.0])
    for number, file in enumerate(files):
        change(file, ImagePositionPatient=[4.0 * number, 0, 0])
    volume = read_dicom(tuple(files), tmp_path)
    # A column c lies at y = 3 c to the back, a row r at z = -r, a slice k at x = 4 k to the left.
    expected = np.empty((6, 4, 5))
    for k in range(6):
        stored = VOXELS[::-1, ::-1, k].T
        for row in range(5):
            for column in range(4):
                expected[5 - k, 3 - column, 4 - row] = stored[row, column]
    np.testing.assert_array_equal(volume.voxels, expected)
    np.testing.assert_allclose(volume.spacing, [4, 3, 1])
    np.testing.assert_allclose(volume.position_mm(0), [-20, -16, -12, -8, -4, 0])


def test_rescaling_of_single_slices(tmp_path):
    files = save_series(tmp_path, VOXELS, RescaleSlope=1, RescaleIntercept=0)
    change(files[2], RescaleSlope=0.5, RescaleIntercept=-7)
    expected = VOXELS.copy()
    expected[..., 2] = VOXELS[..., 2] * 0.5 - 7
    np.testing.assert_array_equal(read_dicom(tuple(files), tmp_path).voxels, expected)


def test_inverted_values(tmp_path):
    files = save_series(tmp_path, VOXELS, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_dicom(tuple(files), tmp_path).voxels, -VOXELS)


def test_a_multi_frame_file(tmp_path):
    volume = read_dicom((save_multiframe(tmp_path / "a.dcm", VOXELS),), tmp_path)
    np.testing.assert_array_equal(volume.voxels, 2 * VOXELS - 1)
    np.testing.assert_allclose(volume.affine, np.diag([2, 2, 2, 1]), atol=1e-9)


def test_series_are_told_apart_whatever_their_files_are_called(tmp_path):
    first = save_series(tmp_path / "a", VOXELS)
    second = save_series(tmp_path / "b", VOXELS[..., :3], SeriesInstanceUID="1.2.4", PatientID="", StudyDate="20200102")
    for number, file in enumerate(second):
        file.rename(tmp_path / "a" / f"i00{number}b")
    report = pydicom.dcmread(first[0])
    for name in ("Rows", "Columns", "PixelData"):
        delattr(report, name)
    report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"  # Basic text report.
    report.save_as(tmp_path / "a" / "report.dcm")
    (tmp_path / "a" / "x.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\x00\x00\x00UL\x04\x00")
    files = sorted((tmp_path / "a").iterdir())
    assert all(map(is_dicom, files)) and not is_dicom(tmp_path) and not is_dicom(tmp_path / "none")
    series, refused = find_series(files)
    assert [(len(own.files), own.subject) for own in series] == [(6, "P1"), (3, "")]
    assert series[1].session.startswith("20200102")
    assert [(path.name, reason) for path, reason in refused] == [("x.dcm", "its header is cut short")]


def test_a_folder_without_dicom(tmp_path):
    assert find_series([]) == ([], [])


def drop(files, *numbers):
    return [file for number, file in enumerate(files) if number not in numbers]


def edited(number, **fields):
    def edit(files):
        change(files[number], **fields)
        return files

    return edit


def cut(count):
    """Of 72 or fewer bytes the pixels lack some, of more the header does."""

    def edit(files):
        files[1].write_bytes(files[1].read_bytes()[:-count])
        return files

    return edit


def no_number(files):
    content = files[1].read_bytes()
    assert b"-6.0\\-8.0" in content
    files[1].write_bytes(content.replace(b"-6.0\\-8.0", b"six.\\-8.0"))
    return files


JPEG_LOSSLESS = pydicom.uid.UID("1.2.840.10008.1.2.4.70")


def compressed(files):
    dataset = pydicom.dcmread(files[0])
    dataset.file_meta.TransferSyntaxUID = JPEG_LOSSLESS
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(files[0])
    return files


BAD = {
    "slices are missing: two neighbours are 4 mm apart, the others 2 mm": lambda files: drop(files, 2),
    "1 of its 6 slices lie where another one does": edited(3, ImagePositionPatient=[-6, -8, 4.0]),
    "its slices are unevenly spaced": edited(3, ImagePositionPatient=[-6, -8, 6.5]),
    "its slices have several sizes, 4x4 and 5x4": edited(3, Rows=4, PixelData=bytes(32)),
    "its slices have several orientations": edited(3, ImageOrientationPatient=[0.0, 1, 0, 0, 0, -1]),
    "its slices have several pixel spacings": edited(3, PixelSpacing=[2.0, 1.0]),
    "it has a single slice": lambda files: files[:1],
    "it has no orientation": edited(3, ImageOrientationPatient=None),
    r"it has no orientation \(ImagePositionPatient": edited(3, ImagePositionPatient=None),
    "it is in colour": edited(3, PhotometricInterpretation="RGB"),
    r"^i001.dcm: it is cut short": cut(20),
    r"^i001.dcm: it is cut short$": cut(90),
    r"^i001.dcm: its header cannot be read \(\w+\)": no_number,
    r"^i001.dcm: its pixels cannot be read \(\w+\)": edited(1, BitsAllocated=7),
    r"^i001.dcm: it cannot be opened \(No such file or directory\)": lambda files: files[1].unlink() or files,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reason", BAD)
def test_a_bad_series_is_refused_with_its_reason(tmp_path, reason):
    files = BAD[reason](save_series(tmp_path, VOXELS))
    with pytest.raises(RefusedError, match=reason):
        read_dicom(tuple(files), tmp_path)


@pytest.mark.filterwarnings("ignore:Expected explicit VR")
@pytest.mark.parametrize("implicit", [False, True])
def test_files_without_the_preamble(tmp_path, implicit):
    files = []
    for number, file in enumerate(save_series(tmp_path, VOXELS)):
        dataset = pydicom.Dataset(pydicom.dcmread(file))
        file.unlink()
        files.append(tmp_path / (f"i{number}.IMA" if number else "1.2.840.5"))
        pydicom.dcmwrite(files[-1], dataset, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    assert files[0].read_bytes()[:2] == b"\x08\0" and all(map(is_dicom, files))
    (series,), refused = find_series(files)
    assert (series.subject, refused) == ("P1", [])
    np.testing.assert_array_equal(read_dicom(series.files, tmp_path).voxels, VOXELS)
    # Another ending, and text that begins with the same two bytes.
    assert not is_dicom(files[0].rename(tmp_path / "a.txt"))
    for content in (
        b"\x08\0is a backspace and a zero" * 9,
        b"\x02\0" + bytes(range(256)) * 9,
        b"\x08\0\x05\0\xff\xff\xff",
    ):
        (tmp_path / "text").write_bytes(content)
        assert not is_dicom(tmp_path / "text")


@pytest.mark.parametrize("spacing", [0.0, 500.0])
def test_absurd_spacing(tmp_path, spacing):
    with pytest.raises(RefusedError, match=r"its voxels are (0|500) x 2 x 2 mm, expected 0.05 to 20"):
        read_dicom(tuple(save_series(tmp_path, VOXELS, PixelSpacing=[spacing, 2.0])), tmp_path)


def test_a_tilted_gantry(tmp_path):
    """Upright slices, each 0.5 mm further to the back than the one below."""
    files = save_series(tmp_path, VOXELS)
    for number, file in enumerate(files):
        change(file, ImagePositionPatient=[-6, -8 + 0.5 * number, 2.0 * number])
    with pytest.raises(RefusedError, match=f"meet at {np.degrees(np.arctan(4)):.3g} degrees"):
        read_dicom(tuple(files), tmp_path)


def test_a_compression_without_its_plugin_names_the_package(tmp_path):
    if pydicom.pixels.get_decoder(JPEG_LOSSLESS).is_available:
        pytest.skip("the plugin is installed")
    files = compressed(save_series(tmp_path, head((6, 6, 6))))
    with pytest.raises(RefusedError, match=r"compressed \(JPEG Lossless.*\): pip install pylibjpeg pylibjpeg-libjpeg"):
        read_dicom(tuple(files), tmp_path)
