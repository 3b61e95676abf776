"""A child ends when whoever started it is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from signals import as_from_a_terminal

from keras_stylegan.comparison.child import main

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, time
from keras_stylegan.comparison.child import _end_with_parent
from keras_stylegan.interrupt import exit_code, interruptible
try:
    with interruptible():
        _end_with_parent()
        print("ready", flush=True)
        time.sleep(60)
except KeyboardInterrupt as error:
    sys.exit(exit_code(error))
"""


def test_it_ends_tidily_with_its_parent():
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=as_from_a_terminal(),
    )
    assert process.stdout.readline() == b"ready\n"
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(30) == 143


def test_what_it_cannot_read_is_one_line(tmp_path, capsys):
    assert main(["train", str(tmp_path / "none.json"), str(tmp_path / "run"), "--images", "8"]) == 2
    assert "Error: cannot read" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["dream", "a", "b"])
