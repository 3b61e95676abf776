"""The report, on a process that answers, dies, hangs, or finds something wrong."""

import io
import sys

import pytest
from rich.console import Console

from keras_stylegan.checking import command
from keras_stylegan.checking.command import check

HEAD = """
import json, os, signal, sys, time
pipe = open(int(sys.argv[1]), "w")
def tell(**record): print(json.dumps(record), file=pipe, flush=True)
tell(name="one")
tell(name="one", ok=True, said="well [a]", advice="")
tell(name="two")
"""


def report(tmp_path, monkeypatch, program, seconds=60.0):
    (tmp_path / "planted.py").write_text(HEAD + program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(command, "PARTS", ("part",))
    console = Console(file=io.StringIO(), width=60)
    code = check(console, "planted", seconds)
    return code, console.file.getvalue().splitlines()


def test_all_is_well(tmp_path, monkeypatch):
    code, lines = report(tmp_path, monkeypatch, 'tell(name="two", ok=True, said="well", advice="")')
    assert (code, lines) == (0, ["ok   one: well [a]", "ok   two: well", "All 2 checks are passed."])


def test_a_failure_says_what_to_do_and_the_rest_goes_on(tmp_path, monkeypatch):
    program = 'tell(name="two", ok=False, said="broken", advice="mend it")\ntell(name="x", ok=True, said="", advice="")'
    code, lines = report(tmp_path, monkeypatch, program)
    assert code == 1
    assert lines[1:] == ["FAIL two: broken", "      -> mend it", "ok   x: ", "1 of 3 checks failed."]


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("print('no kernel image', file=sys.stderr, flush=True); os.kill(os.getpid(), signal.SIGILL)",
         "the process was killed by SIGILL: no kernel image"),
        ("sys.exit('no library')", "the process ended with code 1: no library"),
        ("time.sleep(600)", "no answer within 1 s"),
    ],
)  # fmt: skip
def test_a_process_that_dies_or_hangs_is_a_failure_of_what_it_was_at(tmp_path, monkeypatch, program, how):
    code, lines = report(tmp_path, monkeypatch, program, 1.0 if "sleep" in program else 60.0)
    assert code == 1 and lines[1] == f"FAIL two: {how}"
    assert "nvidia-smi" in lines[2] and lines[-1] == "1 of 2 checks failed."


def test_every_part_has_a_process(tmp_path, monkeypatch):
    (tmp_path / "planted.py").write_text(
        "import json, os, sys\npipe = open(int(sys.argv[1]), 'w')\n"
        "print(json.dumps({'name': sys.argv[2], 'ok': True, 'said': str(os.getpid()), 'advice': ''}), file=pipe)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    console = Console(file=io.StringIO(), width=60)
    assert check(console, "planted") == 0
    first, second, _ = console.file.getvalue().splitlines()
    assert first.startswith("ok   keras: ") and second.startswith("ok   onnxruntime: ")
    assert first.split()[-1] != second.split()[-1]


def test_a_package_that_is_missing_altogether(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('no numpy here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    console = Console(file=io.StringIO())
    assert check(console) == 1
    assert "FAIL start of keras: the process ended with code 1: " in console.file.getvalue()
    assert "no numpy here" in console.file.getvalue() and sys.modules["numpy"]
