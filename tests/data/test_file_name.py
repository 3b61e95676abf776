import math

import pytest

from keras_stylegan.data.file_name import NameReader


def test_the_subject_comes_from_the_name_without_folder_and_ending():
    reader = NameReader(r"(?P<subject>.+)_(?P<slice>\d+)")
    assert reader.read("train/AD/1005_14.jpeg") == ("1005", {"slice": 14.0})
    assert reader.read("I_1_2_3.png") == ("I_1_2", {"slice": 3.0})
    for name in ("1005_14b.png", "1005_1/scan.png"):
        subject, covariates = reader.read(name)
        assert subject is None and math.isnan(covariates["slice"])


def test_every_other_named_group_is_a_covariate():
    reader = NameReader(r"(?P<age>\d+)y-(?P<subject>\w+?)(-(?P<height>[^_]+)mm)?_(\d+)")
    assert reader.covariates == ("age", "height")
    assert reader.read("61y-a-+12.5mm_3.png") == ("a", {"age": 61.0, "height": 12.5})
    subject, covariates = reader.read("61y-a_3.png")
    assert (subject, covariates["age"]) == ("a", 61.0) and math.isnan(covariates["height"])


@pytest.mark.parametrize("text", ["inf", "nan", "1e3", "1_0", "x", "", "9" * 60])
def test_what_is_no_finite_number_is_unknown(text):
    _, covariates = NameReader("(?P<subject>a)_(?P<score>.*)").read(f"a_{text}.png")
    assert math.isnan(covariates["score"])
