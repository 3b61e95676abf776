"""clock.csv: what is written is read, what lies between two rows is interpolated."""

import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.training.clock import Moment, at, read_clock, write_clock


def test_rows_come_back_and_a_missing_file_has_none(tmp_path):
    moments = [Moment(8, 0.1, 12.5), Moment(1000, 3.3000000000000003, 13.0)]
    assert read_clock(tmp_path / "clock.csv") == []
    write_clock(tmp_path / "clock.csv", moments)
    assert read_clock(tmp_path / "clock.csv") == moments
    first = (tmp_path / "clock.csv").read_text().splitlines()[0]
    assert first == "kimg,training_seconds,other_seconds"


def test_the_clock_between_two_rows_and_beyond_them():
    moments = [Moment(100, 10.0, 30.0), Moment(200, 30.0, 40.0)]
    assert at([], 50) == Moment(50, 0.0, 0.0)
    assert at(moments, 50) == Moment(50, 5.0, 15.0)
    assert at(moments, 150) == Moment(150, 20.0, 35.0)
    assert at(moments, 300) == Moment(300, 30.0, 40.0)


@pytest.mark.parametrize(
    "text",
    [
        "kimg,seconds\n1,2\n",
        "kimg,training_seconds,other_seconds\n1,2\n",
        "kimg,training_seconds,other_seconds\n1,x,2\n",
        "kimg,training_seconds,other_seconds\n1,nan,2\n",
        "kimg,training_seconds,other_seconds\n2,5,2\n1,6,2\n",
        "kimg,training_seconds,other_seconds\n1,-5,2\n",
    ],
)
def test_a_damaged_clock_is_refused(tmp_path, text):
    (tmp_path / "clock.csv").write_text(text)
    with pytest.raises(InputError, match="clock.csv is damaged: move it away. Received: "):
        read_clock(tmp_path / "clock.csv")
