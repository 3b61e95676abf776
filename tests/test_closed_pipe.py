import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_stylegan.closed_pipe import CLOSED_PIPE

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["--version"]])
def test_a_command_whose_reader_is_gone_ends_quietly(words, unbuffered):
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "run.py", *words]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    said = process.communicate()[1].decode()
    # rich answers with 1, where the output is its.
    assert process.returncode in (CLOSED_PIPE, 1)
    assert not said


def test_an_error_that_nobody_reads(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "run.py", "trian"], cwd=ROOT, stderr=writing, stdout=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stdout) == (CLOSED_PIPE, b"")


def test_another_pipe_is_no_reason_to_be_quiet():
    program = (
        "from keras_stylegan.closed_pipe import ending_with_its_reader\n"
        "with ending_with_its_reader(): raise BrokenPipeError('of a child')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "BrokenPipeError: of a child" in done.stderr
