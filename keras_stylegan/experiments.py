"""Loading an experiment: a Python file that defines `config`."""

import re
import runpy
import traceback
from pathlib import Path

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError, unknown
from keras_stylegan.folders import EXPERIMENTS

LONGEST_REASON = 300
"""Characters of an exception's message that are shown."""


def load_experiment(name: str) -> Config:
    """The config of an experiment.

    Args:
        name: A file of `experiments/` without its ending, or the path of a Python file.

    Raises:
        InputError: There is no such experiment, its file cannot be run, or it defines no `config`.
    """
    known = sorted(file.stem for file in EXPERIMENTS.glob("[!_]*.py"))
    path = EXPERIMENTS / f"{name}.py" if name in known else Path(name)
    try:
        exists = path.suffix == ".py" and path.is_file()
    except OSError:
        exists = False
    if not exists:
        raise unknown("experiment", name, known, ", or the path of a .py file")
    try:
        config = runpy.run_path(str(path)).get("config")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # An experiment may raise anything, SystemExit too.
        raise InputError(_reason(path, error)) from error
    if not isinstance(config, Config):
        raise InputError(f"{path} must define config = Config(...). Received: {type(config).__name__}")
    return config


def _reason(path: Path, error: BaseException) -> str:
    """One line: the file, the line in it, and what was raised there."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    where = f"{path}, line {lines[-1]}" if lines and lines[-1] else str(path)
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    message = re.sub(r"\s+", " ", message).strip()[:LONGEST_REASON]
    if isinstance(error, InputError):
        return f"{where}: {message}"
    return f"{where}: {type(error).__name__}{': ' if message else ''}{message}"
