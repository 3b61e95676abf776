import hashlib

import pytest

from keras_stylegan.data.volumes.subjects import hashed, read_salt, session_numbers
from keras_stylegan.errors import InputError


def test_the_hash_is_hmac_sha256():
    # RFC 4231, test case 2.
    assert hashed("what do ya want for nothing?", b"Jefe") == "5bdcc146bf60754e"
    assert hashed("a", b"1" * 16) != hashed("a", b"2" * 16) != hashlib.sha256(b"a").hexdigest()[:16]


def test_a_salt_is_made_once_and_is_the_owners(tmp_path):
    first = read_salt(tmp_path / "x.salt")
    assert read_salt(tmp_path / "x.salt") == first and len(first) == 64
    assert (tmp_path / "x.salt").stat().st_mode & 0o777 == 0o600
    assert read_salt(tmp_path / "y.salt") != first


def test_a_short_salt(tmp_path):
    (tmp_path / "x.salt").write_text("abc\n")
    with pytest.raises(InputError, match="has 3 bytes, which is no secret"):
        read_salt(tmp_path / "x.salt")


def test_sessions_are_numbered_within_a_subject():
    sessions = [("a", "2021"), ("b", "2022"), ("a", "2020"), ("a", "2021")]
    assert session_numbers(sessions) == [2, 1, 1, 2]


@pytest.mark.parametrize(
    "in_order",
    [
        ["ses-2", "ses-10", "ses-010x", "ses-x"],
        ["", "1", "02", "2", "m06", "m12", "m100"],
        ["9" * 5000, "1" + "0" * 5000],
        # Times of DICOM: 09:30 h without seconds, 09:30:00.123, 09:30:00.2 and 10:10:10 h; UIDs by their text, as ever.
        [f"20200102 {time} 1.2" for time in ("0930", "093000.123", "093000.2", "101010")],
        ["20200102 0930 1.2.10", "20200102 0930 1.2.9"],
    ],
)
def test_numbers_in_the_names_of_sessions_are_numbers(in_order):
    shuffled = in_order[::-1]
    assert session_numbers([("a", name) for name in shuffled]) == [*range(len(in_order), 0, -1)]
