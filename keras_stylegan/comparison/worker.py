"""What trains and evaluates: child processes, one at a time."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from rich.console import Console
from rich.text import Text

from keras_stylegan.atomic import replace_file
from keras_stylegan.comparison.contender import Run
from keras_stylegan.comparison.ledger import CRASHED, DIVERGED, Failure
from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.comparison.schedule import Turn
from keras_stylegan.folders import PACKAGE
from keras_stylegan.typed_json import to_json

POLL_SECONDS = 1.0
LONGEST_LINE = 1000
OUTPUT = "output.txt"
"""What the children print, in the folder of the comparison."""


class Worker(Protocol):
    """What the comparison needs of it; tests have one that trains nothing."""

    def train(self, turn: Turn) -> Failure | None:
        """Train a slice to its end; None when it went well."""

    def evaluate(self, run: Run) -> Failure | None:
        """Evaluate a run and draw its row of the sheet; None when it went well."""


@dataclass(frozen=True)
class Children:
    """Runs `child` in a process of its own, whose output goes to `OUTPUT`."""

    folder: Path
    """Of the comparison."""
    options: CompareOptions
    lock: Any = None
    """Open file that a child keeps open as well, so that the folder stays locked while an orphan ends."""
    console: Console | None = None
    """A terminal shows the last line that the child has printed."""

    def train(self, turn: Turn) -> Failure | None:
        """See `Worker`."""
        run = turn.run
        path = run.path.with_suffix(".json")
        replace_file(path, to_json(run.config).encode())
        end = ["--images", turn.images] if turn.images is not None else ["--seconds", repr(turn.seconds)]
        return self._run("train", path, run.path, *end)

    def evaluate(self, run: Run) -> Failure | None:
        """See `Worker`."""
        path = self.folder / "evaluation.json"
        replace_file(path, to_json(self.options).encode())
        return self._run("evaluate", path, run.path)

    def _run(self, task: str, *arguments: Any) -> Failure | None:
        command = [sys.executable, "-m", "keras_stylegan.comparison.child", task, *map(str, arguments)]
        paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        with open(self.folder / OUTPUT, "ab+") as output:
            begin = output.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                command,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C comes to this process alone, which passes it on once.
                start_new_session=True,
                pass_fds=[] if self.lock is None else [self.lock.fileno()],
            )
            try:
                with self._status(task) as show:
                    self._wait(process, lambda: show(_last_line(output, begin)))
            finally:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            output.seek(begin)
            text = output.read().decode(errors="replace")
        return failure(process.returncode, text)

    @contextlib.contextmanager
    def _status(self, task: str) -> Iterator[Callable[[str], None]]:
        """A function that shows a line on a terminal, in place of the last one; on anything else it does nothing."""
        if self.console is None or not self.console.is_terminal:
            yield lambda line: None
            return
        with self.console.status(f"{task}: starting") as status:
            yield lambda line: status.update(Text(line or f"{task}: starting", overflow="ellipsis", no_wrap=True))

    @staticmethod
    def _wait(process: subprocess.Popen, look: Callable[[], None]) -> None:
        try:
            while process.returncode is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_SECONDS)
                look()
        except KeyboardInterrupt:
            # It finishes its step and saves; a second one does not wait for that.
            process.terminate()
            try:
                process.wait()
            except KeyboardInterrupt:
                process.kill()
                process.wait()
            raise


def _last_line(output: BinaryIO, begin: int) -> str:
    """The last line of a file that another process appends to, from a place on."""
    size = os.fstat(output.fileno()).st_size
    start = max(begin, size - LONGEST_LINE)
    lines = os.pread(output.fileno(), size - start, start).decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def failure(code: int, text: str) -> Failure | None:
    """Why a child ended before it was done; None for exit code 0.

    Args:
        code: Its exit code, negative for a signal.
        text: What it printed.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if code == 0:
        return None
    if code < 0 or code > 128:
        number = -code if code < 0 else code - 128
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        hint = ", perhaps as memory was short" if number == signal.SIGKILL else ""
        return Failure(CRASHED, f"ended by {name}{hint}")
    starts = {1: "Stopped at ", 2: "Error: "}.get(code, "")
    told = [line for line in lines if starts and line.startswith(starts)]
    if told:
        return Failure(DIVERGED if code == 1 else CRASHED, told[-1].removeprefix("Error: "))
    return Failure(CRASHED, lines[-1] if lines else f"ended with exit code {code}")
