import numpy as np
import pytest
from PIL import Image

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.pictures import find_pictures, is_picture, read_picture

OPTIONS = VolumeOptions(size=(6, 8), min_brain=0.0)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def pixels(shape=(4, 10), kind=np.uint16, most=60_000, seed=0):
    return np.random.default_rng(seed).integers(1, most, shape).astype(kind)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_kept_and_the_middle_is_padded_and_cut(tmp_path, ending):
    original = pixels()
    slices = read_picture(save(tmp_path / f"a.{ending}", original), OPTIONS)
    assert slices.images.shape == (1, 6, 8) and slices.images.dtype == np.uint16
    np.testing.assert_array_equal(slices.images[0, 1:5], original[:, 1:9])
    assert not slices.images[0, [0, 5]].any()
    assert np.isnan(slices.position_mm).all() and np.isnan(slices.share).all() and slices.window == (0, 65535)


def test_eight_bits_become_sixteen_and_a_window_makes_black_and_white(tmp_path):
    original = pixels(kind=np.uint8, most=255)
    images = read_picture(save(tmp_path / "a.png", original), OPTIONS).images
    np.testing.assert_array_equal(images[0, 1:5], 257 * original[:, 1:9].astype(int))
    twelve = np.array([[0, 1000, 4095, 5000]] * 4, np.uint16)
    options = VolumeOptions(size=(4, 4), min_brain=0.0, window=(1000.0, 4095.0))
    images = read_picture(save(tmp_path / "b.png", twelve), options).images
    assert images[0, 0].tolist() == [0, 0, 65535, 65535]


def test_a_spacing_of_two_halves_a_picture(tmp_path):
    original = pixels((40, 48))
    options = VolumeOptions(size=(20, 24), spacing=2.0, min_brain=0.0)
    half = Image.fromarray(original.astype(np.float32)).resize((24, 20), Image.Resampling.LANCZOS)
    images = read_picture(save(tmp_path / "a.png", original), options).images
    # But at the border, where black comes in.
    np.testing.assert_allclose(images[0, 4:-4, 4:-4], np.clip(np.asarray(half), 0, 65535)[4:-4, 4:-4], atol=1)


def test_what_is_refused(tmp_path):
    colour = np.zeros((8, 8, 3), np.uint8)
    colour[2:6, 2:6, 0] = 200
    dark = np.zeros((8, 8), np.uint8)
    dark[4, 4] = 255
    for name, array, options, message in (
        ("a.png", colour, OPTIONS, "it is in colour"),
        ("b.png", 0 * dark, OPTIONS, "it is all background"),
        ("c.png", dark, VolumeOptions(size=(8, 8)), r"only 0.016 of the picture is brighter than the background"),
        ("d.png", dark, VolumeOptions(range_mm=(0.0, 5.0)), "a picture has no position: leave out range_mm"),
    ):
        with pytest.raises(RefusedError, match=message):
            read_picture(save(tmp_path / name, array), options)
    (tmp_path / "e.png").write_bytes(b"text")
    with pytest.raises(RefusedError, match="cannot identify image file"):
        read_picture(tmp_path / "e.png", OPTIONS)
    assert is_picture(tmp_path / "e.PNG") and not is_picture(tmp_path / "e.nii")


def test_folders_say_class_and_split_and_names_the_subject(tmp_path):
    for name in ("Training/AD/1_3.png", "Training/NC/2_4.png", "val/NC/5_6.png", "val/NC/free.png"):
        save(tmp_path / name, pixels())
    found = find_pictures(tmp_path, VolumeOptions())
    told = [(s.name, s.subject, s.label, s.split) for s in found.scans]
    assert told == [
        ("Training/AD/1_3.png", "1", "AD", "train"), ("Training/NC/2_4.png", "2", "NC", "train"),
        ("val/NC/5_6.png", "5", "NC", "test"), ("val/NC/free.png", "val/NC/free", "NC", "test"),
    ]  # fmt: skip
    assert found.covariates == ("slice",) and [s.covariates["slice"] for s in found.scans[:3]] == [3, 4, 6]
    # A pattern goes before the folders, and without them nothing is said of the split.
    pattern = r"(?P<label>AD|NC)/(?P<subject>\d)_(?P<session>\d)"
    found = find_pictures(tmp_path / "Training", VolumeOptions(name_pattern=pattern))
    assert [(s.subject, s.session, s.label, s.split) for s in found.scans] == [
        ("1", "3", "AD", None),
        ("2", "4", "NC", None),
    ]
    found = find_pictures(tmp_path / "val", VolumeOptions(name_pattern=pattern))
    assert found.refused == [("NC/free.png", "name_pattern does not tell its subject and class")]
