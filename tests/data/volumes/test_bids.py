import math

import pytest
from found_scans import found, told, touch

from keras_stylegan.errors import InputError


def bids(root):
    touch(root, "sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T2w.nii.gz", "sub-02/func/sub-02_T1w.nii.gz",
          "sub-02/ses-b/anat/sub-02_ses-b_T1w.nii", "sub-02/ses-a/anat/sub-02_ses-a_run-1_T1w.nii.gz",
          "sub-03/anat/sub-03_T1w.nii.gz", "sub-04/anat/sub-04_T1w.nii.gz",
          "derivatives/x/sub-01/anat/sub-01_T1w.nii.gz")  # fmt: skip
    (root / "participants.tsv").write_text("participant_id\tgroup\tage\nsub-01\tAD\t70\n02\tNC\tn/a\nsub-03\tn/a\t60\n")


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


@pytest.mark.parametrize("session", ["", "ses-1/"])
@pytest.mark.parametrize("described", [False, True])
def test_a_bids_tree_needs_no_table(tmp_path, session, described):
    names = [f"sub-0{number}/{session}anat/sub-0{number}_{kind}.nii.gz" for number in (1, 2) for kind in ("T1w", "T2w")]
    touch(tmp_path, *names, "derivatives/x/sub-01/anat/sub-01_T1w.nii.gz", "sub-01/func/sub-01_bold.nii.gz")
    if described:
        (tmp_path / "dataset_description.json").touch()
        touch(tmp_path, "sub-03/ses-1/dwi/sub-03_dwi.nii.gz")
    of_table = {"session": session.rstrip("/"), "label": "all"}
    assert told(tmp_path) == [(name, name[:6], *of_table.values()) for name in names[::2]]
    assert told(tmp_path, suffix="T2w") == [(name, name[:6], *of_table.values()) for name in names[1::2]]
    assert found(tmp_path).refused == []
    for options in ({"label_column": "group"}, {"covariates": ("age",)}):
        with pytest.raises(InputError, match=r"there is no participants.tsv in .*, whose columns label_column and"):
            found(tmp_path, **options)
    # Whoever gives a pattern knows the names.
    assert len(told(tmp_path, name_pattern=r"(?P<subject>sub-\d+).*_(?P<session>T\dw)")) == 4


def test_a_description_tells_a_bids_tree_without_such_images(tmp_path):
    touch(tmp_path, "dataset_description.json", "x_1.nii")
    with pytest.raises(InputError, match=r"no sub-\*/anat/\*_T1w.nii.gz in"):
        found(tmp_path)


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


@pytest.mark.parametrize(
    ("header", "hint"),
    [("participant_id,group", "; it looks separated by commas, expected tabs"), ("subject\tgroup", "")],
)
def test_a_table_of_participants_without_their_names_is_unreadable_too(tmp_path, header, hint):
    bids(tmp_path)
    (tmp_path / "participants.tsv").write_text(f"{header}\n" + header.replace("group", "AD") + "\n")
    source = found(tmp_path)
    assert [scan.subject for scan in source.scans] == ["sub-01", "sub-02", "sub-02", "sub-03", "sub-04"]
    columns = header.replace("\t", ", ")
    reason = f"participants.tsv has no column 'participant_id'; its columns are {columns}{hint}"
    assert source.refused == [("participants.tsv", f"{reason}; the folders sub-* name the subjects")]
    with pytest.raises(InputError, match=reason):
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


def test_what_the_tree_lacks(tmp_path):
    bids(tmp_path)
    with pytest.raises(InputError, match="participants.tsv has no column 'dx'; its columns are participant_id, group"):
        found(tmp_path, label_column="dx")
    with pytest.raises(InputError, match=r"no sub-\*/anat/\*_FLAIR.nii.gz in .*; another image is named with --suffix"):
        found(tmp_path, suffix="FLAIR")
