import io
import os
import pty
import sys

import pytest
from rich.console import Console

from keras_stylegan.errors import InputError
from keras_stylegan.training.journal import Journal


def test_the_file_begins_when_everything_has_been_checked(tmp_path):
    console = Console(file=io.StringIO(), width=20)
    path = tmp_path / "train.log"
    path.write_text("an earlier part\n")
    journal = Journal(console, path)
    journal.say("a line that is longer than the console is wide [red] :smile:")
    assert path.read_text() == "an earlier part\n"
    journal.begin()
    journal.say("second\nthird")
    journal.say("for the file only", show=False)
    first = "a line that is longer than the console is wide [red] :smile:"
    assert path.read_text().splitlines() == ["an earlier part", first, "second", "third", "for the file only"]
    assert console.file.getvalue().splitlines() == [first, "second", "third"]


def test_a_process_that_is_not_the_chief_says_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    journal = Journal()
    journal.say("one")
    journal.begin()
    journal.say("two")
    assert capsys.readouterr() == ("", "") and os.listdir(tmp_path) == []


def test_a_full_disk_is_one_line(tmp_path):
    (tmp_path / "train.log").symlink_to("/dev/full")
    journal = Journal(Console(file=io.StringIO()), tmp_path / "train.log")
    journal.say("one")
    with pytest.raises(InputError, match=r"cannot write .*train\.log: No space left on device; make room"):
        journal.begin()


def closed_terminal():
    ours, theirs = pty.openpty()
    os.close(ours)
    return theirs


def closed_pipe():
    ours, theirs = os.pipe()
    os.close(ours)
    return theirs


@pytest.mark.parametrize("descriptor", [closed_terminal, closed_pipe])
def test_nobody_listens_any_more(tmp_path, descriptor, monkeypatch):
    with open(descriptor(), "w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        journal = Journal(Console(force_terminal=True), tmp_path / "train.log")
        journal.begin()
        for line in ("one", "two"):
            journal.say(line)
        monkeypatch.undo()
    assert (tmp_path / "train.log").read_text() == "one\ntwo\n"
