import os

import pytest

from keras_stylegan.data.listing import list_images
from keras_stylegan.errors import InputError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"pixels")


@pytest.fixture
def layout(tmp_path):
    """train/ and test/ with the classes AD and NC."""
    root = tmp_path / "set"
    for name in ("train/AD/11_1.png", "train/AD/9_1.png", "train/NC/21_1.png", "test/AD/13_1.png", "test/NC/23_1.png"):
        touch(root / name)
    return root


def test_files_are_sorted_by_name_with_label_size_and_time(layout):
    os.utime(layout / "train" / "NC" / "21_1.png", ns=(5, 7))
    listing = list_images(layout, "train")
    assert [(file.name, file.label) for file in listing.files] == [
        ("train/AD/11_1.png", 0),
        ("train/AD/9_1.png", 0),
        ("train/NC/21_1.png", 1),
    ]
    assert (listing.files[2].size, listing.files[2].mtime_ns) == (6, 7)
    assert listing.classes == ("AD", "NC")


def test_a_test_split_counts_its_classes_like_the_train_split(layout):
    for file in (layout / "test" / "AD").iterdir():
        file.unlink()
    (layout / "test" / "AD").rmdir()
    test = list_images(layout, "test")
    assert (test.classes, [file.label for file in test.files]) == (("AD", "NC"), [1])
    touch(layout / "test" / "MCI" / "9_1.png")
    with pytest.raises(InputError, match=r"must be among those of train/.* Received: \['MCI'\]"):
        list_images(layout, "test")


@pytest.mark.parametrize("held_out", ["Testing", "val", "VALID"])
def test_other_names_of_the_splits(tmp_path, held_out):
    touch(tmp_path / "Training" / "AD" / "1_1.png")
    touch(tmp_path / held_out / "AD" / "2_1.png")
    assert [file.name for file in list_images(tmp_path, "train").files] == ["Training/AD/1_1.png"]
    assert [file.name for file in list_images(tmp_path, "test").files] == [f"{held_out}/AD/2_1.png"]
    # Beside a test/ none of them is.
    touch(tmp_path / "test" / "AD" / "3_1.png")
    assert [file.name for file in list_images(tmp_path, "test").files] == ["test/AD/3_1.png"]


def test_no_path():
    with pytest.raises(InputError, match=r"data\.path is not set: .*--data\.path FOLDER"):
        list_images(None, "train")


def test_missing_folder_and_file_instead_of_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"data\.path is not there\. Received: '.*nowhere'"):
        list_images(tmp_path / "nowhere", "train")
    touch(tmp_path / "file.png")
    with pytest.raises(InputError, match=r"must be a folder of images, but it is a file\. Received: '.*file\.png'"):
        list_images(tmp_path / "file.png", "train")


def test_empty_folder_empty_class_and_missing_split(tmp_path, layout):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no images in .*empty \(looked for \.png"):
        list_images(tmp_path / "empty", "train")
    (layout / "train" / "MCI").mkdir()
    with pytest.raises(InputError, match=r"the class folder .*train/MCI holds no images"):
        list_images(layout, "train")
    touch(tmp_path / "half" / "test" / "AD" / "1_1.png")
    with pytest.raises(InputError, match=r"half has no train/ folder beside test/"):
        list_images(tmp_path / "half", "train")


def test_images_beside_class_folders(tmp_path):
    root = tmp_path / "set"
    touch(root / "stray.png")
    touch(root / "AD" / "1_1.png")
    with pytest.raises(InputError, match=r"not in both\. Received: stray\.png and images in AD/"):
        list_images(root, "train")


def test_an_unreadable_folder(layout, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(InputError, match=r"no permission to read the folder .*set"):
        list_images(layout, "train")
