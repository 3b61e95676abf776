import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.config import DataConfig
from keras_stylegan.data import folder as folder_source
from keras_stylegan.data.folder import Folder
from keras_stylegan.errors import InputError

RNG = np.random.default_rng(0)


def save(path, height=20, width=16, channels=None, dtype=np.uint8, seed=None):
    """Saves random pixels and returns them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (height, width) if channels is None else (height, width, channels)
    rng = RNG if seed is None else np.random.default_rng(seed)
    pixels = rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.fixture
def layout(tmp_path):
    """train/ and test/ with the classes AD and NC: 3 + 2 and 1 + 1 images."""
    root = tmp_path / "set"
    for name in (
        "train/AD/11_1.png",
        "train/AD/11_2.png",
        "train/AD/12_1.png",
        "train/NC/21_1.png",
        "train/NC/22_1.png",
    ):
        save(root / name)
    for name in ("test/AD/13_1.png", "test/NC/23_1.png"):
        save(root / name)
    return root


def load(root, resolution=8, channels=1, split="train", **options):
    data = DataConfig(path=root, cache_dir=root.parent / "cache", **options)
    size = (resolution, resolution) if isinstance(resolution, int) else resolution
    return Folder(data).load(split, size, channels, progress=False)


def cache_is_empty(root):
    cache = root.parent / "cache"
    return not cache.exists() or not list(cache.iterdir())


def no_decoding(monkeypatch):
    def fail(path):
        raise AssertionError("an image was decoded again")

    monkeypatch.setattr(folder_source, "decode", fail)


def test_splits_classes_subjects_and_names(layout):
    train = load(layout)
    assert train.images.shape == (5, 8, 8, 1)
    assert train.images.dtype == np.uint8
    assert train.classes == ("AD", "NC")
    assert train.labels["class"].tolist() == [0, 0, 0, 1, 1]
    assert train.labels["class"].dtype == np.int64
    assert train.subjects.tolist() == ["11", "11", "12", "21", "22"]
    assert train.names.tolist()[0] == "train/AD/11_1.png"
    assert len(train) == 5
    test = load(layout, split="test")
    assert test.subjects.tolist() == ["13", "23"]
    assert test.labels["class"].tolist() == [0, 1]
    assert test.fingerprint != train.fingerprint


def test_the_report_counts(layout):
    report = load(layout).report
    assert "5 images 8x8x1 uint8 of 4 subjects; AD 3, NC 2." in report
    assert "20x16 (5)" in report
    assert "Warning" not in report


def test_pixels_are_padded_and_filtered_like_pillow(tmp_path):
    pixels = save(tmp_path / "set" / "a.png", 20, 16)
    border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    square = np.full((20, 20), np.rint(np.median(border)), np.uint8)
    square[:, 2:18] = pixels
    expected = np.asarray(Image.fromarray(square).resize((8, 8), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(load(tmp_path / "set").images[0, :, :, 0], expected)
    cropped = np.asarray(Image.fromarray(pixels[2:18]).resize((8, 8), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(load(tmp_path / "set", fit="crop").images[0, :, :, 0], cropped)
    square[:, :2], square[:, 18:] = 77, 77
    expected = np.asarray(Image.fromarray(square).resize((8, 8), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(load(tmp_path / "set", background=77).images[0, :, :, 0], expected)


def test_a_folder_without_subfolders_is_one_class(tmp_path):
    root = tmp_path / "set"
    for name in ("b.PNG", "a.jpg", "c.Tiff", "d.bmp", "e.JPEG"):
        save(root / name)
    images = load(root)
    assert images.classes == ("all",)
    assert images.names.tolist() == ["a.jpg", "b.PNG", "c.Tiff", "d.bmp", "e.JPEG"]
    assert images.subjects.tolist() == ["a", "b", "c", "d", "e"]
    assert "No file name matches data.subject_pattern" in images.report
    with pytest.raises(InputError, match="no test/ folder, so there is no test split"):
        load(root, split="test")


def test_class_folders_without_splits_and_deeper_folders(tmp_path):
    root = tmp_path / "set"
    save(root / "zebra" / "deep" / "z_1.png")
    save(root / "ant" / "a_1.png")
    images = load(root)
    assert images.classes == ("ant", "zebra")
    assert images.names.tolist() == ["ant/a_1.png", "zebra/deep/z_1.png"]


def test_other_files_are_ignored_and_counted(layout):
    for name in (".DS_Store", "Thumbs.db", "notes.txt", "._11_1.png"):
        (layout / "train" / "AD" / name).write_bytes(b"x")
    (layout / "train" / "labels.csv").write_text("a,b")
    (layout / "train" / ".hidden").mkdir()
    images = load(layout)
    assert len(images) == 5
    assert "Other files ignored: 5." in images.report


def test_the_subject_pattern_is_matched_against_the_whole_name(tmp_path):
    root = tmp_path / "set"
    for name in ("AD/sub-07_ses-1.png", "AD/sub-07_ses-2.png", "NC/other.png", "AD/other.png"):
        save(root / name)
    images = load(root, subject_pattern=r"sub-(?P<subject>\d+)_ses-\d+")
    # Names that do not match are told apart by their folder.
    assert images.subjects.tolist() == ["AD/other", "07", "07", "NC/other"]
    assert "2 file names do not match" in images.report


def test_numbers_in_the_names_are_covariates(layout):
    save(layout / "train" / "AD" / "scout.png")
    images = load(layout)
    assert images.labels.dtype.names == ("class", "slice")
    np.testing.assert_array_equal(images.labels["slice"], np.array([1, 2, 1, np.nan, 1, 1], np.float32))
    assert "Covariate slice: 1 to 2; 1 images have none." in images.report
    again = load(layout)
    np.testing.assert_array_equal(again.labels["slice"], images.labels["slice"])
    assert load(layout, subject_pattern=r"(?P<subject>.+)_\d+").labels.dtype.names == ("class",)


def test_a_source_says_what_the_folder_has(layout, tmp_path):
    source = Folder(DataConfig(path=layout))
    assert (source.has_test, source.classes, source.covariates) == (True, ("AD", "NC"), ("slice",))
    assert load(layout).shows_people
    save(tmp_path / "plain" / "a_1.png")
    plain = Folder(DataConfig(path=tmp_path / "plain"))
    assert (plain.has_test, plain.classes) == (False, ("all",))
    assert not any(Folder(DataConfig(path=Path(path))).has_test for path in ("~nobody", "a" * 5000, "a\0b"))


def test_16_bit_images_make_a_16_bit_set(tmp_path):
    root = tmp_path / "set"
    deep = save(root / "a.png", 8, 8, dtype=np.uint16)
    shallow = save(root / "b.png", 8, 8)
    images = load(root)
    assert images.images.dtype == np.uint16
    np.testing.assert_array_equal(images.images[0, :, :, 0], deep)
    np.testing.assert_array_equal(images.images[1, :, :, 0], shallow.astype(int) * 257)
    assert "Warning" not in images.report


def test_a_16_bit_set_in_a_corner_of_its_range_is_warned_of(tmp_path):
    root = tmp_path / "set"
    root.mkdir()
    Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 65).save(root / "a.png")
    assert "the 16-bit values end at 4095 of 65535" in load(root).report


def test_colour_needs_three_channels(tmp_path):
    root = tmp_path / "set"
    pixels = save(root / "a.png", 8, 8, 3)
    np.testing.assert_array_equal(load(root, channels=3).images[0], pixels)
    with pytest.raises(InputError, match=r"a\.png is a colour image, one of 1, .*--model\.channels 3"):
        load(root, channels=1)


def test_grey_stored_as_colour_is_grey(tmp_path):
    root = tmp_path / "set"
    grey = save(root / "a.png", 8, 8)
    Image.fromarray(grey).convert("RGB").save(root / "b.png")
    images = load(root, channels=1).images
    np.testing.assert_array_equal(images[0], images[1])
    both = load(root, channels=3)
    np.testing.assert_array_equal(both.images[0], np.stack([grey] * 3, -1))
    assert "the grey value is repeated in the 3 channels" in both.report


@pytest.mark.parametrize("channels", [1, 3])
def test_a_mixture_of_grey_and_colour_is_refused(tmp_path, channels):
    root = tmp_path / "set"
    save(root / "grey1.png")
    save(root / "grey2.png")
    save(root / "tinted.png", channels=3)
    with pytest.raises(InputError, match=r"mixes 2 grey images \(grey1\.png\) and 1 colour images \(tinted\.png\)"):
        load(root, channels=channels)
    assert cache_is_empty(root)


def test_unreadable_files_are_named_counted_and_skipped(layout, monkeypatch):
    whole = (layout / "train" / "AD" / "11_1.png").read_bytes()
    (layout / "train" / "AD" / "11_2.png").write_bytes(whole[:-40])
    (layout / "train" / "NC" / "bad_1.jpg").write_text("no image")
    images = load(layout)
    assert images.names.tolist() == [f"train/{name}.png" for name in ("AD/11_1", "AD/12_1", "NC/21_1", "NC/22_1")]
    assert images.labels["class"].tolist() == [0, 0, 1, 1]
    assert "Warning: 2 unreadable files skipped: train/AD/11_2.png (" in images.report
    assert "train/NC/bad_1.jpg (cannot identify image file)" in images.report
    no_decoding(monkeypatch)
    assert load(layout).report == images.report


def test_warnings_of_the_reader_stay_out_of_the_way(layout, recwarn):
    path = layout / "train" / "AD" / "cut_1.tif"
    save(path)
    path.write_bytes(path.read_bytes()[:30])  # Within the header, of which Pillow warns.
    assert "train/AD/cut_1.tif (" in load(layout).report
    assert not recwarn.list


def test_strict_stops_at_the_first_unreadable_file(layout):
    (layout / "train" / "AD" / "00_1.png").write_text("no image")
    message = r"train/AD/00_1\.png cannot be read \(cannot identify image file\), and data\.strict is on"
    with pytest.raises(InputError, match=message):
        load(layout, strict=True)
    assert cache_is_empty(layout)
    load(layout)
    with pytest.raises(InputError, match=message):  # Nor does a cache made without it help.
        load(layout, strict=True)


def test_too_many_unreadable_files(layout):
    for number in range(3):
        (layout / "train" / "NC" / f"bad_{number}.png").write_text("no image")
    assert len(load(layout, max_refused=3)) == 5
    with pytest.raises(InputError, match=r"more than data\.max_refused=2 of 8 images .*train/NC/bad_0\.png"):
        load(layout, max_refused=2)


def test_nothing_but_unreadable_files(tmp_path):
    root = tmp_path / "set"
    root.mkdir()
    (root / "a.png").write_text("no image")
    with pytest.raises(InputError, match=r"none of the 1 images could be read, e\.g\. a\.png"):
        load(root)


def test_small_images_are_enlarged_only_if_asked(tmp_path):
    root = tmp_path / "set"
    save(root / "a.png", 12, 7)
    with pytest.raises(
        InputError, match=r"a\.png is smaller \(12x7 pixels\) than the resolution 16x16: .*--data\.upscale"
    ):
        load(root, 16)
    assert cache_is_empty(root)
    images = load(root, 16, upscale=True)
    assert images.images.shape == (1, 16, 16, 1)
    assert "Warning: 1 images were smaller than this size and enlarged." in images.report


def test_a_background_beyond_8_bits(layout):
    with pytest.raises(InputError, match=r"data\.background must be at most 255 .*Received: 300"):
        load(layout, background=300)


def test_duplicates_and_shared_subjects_are_warned_of(layout):
    content = (layout / "train" / "AD" / "11_1.png").read_bytes()
    (layout / "train" / "NC" / "22_2.png").write_bytes(content)
    save(layout / "test" / "NC" / "11_7.png")
    report = load(layout).report
    assert "Warning: 1 exact copies of other images: train/NC/22_2.png = train/AD/11_1.png." in report
    assert "Warning: 1 subjects have images in train/ and test/: 11." in report
    assert "Warning: 1 subjects have images in train/ and test/: 11." in load(layout, split="test").report


def test_a_bad_test_split_does_not_stop_training(layout):
    (layout / "test" / "MCI").mkdir()
    report = load(layout).report
    assert "5 images" in report
    assert "Warning: test/ cannot be used: the classes of" in report


def test_a_second_start_decodes_nothing_until_a_file_changes(layout, monkeypatch):
    first = load(layout)
    with monkeypatch.context() as patch:
        no_decoding(patch)
        second = load(layout)
        np.testing.assert_array_equal(second.images, first.images)
        assert (second.fingerprint, second.report) == (first.fingerprint, first.report)
    changed = save(layout / "train" / "AD" / "11_1.png", 8, 8)
    third = load(layout)
    np.testing.assert_array_equal(third.images[0, :, :, 0], changed)
    assert third.fingerprint != first.fingerprint


def test_a_touched_copy_has_the_same_fingerprint(layout):
    first = load(layout)
    os.utime(layout / "train" / "AD" / "11_1.png", ns=(1, time.time_ns() - 10**9))
    assert load(layout).fingerprint == first.fingerprint


@pytest.mark.parametrize("option", [{"fit": "crop"}, {"background": 3}, {"resolution": 16}, {"channels": 3}])
def test_options_that_matter_change_the_fingerprint(layout, option):
    assert load(layout, **option).fingerprint != load(layout).fingerprint


def test_a_broken_link_is_refused_by_name(layout):
    (layout / "train" / "AD" / "99_1.png").symlink_to(layout / "gone.png")
    assert "train/AD/99_1.png (" in load(layout).report
