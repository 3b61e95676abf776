"""Signals end a command, unless they were ignored when it started."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from signals import as_from_a_terminal, default_signals

from keras_stylegan import cli
from keras_stylegan.interrupt import SIGNALS, Interrupted, exit_code, handling, interruptible

ROOT = Path(__file__).parents[1]
# Says when it is ready, and what ended it.
PROGRAM = """
import sys, time
from keras_stylegan.interrupt import exit_code, interruptible
try:
    with interruptible():
        print("ready", flush=True)
        time.sleep(10)
except KeyboardInterrupt as error:
    print(error)
    sys.exit(exit_code(error))
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_every_signal_interrupts_and_the_handlers_come_back(number):
    with default_signals():
        former = [signal.getsignal(other) for other in SIGNALS]
        with pytest.raises(Interrupted, match=f"by {number.name}") as caught, interruptible():
            signal.raise_signal(number)
        assert [signal.getsignal(other) for other in SIGNALS] == former
    assert exit_code(caught.value) == 128 + number
    assert exit_code(KeyboardInterrupt()) == 130


def test_what_was_ignored_stays_ignored():
    heard = []
    with default_signals(signal.SIGINT, signal.SIGHUP), handling(heard.append):
        for number in SIGNALS:
            signal.raise_signal(number)
    assert heard == [signal.SIGTERM]


def test_outside_of_the_main_thread_nothing_is_handled():
    done = []

    def block():
        with interruptible():
            done.append(True)

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert done


@pytest.mark.parametrize(
    ("ignored", "sent", "code"),
    [
        ((), signal.SIGINT, 130),
        ((), signal.SIGHUP, 129),
        ((signal.SIGINT,), signal.SIGTERM, 143),  # A script's `&`.
        ((signal.SIGHUP,), signal.SIGINT, 130),  # nohup
    ],
)
def test_a_process(ignored, sent, code):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=as_from_a_terminal(*ignored),
    )
    assert process.stdout.readline() == "ready\n"
    for number in ignored:
        process.send_signal(number)
        time.sleep(0.1)
    assert process.poll() is None
    process.send_signal(sent)
    assert process.communicate(timeout=10)[0] == f"by {sent.name}\n"
    assert process.returncode == code


def test_the_command_line_says_so(monkeypatch, capsys):
    class Command:
        def run(self):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(cli, "parse", lambda arguments: Command())
    with default_signals():
        assert cli.main(["train"]) == 143
    assert capsys.readouterr().err == "Interrupted by SIGTERM.\n"
