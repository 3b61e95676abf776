import errno
import os
import re
import stat
from pathlib import Path

import pytest

from keras_stylegan import folder_lock
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.training.run_folder import FILES, FOLDERS, RunFolder, newest_run


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        RunFolder(path).lock()
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    assert message.startswith("cannot write to run folder") and message.endswith("; choose another --run-dir")
    for word in words:
        assert word in message
    return message


def test_a_folder_that_is_none(tmp_path):
    (tmp_path / "file").write_text("mine")
    refused(tmp_path / "file", "it is a file and must be a folder")
    refused(tmp_path / "file" / "run", "Not a directory")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(tmp_path / "loop", "Too many levels of symbolic links")
    refused(tmp_path / "loop" / "run", "Too many levels of symbolic links")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    refused(tmp_path / "gone", "a link to nowhere")
    refused(tmp_path / ("x" * 5000), "File name too long", "xxx...")
    refused(Path("/proc"), "it is no run folder, and not empty")
    refused(Path("/proc/run"), "No such file or directory")
    refused(Path("/dev/null"), "it is neither file nor folder and must be a folder")
    assert (tmp_path / "file").read_text() == "mine" and not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_where_a_folder_is_wanted(tmp_path, name):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    refused(tmp_path, f"{name} is a file and must be a folder")
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", FILES)
def test_a_folder_where_a_file_is_wanted(tmp_path, name):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / name).mkdir()
    refused(tmp_path, f"{name} is a folder and must be a file")


@pytest.mark.parametrize("name", ["log.csv", "train.log"])
def test_other_things_than_files(tmp_path, name):
    (tmp_path / "config.json").write_text("{}")
    os.mkfifo(tmp_path / name)
    refused(tmp_path, f"{name} is neither file nor folder")
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to(tmp_path / name)
    refused(tmp_path, "Too many levels of symbolic links")


def test_a_folder_with_other_files_is_nobodys_run(tmp_path):
    for name in ("holiday.jpg", "letter.txt", "music", "notes.md"):
        (tmp_path / name).write_text("mine")
    message = refused(tmp_path, "it is no run folder, and not empty (holiday.jpg, letter.txt, music, ...)")
    assert sorted(os.listdir(tmp_path)) == ["holiday.jpg", "letter.txt", "music", "notes.md"], message
    # In a run's folder notes of one's own are welcome, and what an earlier try left is no hindrance.
    (tmp_path / "config.json").write_text("{}")
    RunFolder(tmp_path).lock().close()
    other = tmp_path / "other"
    (other / "samples").mkdir(parents=True)
    (other / ".DS_Store").write_text("")
    RunFolder(other).lock().close()


def test_what_may_not_be_written(tmp_path, monkeypatch):
    """Where the tests run as root every file may be, so the system's answer is played."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "log.csv").write_text("")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "log.csv")
    refused(tmp_path, "log.csv is write-protected")
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    refused(tmp_path, "it is write-protected")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_write_protected_folder(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    refused(tmp_path, "write-protected")
    refused(tmp_path / "run", "Permission denied")


def test_a_file_system_without_locks_or_room(tmp_path, monkeypatch):
    def without(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with monkeypatch.context() as patch:
        patch.setattr(folder_lock.fcntl, "flock", without)
        refused(tmp_path / "run", "No locks available")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder_lock, "open", full, raising=False)
    refused(tmp_path / "run", "No space left on device")


def test_a_config_that_cannot_be_read(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(InputError, match="is no run folder: config.json is missing"):
        folder.read_config()
    assert not folder.has_config() and not RunFolder(tmp_path / "none").has_config()
    folder.config.mkdir()
    with pytest.raises(InputError, match=re.escape(f"{folder.config} is no file")):
        folder.read_config()
    folder.config.rmdir()
    folder.config.write_bytes(b"\x89PNG\x00\xff")
    with pytest.raises(InputError, match=re.escape(str(folder.config))):
        folder.read_config()
    with pytest.raises(InputError, match="File name too long"):
        RunFolder(tmp_path / ("x" * 5000)).has_config()


def test_a_config_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.write_config(Config())
    before = folder.config.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"config\.json: No space left on device"):
        folder.write_config(Config())
    assert folder.config.read_bytes() == before


def test_the_newest_run(tmp_path):
    with pytest.raises(InputError, match="there is no trained run"):
        newest_run(tmp_path)
    for age, name in enumerate(("a", "b", "c")):
        path = tmp_path / name / "checkpoints" / "checkpoint_0000000008.npz"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
        os.utime(path, (1e9 - age, 1e9 - age))
    # Neither a folder nor a link to nowhere is a checkpoint.
    (tmp_path / "b" / "checkpoints" / "checkpoint_0000000016.npz").mkdir()
    (tmp_path / "c" / "checkpoints" / "checkpoint_0000000016.npz").symlink_to("nowhere")
    assert newest_run(tmp_path) == tmp_path / "a"
