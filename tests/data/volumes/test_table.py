import math

import pytest

from keras_stylegan.data.volumes.table import missing, number, read_table
from keras_stylegan.errors import InputError


def test_a_csv_and_a_tsv(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfpath,age\r\n"x,1.nii", 70\r\n\r\ny.nii,n/a\r\n')
    table = read_table(tmp_path / "a.csv")
    assert table.columns == ("path", "age") and table.name == "a.csv"
    assert table.rows == [{"path": "x,1.nii", "age": "70"}, {"path": "y.nii", "age": "n/a"}]
    (tmp_path / "a.tsv").write_text("participant_id\tage\nsub-1\t70\n")
    assert read_table(tmp_path / "a.tsv").rows == [{"participant_id": "sub-1", "age": "70"}]


def test_a_row_of_another_length_is_refused_by_its_line(tmp_path):
    (tmp_path / "a.csv").write_text('path,subject\n\n"x\ny",a\nz\nw,b,c\nv,d\n')
    table = read_table(tmp_path / "a.csv")
    assert [row["subject"] for row in table.rows] == ["a", "d"]
    # The quoted line break makes the first row two lines long.
    assert table.refused == [
        ("a.csv line 5", "it has 1 cells and the header 2"),
        ("a.csv line 6", "it has 3 cells and the header 2"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv has no rows"),
        (b"path,subject\n", "a.csv has no rows"),
        (b"path,path\nx,y\n", "a.csv: every column needs a name of its own"),
        (b"path,\nx,y\n", "a.csv: every column needs a name of its own"),
        (b"path,subject\nx\n", "a.csv: no row has as many cells as the header, 2"),
        (b"\xff\xfe\x00p", "a.csv cannot be read: it is no UTF-8 text"),
        (b"path\0,subject\nx,y\n", "a.csv cannot be read: it is no text"),
        (b'path,subject\n"x"y,z\n', "a.csv cannot be read: "),
        (None, "a.csv cannot be read: No such file"),
    ],
)
def test_an_unreadable_table(tmp_path, content, message):
    if content is not None:
        (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("weight", "a.csv has no column 'weight'; its columns are age, sex, slice_share, body mass"),
        ("sex", "the column 'sex' holds no numbers"),
        ("slice_share", "a covariate cannot be called 'slice_share'"),
        ("body mass", "a covariate cannot be called 'body mass': use letters, digits and _"),
    ],
)
def test_columns_that_are_no_covariates(tmp_path, column, message):
    (tmp_path / "a.csv").write_text("age,sex,slice_share,body mass\n70,F,1,2\n,M,1,2\n")
    table = read_table(tmp_path / "a.csv")
    table.require_covariates(("age",))
    with pytest.raises(InputError, match=message):
        table.require_covariates((column,))


def test_numbers():
    assert [number(text) for text in ("70", "-1.5e2", ".5")] == [70, -150, 0.5]
    assert all(math.isnan(number(text)) for text in ("", "n/a", "1e99", "nan", "inf", "1_000", "F"))
    assert missing("N/A") and missing("") and not missing("0")
