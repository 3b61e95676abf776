"""Python and the packages, held against the requirements."""

import importlib.metadata
import platform
import re
import sys

from keras_stylegan import __version__
from keras_stylegan.checking.failed import Failed
from keras_stylegan.folders import CHECKOUT
from keras_stylegan.quiet import BACKENDS

PYTHONS = ((3, 11), (3, 14))
"""The first Python that will do, and the first that will not."""


def versions(backend: str) -> str:
    """Python and the packages that a backend needs, held against the requirements."""
    from packaging.requirements import Requirement

    if backend not in BACKENDS:
        raise Failed(
            f"Keras has no backend {backend!r} for this software", f"set KERAS_BACKEND to {', '.join(BACKENDS)}"
        )
    first, beyond = PYTHONS
    if not first <= sys.version_info[:2] < beyond:
        wanted = f"3.{first[1]} to 3.{beyond[1] - 1}"
        raise Failed(f"Python {platform.python_version()}", f"make an environment with Python {wanted}")
    found, wrong = {}, []
    for line in required(backend):
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": backend}):
            continue
        names = [requirement.name, *{"onnxruntime-gpu": ["onnxruntime"]}.get(requirement.name, [])]
        installed = next(filter(None, map(installed_version, names)), None)
        if installed is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} is {installed}, not {requirement.specifier}")
        found[requirement.name] = installed
    if wrong:
        name = "requirements.txt" if backend == "tensorflow" else f"requirements-{backend}.txt"
        install = f"-r {name}" if CHECKOUT else f'"keras-stylegan[{backend}]"' if backend != "tensorflow" else "."
        raise Failed("; ".join(wrong), f"pip install {install}")
    shown = [name for name in (backend, "keras", "numpy", "onnxruntime-gpu", "onnxruntime") if found.get(name)]
    own = f"Python {platform.python_version()}, keras-stylegan {__version__}"
    return ", ".join([own, *(f"{name} {found[name]}" for name in shown)])


def required(backend: str) -> list[str]:
    """The requirements of a backend: of the checkout's file, or of the installed package."""
    if CHECKOUT is None:
        return importlib.metadata.requires("keras-stylegan") or []
    name = "requirements.txt" if backend == "tensorflow" else f"requirements-{backend}.txt"
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    # What follows a heading is for other purposes.
    lines = re.split(r"^# \[", text, flags=re.MULTILINE)[0].splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def installed_version(package: str) -> str | None:
    """The version of a package as it was installed; None where it was not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
