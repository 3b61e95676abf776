import shutil

import numpy as np
import pytest
from PIL import Image
from small_runs import write_images

from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.material import load_material
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.training.trained import load_generator

DEFAULT = EvaluateOptions()


@pytest.fixture
def load(make_run):
    """Function: (data folder, options, arguments of `make_run`) to the material."""

    def load(data, options=DEFAULT, **run):
        folder, _ = make_run(data, **run)
        return load_material(load_generator(folder), options)

    return load


def subjects(images):
    return set(images.subjects.tolist())


def test_the_test_split_is_the_reference(load, images):
    material = load(images)
    assert (len(material.train), len(material.heldout)) == (96, 112)
    assert subjects(material.heldout) == {str(number) for number in range(100, 114)}
    assert (material.seen, material.remarks) == (False, ())


def test_an_imported_generator_has_no_classes_to_compare_and_unknown_training_images(make_run, images):
    folder, _ = make_run(images, conditional=False, classes=("all",))
    (folder / "import.json").write_text("{}")
    material = load_material(load_generator(folder), DEFAULT)
    assert (len(material.train), len(material.heldout)) == (96, 112)
    assert "it is not known whether these training images are those" in material.remarks[0]


def test_without_heldout_subjects_training_ones_stand_in_and_this_is_said(load, images, tmp_path):
    shutil.copytree(images / "train", tmp_path / "all" / "train")
    material = load(tmp_path / "all")
    assert material.seen
    assert "no held-out subjects" in material.remarks[0]
    assert "2 of 12 training subjects stand in" in material.remarks[0]
    assert not subjects(material.train) & subjects(material.heldout)
    assert len(material.train) + len(material.heldout) == 96
    assert material.train.fingerprint != material.heldout.fingerprint


def test_one_subject_alone_cannot_be_split(load, tmp_path):
    write_images(tmp_path / "one", 0, 1)
    with pytest.raises(InputError, match="no held-out subjects and .* one subject only.*Received: subject '0'"):
        load(tmp_path / "one", classes=("AD",), conditional=False)


def test_subjects_on_both_sides_are_left_out_of_the_reference(load, images, tmp_path):
    shutil.copytree(images, tmp_path / "mixed")
    write_images(tmp_path / "mixed" / "test", 3, 1)
    material = load(tmp_path / "mixed")
    assert "3" not in subjects(material.heldout) and "3" in subjects(material.train)
    assert len(material.heldout) == 112
    assert (
        "1 of 15 held-out subjects stand in the training images too: their images are left out" in material.remarks[0]
    )
    # Names stand apart, for the screen and the report.
    assert material.named == ("Subjects in the held-out and the training images: 3",)


def test_a_folder_of_other_subjects(load, images, tmp_path):
    write_images(tmp_path / "other", 200, 4)
    material = load(images, options=EvaluateOptions(heldout_path=tmp_path / "other"))
    assert subjects(material.heldout) == {"200", "201", "202", "203"}
    assert not material.seen


def test_other_training_images_than_those_of_the_run_are_told(load, images):
    assert "not those that the run was trained on" in load(images, data_fingerprint="another").remarks[0]


def test_moved_data(load, images, tmp_path):
    material = load(tmp_path / "gone", options=EvaluateOptions(data_path=images))
    assert len(material.train) == 96
    with pytest.raises(InputError, match=r"no train images for a run of 16x16, 1 channel: data.path is not there"):
        load(tmp_path / "gone", name="second")


def test_an_imported_run_names_the_option_of_its_command(load):
    with pytest.raises(InputError, match="data.path is not set: give the folder of images with --data-path FOLDER"):
        load(None)


def test_other_class_names_are_refused(load, images, tmp_path):
    with pytest.raises(InputError, match=r"classes of the run, \['CN', 'MCI'\]. Received: \['AD', 'NC'\]"):
        load(images, classes=("CN", "MCI"))
    (tmp_path / "other").mkdir()
    write_images(tmp_path / "other" / "x", 200, 2)
    (tmp_path / "other" / "x" / "AD").rename(tmp_path / "other" / "MCI")
    (tmp_path / "other" / "x" / "NC").rename(tmp_path / "other" / "NC")
    (tmp_path / "other" / "x").rmdir()
    with pytest.raises(InputError, match=r"held-out images must .* \['AD', 'NC'\]. Received: \['MCI', 'NC'\]"):
        load(images, name="second", options=EvaluateOptions(heldout_path=tmp_path / "other"))


def test_images_smaller_than_the_run_are_refused(load, images, tmp_path):
    write_images(tmp_path / "small", 200, 4, size=8)
    with pytest.raises(InputError, match=r"for a run of 16x16, 1 channel: .* is smaller \(8x8 pixels\)"):
        load(images, options=EvaluateOptions(heldout_path=tmp_path / "small"))


def test_constant_images_are_refused(load, images, tmp_path):
    shutil.copytree(images / "train", tmp_path / "grey" / "train")
    for name in ("AD", "NC"):
        (tmp_path / "grey" / "test" / name).mkdir(parents=True)
        Image.fromarray(np.full((16, 16), 7, np.uint8)).save(tmp_path / "grey" / "test" / name / f"{name}9_0.png")
    with pytest.raises(InputError, match="all 2 held-out images are constant. Received: every pixel is 7"):
        load(tmp_path / "grey")
