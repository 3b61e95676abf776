"""The folder of a run: what is in it, and the lock that keeps two processes from writing to it."""

import fcntl
import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from keras_stylegan.atomic import replace_file
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.typed_json import read_json, to_json

MODELS = Path("models")
"""Where runs go by default: `models/<experiment>/`."""


class RunFolder:
    """Paths inside a run folder.

    Args:
        path: The folder; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.environment = self.path / "environment.json"
        self.checkpoints = self.path / "checkpoints"
        self.best = self.checkpoints / "best.npz"
        self.samples = self.path / "samples"
        self.log = self.path / "log.csv"
        self.text_log = self.path / "train.log"
        self.plot = self.path / "loss.png"
        self.evaluation = self.path / "evaluation"

    def lock(self) -> Any:
        """Take the folder for this process, until the returned file is closed or the process ends.

        Raises:
            InputError: Another process has it, or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = open(self.path / ".lock", "w")  # noqa: SIM115 - held open as long as the run
        except OSError as error:
            raise InputError(f"cannot write to run folder {self.path}: {error.strerror}; choose --run-dir") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise InputError(
                f"run folder {self.path} is in use by another process; wait for it or choose another --run-dir"
            ) from None
        return file

    def read_config(self) -> Config:
        """The resolved config of the run.

        Raises:
            InputError: There is none, it cannot be read, or it is of another version.
        """
        if not self.config.exists():
            raise InputError(f"{self.path} is no run folder: config.json is missing; name the folder of a run")
        return read_json(Config, self.config)

    def write_config(self, config: Config) -> None:
        """Write the resolved config, and beside it what it ran on."""
        replace_file(self.config, (to_json(config) + "\n").encode())
        replace_file(self.environment, (json.dumps(environment(), indent=2) + "\n").encode())


def environment() -> dict[str, str]:
    """Versions of what the numbers depend on, and the git commit of the code if it is a checkout.

    Nothing tells which machine it is: a kernel's release may hold the name of a site.
    """
    versions = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for package in (keras.backend.backend(), "keras", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    root = Path(__file__).resolve().parents[2]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return versions
    return versions | ({"commit": found.stdout.strip()} if found.returncode == 0 else {})


def newest_run(models: Path = MODELS) -> Path:
    """The run whose newest checkpoint is the youngest file.

    Raises:
        InputError: There is no run.
    """
    checkpoints = sorted(models.glob("*/checkpoints/checkpoint_*.npz"), key=lambda path: path.stat().st_mtime)
    if not checkpoints:
        raise InputError(f"there is no trained run in {models}/; train one (python run.py train) or name its folder")
    return checkpoints[-1].parents[1]
