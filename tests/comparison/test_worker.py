"""How a child's end is told."""

import sys
import time

import pytest
from fake_worker import options, tiny

from keras_stylegan.comparison import worker
from keras_stylegan.comparison.contender import make_contenders, make_runs
from keras_stylegan.comparison.ledger import CRASHED, DIVERGED, Failure
from keras_stylegan.comparison.schedule import turns
from keras_stylegan.comparison.worker import Children, failure


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (0, "whatever\n", None),
        (1, "Stopped at 3 kimg: d_loss is nan. Try\nThe last\n", (DIVERGED, "Stopped at 3 kimg: d_loss is nan. Try")),
        (1, "Traceback\n  File\nValueError: no\n", (CRASHED, "ValueError: no")),
        (2, "Error: the disk is full\nbye\n", (CRASHED, "the disk is full")),
        (-9, "", (CRASHED, "ended by SIGKILL, perhaps as memory was short")),
        (143, "Saved\n", (CRASHED, "ended by SIGTERM")),
        (75, "", (CRASHED, "ended with exit code 75")),
    ],
)
def test_the_reason_of_a_failure(code, text, expected):
    assert failure(code, text) == (None if expected is None else Failure(*expected))


def test_an_interruption_is_passed_on_to_the_child_which_may_finish(tmp_path, monkeypatch):
    """The child is a program that says when it was asked to end."""
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\nimport signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('asked', flush=True), time.sleep(0.3), sys.exit(143)))\n"
        "print('begun', flush=True)\ntime.sleep(60)\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(worker.sys, "executable", str(program))
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    chosen = options(tmp_path)
    run = make_runs(make_contenders(["a"], [tiny(tmp_path)]), chosen, tmp_path)[0]
    output = tmp_path / worker.OUTPUT

    def interrupt(file, begin):
        if output.read_text().startswith("begun"):
            raise KeyboardInterrupt

    monkeypatch.setattr(worker, "_last_line", interrupt)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        Children(tmp_path, chosen).train(turns([run], chosen)[0])
    assert output.read_text() == "begun\nasked\n"
    assert time.monotonic() - start < 30
    assert (tmp_path / "runs" / "a_seed0.json").is_file()


def test_the_last_line_of_a_child_is_shown(tmp_path):
    with open(tmp_path / "output.txt", "ab+") as file:
        file.write(b"of an earlier child\n")
        begin = file.tell()
        file.flush()
        assert worker._last_line(file, begin) == ""
        for text, line in (
            (b"1 of 2 kimg\n", "1 of 2 kimg"),
            (b"2 of 2\n\n", "2 of 2"),
            (b"\xff" * 3000, "\ufffd" * 1000),
        ):
            file.write(text)
            file.flush()
            assert worker._last_line(file, begin) == line
