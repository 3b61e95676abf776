"""evaluation.csv: read as written, and what an older or a damaged file does."""

import math

import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.metric import Key
from keras_stylegan.training.evaluation_csv import COLUMNS, Row, read_evaluations, write_evaluations


def test_rows_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "evaluation.csv"
    assert read_evaluations(path) == []
    rows = [Row(kimg, {key: kimg / (3 + n) for n, key in enumerate(COLUMNS)}) for kimg in (1.5, 2.0)]
    write_evaluations(path, rows)
    assert read_evaluations(path) == rows
    assert path.read_text().startswith("kimg,")


def test_a_column_that_an_older_file_lacks_is_unknown(tmp_path):
    path = tmp_path / "evaluation.csv"
    path.write_text("kimg,frechet_random\n1.5,20\n3,nan\n")
    first, second = read_evaluations(path)
    frechet = Key("frechet", "random")
    assert (first.kimg, first.values[frechet], second.kimg) == (1.5, 20, 3)
    assert all(math.isnan(value) for key, value in first.values.items() if key != frechet)
    assert math.isnan(second.values[frechet])


@pytest.mark.parametrize("damage", ["kimg,a\n1,2\n", "kimg,ms_ssim\n1\n", "kimg,ms_ssim\n1,x\n", "a,b\n1,2\n"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "evaluation.csv"
    path.write_text(damage)
    with pytest.raises(InputError, match=r"evaluation.csv is damaged: move it away"):
        read_evaluations(path)
