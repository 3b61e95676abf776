import math

import pytest
from found_scans import found, told, touch
from small_volumes import head, save_series

from keras_stylegan.errors import InputError


def test_a_folder_tells_the_subject_by_its_files_names(tmp_path):
    touch(tmp_path, "b/002_S_0295_MR_1.nii", "a/patient01_study1_T1.nii.gz", "a/patient01_study2_T1.nii.gz",
          "OAS1_0003_MR1.NII", ".hidden/x_1.nii", "a/.x_1.nii", "notes.txt")  # fmt: skip
    assert told(tmp_path) == [
        ("OAS1_0003_MR1.NII", "OAS1_0003", "", "all"),
        ("a/patient01_study1_T1.nii.gz", "patient01", "", "all"),
        ("a/patient01_study2_T1.nii.gz", "patient01", "", "all"),
        ("b/002_S_0295_MR_1.nii", "002_S_0295", "", "all"),
    ]


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
        ("d.nii", "it is not there"), ("b.nii", "lines 3 and 6 of t.csv both name it"), ("../e.nii", outside),
        ("/etc/passwd", outside), ("c/../../e.nii", outside), ("a.nii/../c/1.nii", "t.csv names no subject of it"),
        ("", "a row of t.csv names no file"),
    ]  # fmt: skip


def test_two_rows_of_one_file(tmp_path):
    """A folder and a file in it, a slice of a series, and links that lead out of the folder, as of datalad."""
    touch(tmp_path, "d/v/a.nii", "d/v/b.nii", "d/x.nii", "store/y.nii")
    save_series(tmp_path / "d" / "s", head((6, 6, 6)))
    (tmp_path / "d" / "link.nii").symlink_to(tmp_path / "store" / "y.nii")
    (tmp_path / "d" / "other.nii").symlink_to(tmp_path / "store" / "y.nii")
    rows = ["v,P1", "v/a.nii,P2", "s/i003.dcm,P3", "s,P4", "link.nii,P5", "other.nii,P6", "x.nii,P7"]
    (tmp_path / "d" / "t.csv").write_text("\n".join(["path,subject", *rows]))
    source = found(tmp_path / "d" / "t.csv")
    assert [(scan.name, scan.subject) for scan in source.scans] == [
        ("v/a.nii", "P1"), ("v/b.nii", "P1"), ("s/i003.dcm", "P3"), ("link.nii", "P5"), ("x.nii", "P7"),
    ]  # fmt: skip
    assert source.refused == [
        ("v/a.nii", "lines 2 and 3 of t.csv both name it"),
        ("s/i000.dcm and 5 more", "lines 4 and 5 of t.csv both name it"),
        ("other.nii", "lines 6 and 7 of t.csv both name it"),
    ]


def test_a_subject_with_two_classes(tmp_path):
    touch(tmp_path, "a.nii", "b.nii", "c.nii")
    (tmp_path / "t.csv").write_text("path,subject,label\na.nii,P1,AD\nb.nii,P1,NC\nc.nii,P2,NC\n")
    source = found(tmp_path / "t.csv")
    assert [scan.name for scan in source.scans] == ["c.nii"]
    assert source.refused == [(name, "its subject has two classes, AD and NC") for name in ("a.nii", "b.nii")]


@pytest.mark.parametrize("label", ["AD/MCI", "../x", ".AD", "A\\D", "A" * 101])
def test_a_class_that_cannot_begin_the_name_of_a_file_is_refused(tmp_path, label):
    """Generated images are called `<class>_seed0_00000.png`."""
    touch(tmp_path, "a.nii", "b.nii")
    (tmp_path / "t.csv").write_text(f"path,subject,label\na.nii,P1,{label}\nb.nii,P2,NC\n")
    source = found(tmp_path / "t.csv")
    assert [scan.name for scan in source.scans] == ["b.nii"]
    assert len(source.refused) == 1 and "cannot begin the name of a file" in source.refused[0][1]


def series(root, folder, patient, uid, count=2):
    save_series(root / folder, head((6, 6, 6))[..., :count], PatientID=patient, SeriesInstanceUID=f"1.2.{uid}")


def test_without_patient_id_the_first_folder_names_the_subject(tmp_path):
    """The slices of all are called i000.dcm and so on."""
    for uid, folder in enumerate(("anna/visit1", "anna/visit2", "bert/visit1", "bert/visit2")):
        series(tmp_path, folder, "", uid)
    source = found(tmp_path)
    assert [(s.name, s.subject) for s in source.scans] == [
        ("anna/visit1/i000.dcm and 1 more", "anna"), ("anna/visit2/i000.dcm and 1 more", "anna"),
        ("bert/visit1/i000.dcm and 1 more", "bert"), ("bert/visit2/i000.dcm and 1 more", "bert"),
    ]  # fmt: skip
    assert source.refused == []
    (line,) = source.lines
    assert line.startswith("Warning: no PatientID in 4 series: the first folder below ")
    assert "names the subject: 2 subjects, such as " in line and "/anna. Where it is no person's" in line
    # One person alone: a deeper folder would part the visits.
    (tmp_path / "bert").rename(tmp_path / ".bert")
    assert {s.subject for s in found(tmp_path).scans} == {"anna"}
    # A pattern or a table knows better.
    pattern = r"(?P<subject>\w+)/(?P<session>\w+)/.*"
    source = found(tmp_path, name_pattern=pattern)
    assert {(s.subject, s.session) for s in source.scans} == {("anna", "visit1"), ("anna", "visit2")}
    assert source.lines == []


def test_series_without_patient_id_and_without_a_folder_of_their_own_are_refused(tmp_path):
    series(tmp_path, ".", "", 0)
    series(tmp_path, "mixed/1", "P1", 1)
    series(tmp_path, "mixed/2", "P2", 2)
    series(tmp_path, "mixed/3", "", 3)
    series(tmp_path, "one/1", "P3", 4)
    series(tmp_path, "one/2", "", 5)
    for number in range(2):
        series(tmp_path, f"spread{number}", "", 6, count=2 + number)
    source = found(tmp_path)
    # Of one patient's folder it is this patient.
    assert [(s.name[:7], s.subject) for s in source.scans] == [
        ("mixed/1", "P1"), ("mixed/2", "P2"), ("one/1/i", "P3"), ("one/2/i", "P3"),
    ]  # fmt: skip
    by_hand = ": tell who it is by --name-pattern or a CSV"
    assert source.refused == [
        ("i000.dcm and 1 more", f"it has no PatientID, and no one folder below SOURCE names the subject{by_hand}"),
        ("mixed/3/i000.dcm and 1 more", f"it has no PatientID, and the first folder has several{by_hand}"),
        (
            "spread0/i000.dcm and 4 more",
            f"it has no PatientID, and no one folder below SOURCE names the subject{by_hand}",
        ),
    ]
    # A file alone parts from nobody.
    assert [s.subject for s in found(tmp_path / "i000.dcm").scans] == ["i000"]


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


def test_what_is_no_source(tmp_path):
    with pytest.raises(InputError, match="there is no '.*nowhere'"):
        found(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no volumes in .* \(looked for \.nii, \.nii\.gz"):
        found(tmp_path)
    touch(tmp_path, "a.nii")
    with pytest.raises(InputError, match="SOURCE is neither a CSV nor a BIDS tree"):
        found(tmp_path, label_column="group")
