import hashlib

import pytest

from keras_stylegan.data.volumes.subjects import hashed, held_out, read_salt, session_numbers
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


def test_the_split_takes_its_share_of_every_class():
    labels = {
        f"{name}{number}": name for name, count in (("AD", 20), ("NC", 10), ("MCI", 2)) for number in range(count)
    }
    test = held_out(labels, 0.2, seed=0)
    assert {name: sum(labels[s] == name for s in test) for name in ("AD", "NC", "MCI")} == {"AD": 4, "NC": 2, "MCI": 1}
    assert test == held_out(dict(reversed(labels.items())), 0.2, seed=0) != held_out(labels, 0.2, seed=1)


def test_a_class_of_one_is_trained_on_and_no_share_holds_none_out():
    assert held_out({"a": "AD"}, 0.5, 0) == set() == held_out({"a": "AD", "b": "AD"}, 0.0, 0)
    assert len(held_out({"a": "AD", "b": "AD"}, 0.99, 0)) == 1
