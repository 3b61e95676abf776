"""The command `check`: whether this installation trains and serves here, and whether a GPU is used for it.

What is checked runs in processes of its own (`child`): where a driver or a native library is wrong, they may be killed
without a word, or wait for ever. Keras and onnxruntime have one each, as they bring along CUDA libraries of their own.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 600
"""A check that has not answered by then hangs: XLA compiles a step in a minute or two."""
LAST_WORDS = 300
"""Characters of what a process wrote before it died that are shown."""
PARTS = ("keras", "onnxruntime")
"""What has a process of its own."""
BESIDE_OTHERS = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""TensorFlow and JAX would take all memory of a GPU, on which a training may run."""
CRASH = (
    "a native library or the driver does not fit this machine: run `nvidia-smi`, install requirements.txt into a fresh "
    "environment, and see whether CUDA_VISIBLE_DEVICES= (no GPU) helps"
)
"""What to do about a process that died."""


@dataclass(frozen=True)
class Check:
    """Check this installation: versions, devices, a convolution, a training step on CPU and GPU, onnxruntime.

    Says what to do about whatever fails. KERAS_BACKEND chooses what is checked: tensorflow, jax or torch. Exit code 0:
    all is well, 1: something is not.
    """

    def run(self) -> int:
        """Run the command; returns the exit code."""
        from rich.console import Console

        return check(Console())


def check(console: Any, module: str = "keras_stylegan.checking.child", longest_seconds: float = LONGEST_SECONDS) -> int:
    """Prints a line per check, and what to do below each that fails.

    Args:
        console: A `rich.console.Console`.
        module: Whose main program makes the checks; see `checking.child`.
        longest_seconds: What a check may take.

    Returns:
        0 if all is well, else 1.
    """
    failed = count = 0
    for found in (found for part in PARTS for found in _results(module, part, longest_seconds)):
        count += 1
        failed += not found["ok"]
        mark, style = ("ok", "green") if found["ok"] else ("FAIL", "bold red")
        console.print(f"{mark:<5}", style=style, end="")
        _say(console, f"{found['name']}: {found['said']}")
        if not found["ok"]:
            _say(console, f"      -> {found['advice']}")
    _say(console, f"{failed} of {count} checks failed." if failed else f"All {count} checks are passed.")
    return 1 if failed else 0


def _say(console: Any, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _results(module: str, part: str, longest_seconds: float) -> Iterator[dict[str, Any]]:
    """What the child finds, as it finds it; if it dies or hangs, a failure of the check that it was at."""
    reading, writing = os.pipe()
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(writing), part],
            env=BESIDE_OTHERS | os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
        )
        os.close(writing)
        name, ended, hangs = f"start of {part}", False, False
        try:
            with open(reading, "rb", buffering=0) as pipe:
                for line in _lines(pipe, longest_seconds):
                    hangs = line is None
                    if hangs:
                        break
                    found = json.loads(line)
                    name = found["name"]
                    if "ok" in found:
                        yield found
            ended = not hangs
        finally:
            if not ended:
                process.kill()
            process.wait()
        if hangs or process.returncode:
            output.seek(0)
            last = " ".join(output.read().decode(errors="replace").split())[-LAST_WORDS:]
            how = f"no answer within {longest_seconds:g} s" if hangs else _how_it_ended(process.returncode)
            yield {"name": name, "ok": False, "said": f"{how}{': ' if last else ''}{last}", "advice": CRASH}


def _lines(pipe: Any, longest_seconds: float) -> Iterator[bytes | None]:
    """The lines of a pipe; None, as the last one, where one takes too long."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        text = b""
        while selector.select(longest_seconds):
            read = os.read(pipe.fileno(), 65536)
            if not read:
                return
            *lines, text = (text + read).split(b"\n")
            yield from lines
    yield None


def _how_it_ended(code: int) -> str:
    return (
        f"the process was killed by {signal.Signals(-code).name}" if code < 0 else f"the process ended with code {code}"
    )
