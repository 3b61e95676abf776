"""What the command `check` checks: `python -m keras_stylegan.checking.child FD PART` writes it to a file descriptor.

A line of JSON when a check begins ({"name"}) and one when it ends ({"name", "ok", "said", "advice"}).
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from keras_stylegan.checking.convolution import convolution
from keras_stylegan.checking.devices import GPU_BUILDS, find_devices
from keras_stylegan.checking.failed import Failed, one_line
from keras_stylegan.checking.providers import providers
from keras_stylegan.checking.step import training_step
from keras_stylegan.checking.versions import versions
from keras_stylegan.quiet import BACKENDS


class Check(NamedTuple):
    """One line of the report."""

    name: str
    """What is checked."""
    run: Callable[[], str]
    """Returns what is to be said; any exception is a failure."""
    advice: str
    """What to do where the exception has no advice of its own."""


def main(descriptor: int, part: str) -> int:
    """Makes all checks of a part; returns 0 whatever they find."""
    with open(descriptor, "w", encoding="utf-8") as pipe:

        def tell(**record: Any) -> None:
            print(json.dumps(record), file=pipe, flush=True)

        for name, run, advice in PARTS[part]():
            tell(name=name)
            try:
                tell(name=name, ok=True, said=run(), advice="")
            except Failed as error:
                tell(name=name, ok=False, said=str(error), advice=error.advice)
            except Exception as error:  # A library may raise anything.
                said = one_line(f"{type(error).__name__}: {error}")
                tell(name=name, ok=False, said=said, advice=advice)
    return 0


def of_keras() -> Iterator[Check]:
    """Versions, then the devices; what is computed on them follows from what was found."""
    backend = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    yield Check("versions", lambda: versions(backend), "install requirements.txt into a fresh environment")
    devices: list[str] = []
    yield Check("devices", lambda: find_devices(devices), "install requirements.txt into a fresh environment")
    results: list[Mapping[str, float]] = []
    broken = (
        f"see whether another backend works (KERAS_BACKEND={'|'.join(name for name in BACKENDS if name != backend)})"
    )
    for device in devices:
        gpu = not device.startswith("cpu")
        advice = f"update the driver, then {GPU_BUILDS.get(backend)}" if gpu else broken
        yield Check(f"convolution on {device}", lambda device=device: convolution(device), advice)
        yield Check(f"training step on {device}", lambda device=device: training_step(device, results), advice)


def of_onnxruntime() -> Iterator[Check]:
    """Its providers."""
    yield Check("onnxruntime", providers, "pip install --force-reinstall onnxruntime (or onnxruntime-gpu)")


PARTS = {"keras": of_keras, "onnxruntime": of_onnxruntime}
"""Each runs in a process of its own."""

if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), sys.argv[2]))
