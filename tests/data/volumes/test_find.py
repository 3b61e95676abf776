import math
import os

import pytest
from small_volumes import head, save_series

from keras_stylegan.data.volumes.find import find_scans
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.errors import InputError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(source, **options):
    return find_scans(source, VolumeOptions(**options))


def told(source, **options):
    return [(s.name, s.subject, s.session, s.label) for s in found(source, **options).scans]


def test_a_folder_tells_the_subject_by_its_files_names(tmp_path):
    touch(tmp_path, "b/002_S_0295_MR_1.nii", "a/patient01_study1_T1.nii.gz", "a/patient01_study2_T1.nii.gz",
          "OAS1_0003_MR1.NII", ".hidden/x_1.nii", "a/.x_1.nii", "notes.txt")  # fmt: skip
    assert told(tmp_path) == [
        ("OAS1_0003_MR1.NII", "OAS1_0003", "", "all"),
        ("a/patient01_study1_T1.nii.gz", "patient01", "", "all"),
        ("a/patient01_study2_T1.nii.gz", "patient01", "", "all"),
        ("b/002_S_0295_MR_1.nii", "002_S_0295", "", "all"),
    ]


def test_pipes_are_not_waited_for(tmp_path):
    touch(tmp_path, "a_1.nii")
    for name in ("b_1.nii", "c_1"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "t.csv").write_text("path,subject\na_1.nii,a\nb_1.nii,b\n")
    assert [name for name, *_ in told(tmp_path)] == ["a_1.nii"]
    assert found(tmp_path / "t.csv").refused == [("b_1.nii", "it is not there")]
    with pytest.raises(InputError, match="there is no '.*c_1': give a file, a folder or a CSV"):
        found(tmp_path / "c_1")


def test_a_pattern_tells_class_and_session(tmp_path):
    touch(tmp_path, "AD/7_2020.nii", "NC/8_2021.nii", "readme/x.nii")
    source = found(tmp_path, name_pattern=r"(?P<label>AD|NC)/(?P<subject>\d+)_(?P<session>\d+)")
    assert [(s.subject, s.session, s.label) for s in source.scans] == [("7", "2020", "AD"), ("8", "2021", "NC")]
    assert source.refused == [("readme/x.nii", "name_pattern does not tell its subject and class")]


def test_a_single_file(tmp_path):
    touch(tmp_path, "x_1.nii.gz")
    assert told(tmp_path / "x_1.nii.gz") == [("x_1.nii.gz", "x", "", "all")]


def test_a_csv(tmp_path):
    touch(tmp_path, "d/a.nii", "d/b.nii", "d/c/1.nii", "d/c/2.nii")
    (tmp_path / "d" / "t.csv").write_text(
        "path,subject,label,session,age\n./a.nii,P1,AD,x,70\nb.nii,P2,NC,y,\nc,P3,NC,z,60\nd.nii,P4,NC,,1\n"
        "b.nii,P2,NC,y,1\n../e.nii,P5,NC,,1\n/etc/passwd,P5,NC,,1\nc/../../e.nii,P5,NC,,1\n"
        "a.nii/../c/1.nii,,NC,,1\n,P6,NC,,1\n"
    )
    source = found(tmp_path / "d" / "t.csv")
    assert [(s.name, s.subject, s.session, s.label) for s in source.scans] == [
        ("a.nii", "P1", "x", "AD"), ("b.nii", "P2", "y", "NC"), ("c/1.nii", "P3", "z", "NC"),
        ("c/2.nii", "P3", "z", "NC"),
    ]  # fmt: skip
    assert source.scans[0].covariates == {"age": 70} and math.isnan(source.scans[1].covariates["age"])
    assert source.covariates == ("age",)
    outside = "it lies outside the folder of t.csv"
    assert source.refused == [
        ("d.nii", "it is not there"), ("b.nii", "it stands twice in t.csv"), ("../e.nii", outside),
        ("/etc/passwd", outside), ("c/../../e.nii", outside), ("a.nii/../c/1.nii", "t.csv names no subject of it"),
        ("", "a row of t.csv names no file"),
    ]  # fmt: skip


def test_a_subject_with_two_classes(tmp_path):
    touch(tmp_path, "a.nii", "b.nii", "c.nii")
    (tmp_path / "t.csv").write_text("path,subject,label\na.nii,P1,AD\nb.nii,P1,NC\nc.nii,P2,NC\n")
    source = found(tmp_path / "t.csv")
    assert [scan.name for scan in source.scans] == ["c.nii"]
    assert source.refused == [(name, "its subject has two classes, AD and NC") for name in ("a.nii", "b.nii")]


def bids(root):
    touch(root, "sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T2w.nii.gz", "sub-02/func/sub-02_T1w.nii.gz",
          "sub-02/ses-b/anat/sub-02_ses-b_T1w.nii", "sub-02/ses-a/anat/sub-02_ses-a_run-1_T1w.nii.gz",
          "sub-03/anat/sub-03_T1w.nii.gz", "sub-04/anat/sub-04_T1w.nii.gz",
          "derivatives/x/sub-01/anat/sub-01_T1w.nii.gz")  # fmt: skip
    (root / "participants.tsv").write_text("participant_id\tgroup\tage\nsub-01\tAD\t70\n02\tNC\tn/a\nsub-03\tn/a\t60\n")


@pytest.mark.parametrize("label", ["AD/MCI", "../x", ".AD", "A\\D", "A" * 101])
def test_a_class_that_cannot_begin_the_name_of_a_file_is_refused(tmp_path, label):
    """Generated images are called `<class>_seed0_00000.png`."""
    touch(tmp_path, "a.nii", "b.nii")
    (tmp_path / "t.csv").write_text(f"path,subject,label\na.nii,P1,{label}\nb.nii,P2,NC\n")
    source = found(tmp_path / "t.csv")
    assert [scan.name for scan in source.scans] == ["b.nii"]
    assert len(source.refused) == 1 and "cannot begin the name of a file" in source.refused[0][1]


def test_a_bids_tree(tmp_path):
    bids(tmp_path)
    source = found(tmp_path, label_column="group", covariates=("age",))
    assert [(s.name, s.subject, s.session, s.label) for s in source.scans] == [
        ("sub-01/anat/sub-01_T1w.nii.gz", "sub-01", "", "AD"),
        ("sub-02/ses-a/anat/sub-02_ses-a_run-1_T1w.nii.gz", "sub-02", "ses-a", "NC"),
        ("sub-02/ses-b/anat/sub-02_ses-b_T1w.nii", "sub-02", "ses-b", "NC"),
    ]
    assert source.scans[0].covariates == {"age": 70} and math.isnan(source.scans[1].covariates["age"])
    assert source.refused == [
        ("sub-03/anat/sub-03_T1w.nii.gz", "participants.tsv gives it no group"),
        ("sub-04/anat/sub-04_T1w.nii.gz", "its subject has no row in participants.tsv"),
    ]
    assert [scan.label for scan in found(tmp_path).scans] == ["all"] * 4
    assert [scan.name for scan in found(tmp_path, suffix="T2w").scans] == ["sub-01/anat/sub-01_T2w.nii.gz"]


def test_dicom_series_name_their_subject(tmp_path):
    save_series(tmp_path / "AD" / "x", head((6, 6, 6)), PatientID="P7", StudyDate="20200102")
    save_series(tmp_path / "AD" / "x" / "y", head((6, 6, 5)), PatientID="P8", SeriesInstanceUID="1.9")
    assert [(s.name, len(s.files), s.subject, s.label) for s in found(tmp_path).scans] == [
        ("AD/x/i000.dcm and 5 more", 6, "P7", "all"),
        ("AD/x/y/i000.dcm and 4 more", 5, "P8", "all"),
    ]
    # A pattern goes before the header.
    pattern = r"(?P<label>AD|NC)/(?P<subject>\w+)/.*"
    assert {(s.subject, s.label) for s in found(tmp_path, name_pattern=pattern).scans} == {("x", "AD")}
    (tmp_path / "t.csv").write_text("path,subject,label\nAD/x/y,Q1,NC\n")
    source = found(tmp_path / "t.csv")
    assert [(s.name, s.subject, s.label) for s in source.scans] == [("AD/x/y/i000.dcm and 4 more", "Q1", "NC")]


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


def test_what_is_no_source(tmp_path):
    with pytest.raises(InputError, match="there is no '.*nowhere'"):
        found(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no volumes in .* \(looked for \.nii, \.nii\.gz"):
        found(tmp_path)
    touch(tmp_path, "a.nii")
    with pytest.raises(InputError, match="SOURCE is neither a CSV nor a BIDS tree"):
        found(tmp_path, label_column="group")
    bids(tmp_path)
    with pytest.raises(InputError, match="participants.tsv has no column 'dx'; its columns are participant_id, group"):
        found(tmp_path, label_column="dx")
    with pytest.raises(InputError, match=r"no sub-\*/anat/\*_FLAIR.nii.gz in .*; another image is named with --suffix"):
        found(tmp_path, suffix="FLAIR")


def test_an_unreadable_table_of_participants_does_not_stop_what_does_without(tmp_path):
    bids(tmp_path)
    (tmp_path / "participants.tsv").write_bytes(b"\xff\xff")
    source = found(tmp_path)
    assert [scan.subject for scan in source.scans] == ["sub-01", "sub-02", "sub-02", "sub-03", "sub-04"]
    assert source.refused == [
        (
            "participants.tsv",
            "participants.tsv cannot be read: it is no UTF-8 text; the folders sub-* name the subjects",
        )
    ]
    with pytest.raises(InputError, match="participants.tsv cannot be read: it is no UTF-8 text"):
        found(tmp_path, label_column="group")


def test_damaged_rows_of_participants_refuse_their_scans_alone(tmp_path):
    bids(tmp_path)
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tgroup\nsub-01\tAD\nsub-01\tNC\nsub-02\tNC\nsub-03\nsub-04\tAD\n"
    )
    source = found(tmp_path, label_column="group")
    assert [scan.subject for scan in source.scans] == ["sub-02", "sub-02", "sub-04"]
    assert source.refused == [
        ("participants.tsv line 5", "it has 1 cells and the header 2"),
        ("sub-01/anat/sub-01_T1w.nii.gz", "its subject has two different rows in participants.tsv"),
        ("sub-03/anat/sub-03_T1w.nii.gz", "its subject has no row in participants.tsv"),
    ]
