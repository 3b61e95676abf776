import gzip
import json

import nibabel
import numpy as np

from keras_stylegan.data.geometry import Geometry
from keras_stylegan.data.volumes.nifti import read_nifti
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.slices import slices_of
from keras_stylegan.data.volumes.synthetic import encode_nifti

GEOMETRY = Geometry("axial", 2.0, 3.0, (1.0, -20.0, 30.0))


def image(height=6, width=8):
    return np.random.default_rng(0).uniform(-1, 1, (height, width, 1)).astype(np.float32)


def test_a_slice_has_the_spacing_and_place_of_the_training_set_and_says_that_it_is_synthetic(tmp_path):
    content = encode_nifti(image()[None], GEOMETRY, {"seed": 3, "label": "AD"})
    assert content == encode_nifti(image()[None], GEOMETRY, {"seed": 3, "label": "AD"})
    (tmp_path / "a.nii.gz").write_bytes(content)
    file = nibabel.load(tmp_path / "a.nii.gz")
    header = file.header
    assert file.shape == (8, 6, 1) and header.get_data_dtype() == np.uint16
    expected = np.rint((image().astype(float)[..., 0] + 1) * 32767.5)
    np.testing.assert_array_equal(np.asarray(file.dataobj)[..., 0], expected.T)
    np.testing.assert_allclose(header.get_zooms(), (2, 2, 3))
    assert header.get_xyzt_units()[0] == "mm" and header["sform_code"] == header["qform_code"] == 2
    for affine in (header.get_sform(), header.get_qform()):
        np.testing.assert_allclose(affine @ [3.5, 2.5, 0, 1], [1, -20, 30, 1], atol=1e-5)
    assert nibabel.aff2axcodes(file.affine) == ("L", "P", "S")
    assert header["descrip"].item().startswith(b"SYNTHETIC") and header["intent_name"].item() == b"synthetic"
    (extension,) = header.extensions
    note = json.loads(extension.get_content())
    assert note["synthetic"] is True and note["seed"] == 3 and note["label"] == "AD"
    assert "not known" in note["slice_position"]
    assert gzip.decompress(content)[344:347] == b"n+1"


def test_prepare_draws_a_written_slice_as_it_was(tmp_path):
    """Twice the slice, as one is no volume: what is up and left stays so."""
    picture = image()
    (tmp_path / "a.nii.gz").write_bytes(encode_nifti(picture[None], GEOMETRY, {}))
    file = nibabel.load(tmp_path / "a.nii.gz")
    nibabel.Nifti1Image(np.repeat(np.asarray(file.dataobj), 2, axis=2), file.affine).to_filename(tmp_path / "b.nii")
    options = VolumeOptions(size=(6, 8), spacing=2.0, min_brain=0.0, window=(0.0, 65535.0))
    slices = slices_of(read_nifti(tmp_path / "b.nii"), options)
    np.testing.assert_array_equal(slices.images[0], np.rint((picture.astype(float)[..., 0] + 1) * 32767.5))
    np.testing.assert_allclose(slices.middle_mm, (-20, 1), atol=1e-4)


def test_a_stack_lies_where_its_slices_do(tmp_path):
    slices = np.random.default_rng(0).uniform(-1, 1, (4, 6, 8, 1)).astype(np.float32)
    for plane, axis in (("sagittal", 0), ("coronal", 1), ("axial", 2)):
        geometry = Geometry(plane, 2.0, 3.0, (1.0, -20.0, 30.0))
        (tmp_path / "a.nii.gz").write_bytes(encode_nifti(slices, geometry, {}, first_mm=-12.5))
        file = nibabel.load(tmp_path / "a.nii.gz")
        assert file.shape == (8, 6, 4)
        for k in range(4):
            middle = file.affine @ [3.5, 2.5, k, 1]
            expected = [1.0, -20.0, 30.0, 1.0]
            expected[axis] = -12.5 + 3 * k
            np.testing.assert_allclose(middle, expected, atol=1e-5)
            expected = np.rint((slices[k, ..., 0].astype(float) + 1) * 32767.5)
            np.testing.assert_array_equal(np.asarray(file.dataobj)[..., k], expected.T)
        (extension,) = file.header.extensions
        assert json.loads(extension.get_content())["slice_position"] == "-12.5 mm, the first of 4"
