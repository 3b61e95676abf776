import os

import pydicom
import pytest
from found_scans import found, told, touch

from keras_stylegan.errors import InputError


def test_pipes_are_not_waited_for(tmp_path):
    touch(tmp_path, "a_1.nii")
    for name in ("b_1.nii", "c_1"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "t.csv").write_text("path,subject\na_1.nii,a\nb_1.nii,b\n")
    assert [name for name, *_ in told(tmp_path)] == ["a_1.nii"]
    assert found(tmp_path / "t.csv").refused == [("b_1.nii", "it is not there")]
    with pytest.raises(InputError, match="there is no '.*c_1': give a file, a folder or a CSV"):
        found(tmp_path / "c_1")


def test_prepared_datasets_are_no_scans(tmp_path):
    """Another program's dataset.json, as of the Medical Segmentation Decathlon, is none."""
    touch(tmp_path, "a_1.nii", "done/dataset.json", "done/manifest.csv", "done/train/images.npy", "begun/.parts/0.json",
          "begun/train/images.npy", "begun/contact_sheet.png", "Task01/dataset.json",
          "Task01/imagesTr/b_1.nii")  # fmt: skip
    assert [name for name, *_ in told(tmp_path)] == ["Task01/imagesTr/b_1.nii", "a_1.nii"]
    for name in ("done", "begun"):
        with pytest.raises(InputError, match=f"{name} is a dataset that was prepared, or begun, already"):
            found(tmp_path / name)
    (tmp_path / "t.csv").write_text("path,subject\na_1.nii,a\ndone,b\n")
    assert found(tmp_path / "t.csv").refused == [("done", "it is a dataset that was prepared, or begun, already")]


@pytest.mark.parametrize(
    "pictures", [["1_1.png", "2_1.png"], ["AD/1_1.png", "NC/2_1.png"], ["train/1_1.png", "val/2_1.png"]]
)
def test_prepared_datasets_among_pictures(tmp_path, pictures):
    touch(tmp_path, *pictures, "begun/.parts/0.json", "begun/contact_sheet.png", "begun/train/images.npy")
    assert [name for name, *_ in told(tmp_path)] == pictures


def test_files_of_no_kind_that_is_read_are_counted(tmp_path):
    touch(tmp_path, "a_1.nii", "a_1.json", "x.mgz", "b/y.MGZ", "b/z.img", "b/notes.txt", "b/1.2.5", "shot.png")
    folder = pydicom.Dataset()
    folder.file_meta = pydicom.dataset.FileMetaDataset()
    folder.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    folder.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"  # Media storage directory.
    folder.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    folder.save_as(tmp_path / "b" / "DICOMDIR", enforce_file_format=True)
    source = found(tmp_path)
    assert source.refused == [] and source.lines == [
        "4 files are of no kind that is read: .mgz 2, without ending 1, .img 1."
    ]
    (tmp_path / "t.csv").write_text("path,subject\na_1.nii,a\nx.mgz,b\n")
    source = found(tmp_path / "t.csv")
    assert source.lines == [] and source.refused == [
        ("x.mgz", "it is neither a NIfTI, DICOM or npy file nor a picture")
    ]
    (tmp_path / "a_1.nii").unlink()
    (tmp_path / "shot.png").unlink()
    with pytest.raises(InputError, match=r"no volumes in .*pictures\)\. 4 files are of no kind that is read: \.mgz 2"):
        found(tmp_path / "b" / "..")


def test_a_file_of_another_kind(tmp_path):
    touch(tmp_path, "x.txt")
    assert found(tmp_path / "x.txt").refused == [("x.txt", "it is neither a NIfTI, DICOM or npy file nor a picture")]


def test_numpy_files_and_pictures_where_there_is_nothing_else(tmp_path):
    touch(tmp_path, "a/x_1.npy", "a/x_2.nii", "a/shot.png", "b/y_1.png")
    assert [name for name, *_ in told(tmp_path)] == ["a/x_1.npy", "a/x_2.nii"]
    assert told(tmp_path / "a" / "x_1.npy") == [("x_1.npy", "x", "", "all")]
    assert told(tmp_path / "b") == [("y_1.png", "y", "", "all")]
    assert told(tmp_path / "b" / "y_1.png") == [("y_1.png", "y", "", "all")]
    (tmp_path / "t.csv").write_text("path,subject,label\nb,P1,AD\na/shot.png,P2,NC\na/x_1.npy,P3,NC\n")
    assert [(name, subject) for name, subject, *_ in told(tmp_path / "t.csv")] == [
        ("b/y_1.png", "P1"), ("a/shot.png", "P2"), ("a/x_1.npy", "P3"),
    ]  # fmt: skip
