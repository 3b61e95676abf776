"""Where `export/` and `experiments/` are: beside this package in a checkout, inside it where it is installed."""

import importlib
import importlib.metadata
import importlib.util
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).resolve().parent
INSTALLED = importlib.util.find_spec("keras_stylegan.export") is not None
EXPERIMENTS = next(place / "experiments" for place in (PACKAGE, PACKAGE.parent) if (place / "experiments").is_dir())
CHECKOUT = PACKAGE.parent if (PACKAGE.parent / "run.py").is_file() else None
"""The folder of run.py, if there is one: what git says of it is about this code."""


def licence() -> str:
    """The text of the licence of this software."""
    if CHECKOUT is not None:
        return (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    return importlib.metadata.distribution("keras-stylegan").read_text("licenses/LICENSE") or ""


def export_module(name: str) -> ModuleType:
    """A module of `export/`, which is `keras_stylegan.export` where it is installed.

    Args:
        name: "options", "to_onnx", ...
    """
    return importlib.import_module(f"{'keras_stylegan.' if INSTALLED else ''}export.{name}")
