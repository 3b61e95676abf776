"""Files are written as a whole or not at all, whatever goes wrong."""

import errno
import os

import pytest

from keras_stylegan.atomic import replace_file, replacing, require_writable
from keras_stylegan.errors import InputError


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_new_content_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    replace_file(path, b"a long first content")
    replace_file(path, b"second", sync=False)
    assert path.read_bytes() == b"second"
    assert os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file_and_leaves_no_remains(tmp_path, monkeypatch, step):
    path = tmp_path / "a.json"
    replace_file(path, b"old")
    monkeypatch.setattr(os, step, full_disk)
    with pytest.raises(InputError, match=r"Cannot write .*a\.json: No space left on device. Free some"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_an_exception_in_the_block_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    replace_file(path, b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_what_a_killed_process_left_is_taken_over(tmp_path):
    path = tmp_path / "a.json"
    pid = os.fork()
    if pid == 0:
        with replacing(path) as file:
            file.write(b"x" * 100)
            file.flush()
            os._exit(9)
    os.waitpid(pid, 0)
    assert not path.exists()
    assert len(os.listdir(tmp_path)) == 1
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"Cannot write .*a.png: (Not a directory|File exists)"):
        replace_file(tmp_path / "file" / "a.png", b"")


def test_a_folder_of_that_name_is_refused(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(InputError, match=r"Cannot write .*a.png: Is a directory"):
        replace_file(tmp_path / "a.png", b"")


def test_what_cannot_be_written_is_known_before_the_work(tmp_path, monkeypatch):
    require_writable(tmp_path / "a.json")
    (tmp_path / "file").write_text("")
    require_writable(tmp_path / "file")
    for path, reason in (
        (tmp_path, "it is a folder"),
        (tmp_path / "missing" / "a.json", "there is no folder .*missing"),
        (tmp_path / "file" / "a.json", "there is no folder .*file"),
    ):
        with pytest.raises(InputError, match=f"Cannot write .*: {reason}"):
            require_writable(path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match=r"Cannot write .*a\.json: no permission"):
        require_writable(tmp_path / "a.json")
