"""Loading an experiment: a Python file that defines `config`."""

import difflib
import runpy
from pathlib import Path

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError

FOLDER = Path(__file__).resolve().parents[1] / "experiments"


def load_experiment(name: str) -> Config:
    """The config of an experiment.

    Args:
        name: A file of `experiments/` without its ending, or the path of a Python file.

    Raises:
        InputError: There is no such experiment, or its file defines no `config`.
    """
    path = Path(name) if name.endswith(".py") else FOLDER / f"{name}.py"
    if not path.is_file():
        known = sorted(file.stem for file in FOLDER.glob("[!_]*.py"))
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"there is no experiment {name!r}; {hint}Known: {', '.join(known)}, or the path of a .py file")
    config = runpy.run_path(str(path)).get("config")
    if not isinstance(config, Config):
        raise InputError(f"{path} must define config = Config(...). Received: {type(config).__name__}")
    return config
