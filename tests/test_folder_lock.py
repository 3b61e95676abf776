"""Who may write to a folder."""

import os

import pytest

from keras_stylegan import folder_lock


def test_one_has_it_until_the_file_is_closed(tmp_path):
    folder = tmp_path / "a" / "b"
    with folder_lock.take(folder), pytest.raises(BlockingIOError):
        folder_lock.take(folder)
    folder_lock.take(folder).close()


def test_a_child_keeps_it_when_its_parent_lets_go(tmp_path):
    file = folder_lock.take(tmp_path)
    inherited = os.dup(file.fileno())
    file.close()
    with pytest.raises(BlockingIOError):
        folder_lock.take(tmp_path)
    os.close(inherited)
    folder_lock.take(tmp_path).close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files cannot be counted here")
def test_a_refused_try_leaves_no_file_open(tmp_path):
    with folder_lock.take(tmp_path):
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(BlockingIOError):
            folder_lock.take(tmp_path)
        assert len(os.listdir("/proc/self/fd")) == before
