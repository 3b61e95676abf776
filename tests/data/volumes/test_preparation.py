import csv
import json

import numpy as np
import pytest
from markers import find_markers
from PIL import Image
from small_sources import contents, prepare, write_source
from small_volumes import head, save_nifti, save_series

from keras_stylegan.errors import InputError


def manifest(out):
    with (out / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_dataset_and_its_manifest(tmp_path, salt):
    prepared = prepare(write_source(tmp_path / "in"), tmp_path / "out", salt=salt)
    assert prepared.refused == []
    # 5 subjects with 2 volumes of 6 slices: of AD (3 subjects) one is held out, of NC (2) one.
    assert prepared.lines == [
        "train: 36 slices 16x32 uint16 of 3 subjects; AD 24, NC 12.",
        "test: 24 slices 16x32 uint16 of 2 subjects; AD 12, NC 12.",
    ]
    rows = manifest(tmp_path / "out")
    assert len(rows) == 60 and len({row["subject"] for row in rows}) == 5
    splits = {}
    for row in rows:
        splits.setdefault(row["subject"], set()).add(row["split"])
    assert all(len(own) == 1 for own in splits.values())
    assert {row["session"] for row in rows} == {"1", "2"}
    first = rows[0]
    assert [first[name] for name in ("split", "index", "label", "age", "row_spacing_mm")] == [
        "train", "0", "AD", "60.0", "2.0"
    ]  # fmt: skip
    # Slices 2 to 7 of 2 mm.
    assert [float(row["slice_position_mm"]) for row in rows[:6]] == [4, 6, 8, 10, 12, 14]
    assert [float(row["slice_share"]) for row in rows[:6]] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    images = np.load(tmp_path / "out" / "train" / "images.npy", mmap_mode="r")
    assert images.shape == (36, 16, 32, 1) and images.dtype == np.uint16
    low, high = float(first["window_low"]), float(first["window_high"])
    body = head(seed=0)[2:-2, 2:-2, 2][::-1, ::-1].T
    expected = np.clip((body - low) / (high - low), 0, 1) * 65535
    np.testing.assert_allclose(images[0, 3:13, 12:20, 0], expected, atol=0.51)
    about = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert about["classes"] == ["AD", "NC"] and about["images"] == {"train": 36, "test": 24}
    assert about["covariates"] == ["slice_position_mm", "slice_share", "age"]
    assert (tmp_path / "out" / "refused.csv").read_text() == "file,reason\n"
    assert not (tmp_path / "out" / ".parts").exists()
    assert Image.open(tmp_path / "out" / "contact_sheet.png").size[0] > 500


def test_equal_inputs_give_equal_bytes_and_another_salt_other_names(tmp_path, salt):
    source = write_source(tmp_path / "in", subjects=4)
    prepare(source, tmp_path / "a", salt=salt, workers=1)
    prepare(source, tmp_path / "b", salt=salt, workers=4)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    prepare(source, tmp_path / "c")
    assert (tmp_path / "c.salt").is_file()
    other = {row["subject"] for row in manifest(tmp_path / "c")}
    assert not other & {row["subject"] for row in manifest(tmp_path / "a")}
    same = [contents(tmp_path / name)["train/images.npy"] for name in "ac"]
    assert same[0] == same[1]


def test_bad_volumes_are_named_and_the_rest_goes_on(tmp_path, salt):
    source = write_source(tmp_path / "in")
    save_nifti(tmp_path / "in" / "P0_0.nii.gz", np.zeros((6, 6, 6, 2), np.float32))
    save_nifti(tmp_path / "in" / "P1_1.nii.gz", np.zeros((6, 6, 6), np.float32))
    (tmp_path / "in" / "P2_0.nii.gz").write_bytes((tmp_path / "in" / "P2_1.nii.gz").read_bytes()[:-100])
    (tmp_path / "in" / "P3_0.nii.gz").unlink()
    prepared = prepare(source, tmp_path / "out", salt=salt)
    with (tmp_path / "out" / "refused.csv").open() as file:
        refused = {row["file"]: row["reason"] for row in csv.DictReader(file)}
    assert refused == dict(prepared.refused) == {
        "P0_0.nii.gz": "it has 4 dimensions (6x6x6x2), expected 3",
        "P1_1.nii.gz": "it is all background: (nearly) all voxels have one value",
        "P2_0.nii.gz": "its gzip compression ends too early: it is cut short",
        "P3_0.nii.gz": "it is not there",
    }  # fmt: skip
    assert prepared.lines[-1].startswith("Warning: 4 volumes were refused")
    assert len(manifest(tmp_path / "out")) == 36


def test_a_spreadsheet_takes_nothing_for_a_formula(tmp_path, salt):
    source = write_source(tmp_path / "in", subjects=2)
    # Of what is written, classes and the names of files come from the source.
    source.write_text(source.read_text().replace(",AD,", ",=cmd(),").replace(",NC,", ",-1.5,") + "@x.nii,P3,,@x,1\n")
    prepare(source, tmp_path / "out", salt=salt)
    with (tmp_path / "out" / "manifest.csv").open() as file:
        rows = list(csv.reader(file))
    column = rows[0].index("label")
    assert {row[column] for row in rows[1:]} == {"'=cmd()", "-1.5"}
    assert (tmp_path / "out" / "refused.csv").read_text() == "file,reason\n'@x.nii,it is not there\n"
    about = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert about["classes"] == ["-1.5", "=cmd()"]


def test_no_volume_left(tmp_path, salt):
    save_nifti(tmp_path / "in" / "a_1.nii", np.zeros((6, 6, 6), np.float32))
    with pytest.raises(InputError, match=r"none of the 1 volumes can be used, e\.g\. a_1\.nii: it is all background"):
        prepare(tmp_path / "in", tmp_path / "out", salt=salt)
    assert "all background" in (tmp_path / "out" / "refused.csv").read_text()


def test_places_that_are_taken(tmp_path, salt):
    source = write_source(tmp_path / "in", subjects=2, sessions=1)
    with pytest.raises(InputError, match="holds something else"):
        prepare(source, tmp_path / "in", salt=salt)
    with pytest.raises(InputError, match="holds something else"):
        prepare(source, source, salt=salt)
    prepare(source, tmp_path / "out", salt=salt)
    with pytest.raises(InputError, match="holds a dataset already"):
        prepare(source, tmp_path / "out", salt=salt)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        prepare(source, tmp_path / "file" / "out", salt=salt)


def test_without_a_second_subject_none_is_held_out(tmp_path, salt):
    save_nifti(tmp_path / "in" / "a_1.nii", head())
    prepared = prepare(tmp_path / "in", tmp_path / "out", salt=salt)
    assert prepared.lines[-1] == "Warning: no class has two subjects, so none is held out."
    assert not (tmp_path / "out" / "test").exists()
    assert not any(
        line.startswith("Warning") for line in prepare(tmp_path / "in", tmp_path / "b", salt=salt, split="1/0").lines
    )


def test_a_tilted_volume_is_told_of(tmp_path, salt):
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    affine = np.array([[2, 0, 0, 0], [0, 2 * c, -2 * s, 0], [0, 2 * s, 2 * c, 0], [0, 0, 0, 1]])
    save_nifti(tmp_path / "in" / "a_1.nii", head(), affine)
    lines = prepare(tmp_path / "in", tmp_path / "out", salt=salt, split="1/0").lines
    assert "Warning: volumes are tilted by up to 20 degrees; their slices are not turned." in lines


def test_pictures_keep_the_split_of_their_folders(tmp_path, salt):
    for number, name in enumerate(("train/1_1.png", "train/1_2.png", "train/2_1.png", "val/3_1.png", "val/1_9.png")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 4096, (20, 20)).astype(np.uint16)
        Image.fromarray(pixels).save(tmp_path / "in" / name)
    prepared = prepare(tmp_path / "in", tmp_path / "out", salt=salt)
    most = max(int(np.load(tmp_path / "out" / split / "images.npy").max()) for split in ("train", "test"))
    assert prepared.lines[:3] == [
        "train: 3 slices 16x32 uint16 of 2 subjects; all 3.",
        "test: 2 slices 16x32 uint16 of 2 subjects; all 2.",
        "The split is that of the source's folders.",
    ]
    assert prepared.lines[3].startswith("Warning: 1 subjects stand in both: training refuses the dataset unless")
    assert prepared.lines[4].startswith(f"Warning: the values end at {most} of 65535") and most <= 4095
    assert [(row["split"], row["slice"], row["slice_position_mm"]) for row in manifest(tmp_path / "out")] == [
        ("train", "1.0", "nan"), ("train", "2.0", "nan"), ("train", "1.0", "nan"), ("test", "9.0", "nan"),
        ("test", "1.0", "nan"),
    ]  # fmt: skip
    about = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert about["covariates"] == ["slice"] and about["spacing_mm"] is about["plane"] is about["middle_mm"] is None


def test_the_dataset_knows_where_its_pictures_lie(tmp_path, salt):
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = (-10, 5, 40)
    save_nifti(tmp_path / "in" / "a_1.nii", head(), affine)
    about, rows = {}, {}
    for plane in ("axial", "coronal", "sagittal"):
        prepare(tmp_path / "in", tmp_path / plane, salt=salt, plane=plane, split="1/0", size=(16, 16))
        about[plane] = json.loads((tmp_path / plane / "dataset.json").read_text())
        rows[plane] = manifest(tmp_path / plane)[0]
    # The head lies in voxels 2 to 9, 2 to 11 and 2 to 7 of 12 x 14 x 10; its middle is at 5.5, 6.5 and 4.5.
    middle = [-10 + 2 * 5.5, 5 + 2 * 6.5, 40 + 3 * 4.5]
    for plane, slice_spacing in (("axial", 3), ("coronal", 2), ("sagittal", 2)):
        assert about[plane]["middle_mm"] == middle and about[plane]["slice_spacing_mm"] == slice_spacing
    assert [float(rows["axial"][name]) for name in ("row_middle_mm", "column_middle_mm")] == [middle[1], middle[0]]
    assert [float(rows["sagittal"][name]) for name in ("row_middle_mm", "column_middle_mm")] == [middle[2], middle[1]]


@pytest.mark.filterwarnings("error")
def test_nothing_of_a_dicom_header_is_written_or_said(tmp_path, salt, capfd, caplog):
    markers = ("Doe^Jane", "P_marker", "19400102", "20210304", "General_marker", "1.2.3.77777", "unreadable_marker")
    for number in range(3):
        save_series(
            tmp_path / "in" / str(number), head(seed=number), PatientName="Doe^Jane", PatientID=f"P_marker{number}",
            PatientBirthDate="19400102", StudyDate="20210304", InstitutionName="General_marker",
            SeriesInstanceUID=f"1.2.3.77777.{number}", PatientAge="unreadable_marker_of_20_letters",
        )  # fmt: skip
    (tmp_path / "in" / "0" / "i003.dcm").unlink()
    bad = (tmp_path / "in" / "1" / "i003.dcm").read_bytes()
    (tmp_path / "in" / "bad.dcm").write_bytes(bad[:600])
    prepared = prepare(tmp_path / "in", tmp_path / "out", salt=salt)
    assert "slices are missing" in dict(prepared.refused)["0/i000.dcm and 8 more"]
    assert find_markers(tmp_path / "out", markers) == []
    said = "".join([*capfd.readouterr(), caplog.text, *prepared.lines])
    assert not any(marker in said for marker in markers)
    assert {marker for _, marker in find_markers(tmp_path / "in", markers)} == set(markers)


MARKERS = ("folder_Zoë", "Doe^Jane", "subject_Ödön", "ses_20210304", "aux_marker", "table_marker", "salt_marker")


def test_nothing_that_names_a_person_is_written(tmp_path):
    root = tmp_path / "folder_Zoë"
    lines = ["path,subject,session,label,age"]
    for number in range(4):
        name = f"subject_Ödön{number}.nii.gz"
        save_nifti(root / name, head(seed=number), descrip=b"Doe^Jane 19400101", aux_file=b"aux_marker",
                   intent_name=b"Doe^Jane", db_name=b"Doe^Jane")  # fmt: skip
        lines.append(f"{name},subject_Ödön{number},ses_20210304,AD,{number}")
    (root / "table_marker.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "salt_marker").write_text("salt_marker_of_the_user")
    prepare(root / "table_marker.csv", tmp_path / "out", salt=tmp_path / "salt_marker")
    assert find_markers(tmp_path / "out", MARKERS) == []
    # The search would have found them.
    assert {marker for _, marker in find_markers(root, MARKERS)} >= {"subject_Ödön", "ses_20210304"}
