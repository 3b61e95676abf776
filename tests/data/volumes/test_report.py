import json

import numpy as np
import pytest
from small_sources import prepare, write_source
from small_volumes import head, save_nifti

from keras_stylegan.data.split import held_out


def test_subjects_without_a_number_are_counted_by_column(tmp_path, salt):
    """Of P0 one time point lacks an age, of P3 both; P2 has text for a score."""
    source = write_source(tmp_path / "in")
    header, *rows = (row.split(",") for row in source.read_text().splitlines())
    for row in rows:
        row += ["F" if row[1] == "P2" else "29", "30"]
    rows[0][4], rows[6][4], rows[7][4] = "", "n/a", "1e999"
    source.write_text("\n".join(map(",".join, [[*header, "mmse", "moca"], *rows])))
    lines = prepare(source, tmp_path / "out", salt=salt).lines
    said = "age: no number for 2 of 5 subjects; mmse: no number for 1 of 5 subjects"
    assert lines[2:] == [f"Warning: {said}. --model.covariates wants one for every training image."]


def test_classes_that_differ_by_case_only(tmp_path, salt):
    source = write_source(tmp_path / "in", subjects=6)
    text = source.read_text()
    for session in ("2020-01-01", "2021-01-01"):
        text = text.replace(f"P2,{session},AD", f"P2,{session},ad")
    source.write_text(text)
    lines = prepare(source, tmp_path / "out", salt=salt).lines
    assert lines[2:] == ["Warning: classes differ by upper and lower case only: AD and ad. Are they one?"]


def refuse(source, subjects):
    for subject in subjects:
        for path in source.parent.glob(f"{subject}_*"):
            path.write_bytes(b"no volume")


@pytest.mark.parametrize(
    ("count", "side", "words"),
    [
        (6, "test", "no subject of AD is held out"),
        (6, "train", "no subject of AD is left to train on"),
        (4, "train", "no subject of AD is left to train on"),
        # A single subject is trained on, whether there were others or not.
        (4, "test", None),
    ],
)
def test_a_side_of_the_split_that_was_refused_is_told_of(tmp_path, salt, count, side, words):
    source = write_source(tmp_path / "in", subjects=count)
    labels = {f"P{number}": ("AD", "NC")[number % 2] for number in range(count)}
    test = held_out(labels, 0.2, 0)
    ill = [own for own, label in labels.items() if label == "AD"]
    refused = [own for own in ill if (own in test) == (side == "test")]
    refuse(source, refused)
    lines = prepare(source, tmp_path / "out", salt=salt).lines
    told = [line for line in lines if line.startswith("Warning: because of refusals")]
    assert len(told) == bool(words)
    assert not words or f"{words}: prepare the source anew without" in told[0]
    # Without them others are drawn, as it says.
    for own in refused:
        for path in source.parent.glob(f"{own}_*"):
            path.unlink()
    if words:
        left = "\n".join(line for line in source.read_text().splitlines() if line.split(",")[1] not in refused)
        source.write_text(left + "\n")
        lines = prepare(source, tmp_path / "again", salt=salt).lines
        assert not any("refus" in line for line in lines)


def test_a_refused_scan_does_not_move_the_others(tmp_path, salt):
    source = write_source(tmp_path / "in", subjects=6)
    prepare(source, tmp_path / "all", salt=salt)
    refuse(source, ["P2"])
    prepare(source, tmp_path / "out", salt=salt)
    before, after = (
        {split: set(np.load(tmp_path / name / split / "subjects.npy").tolist()) for split in ("train", "test")}
        for name in ("all", "out")
    )
    assert all(after[split] <= before[split] for split in before)
    assert sum(map(len, after.values())) == sum(map(len, before.values())) - 1


@pytest.mark.parametrize(("count", "held"), [(2, 1), (6, 3)])
def test_if_all_to_be_trained_on_were_refused_the_others_are(tmp_path, salt, count, held):
    for number in range(count):
        save_nifti(tmp_path / "in" / f"P{number}_1.nii", head(seed=number))
    test = held_out({f"P{number}": "all" for number in range(count)}, 0.5, 0)
    for number in range(count):
        if f"P{number}" not in test:
            (tmp_path / "in" / f"P{number}_1.nii").write_bytes(b"no volume")
    lines = prepare(tmp_path / "in", tmp_path / "out", salt=salt, split="0.5/0.5").lines
    assert lines[0] == f"train: {6 * held} slices 16x32 uint16 of {held} subjects; all {6 * held}."
    assert lines[2].startswith(
        "Warning: no class has two subjects" if held == 1 else "Warning: because of refusals no subject of all is held"
    )
    images = np.load(tmp_path / "out" / "train" / "images.npy")
    assert len(images) == 6 * held and images.max() == 65535
    assert not (tmp_path / "out" / "test").exists() and not (tmp_path / "out" / ".parts").exists()
    about = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert about["images"] == {"train": 6 * held, "test": 0} and about["spacing_mm"] == 2.0
