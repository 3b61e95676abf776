"""The folder of a run: what is in it, and the lock that keeps two processes from writing to it."""

import json
import os
import platform
import re
import stat
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from keras_stylegan import __version__, folder_lock
from keras_stylegan.atomic import replace_file
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.folders import CHECKOUT
from keras_stylegan.program import program
from keras_stylegan.typed_json import read_json, to_json

MODELS = Path("models")
"""Where runs go by default: `models/<experiment>/`."""
CHECKPOINT = re.compile(r"checkpoint_(\d{10})\.npz")
"""Name of a checkpoint: the images seen."""
FOLDER, FILE = "a folder", "a file"
TENSORBOARD = tuple(f"tensorboard/{name}" for name in ("metrics", "samples", "evaluation", "floor"))
FOLDERS = ("checkpoints", "samples", "tensorboard", *TENSORBOARD, "evaluation", "export", "projection", "directions")
FILES = (
    ".lock",
    "config.json",
    "environment.json",
    "import.json",
    "init.json",
    "dataset.json",
    "manifest.csv",
    "log.csv",
    "train.log",
    "loss.png",
    "evaluation.csv",
    "clock.csv",
    "checkpoints/best.npz",
)
"""What commands write into a run folder."""
LONGEST_NAME = 200
"""Characters of a path that a message shows."""


class RunFolder:
    """Paths inside a run folder.

    Args:
        path: The folder; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.environment = self.path / "environment.json"
        self.imported = self.path / "import.json"
        self.checkpoints = self.path / "checkpoints"
        self.best = self.checkpoints / "best.npz"
        self.samples = self.path / "samples"
        self.log = self.path / "log.csv"
        self.text_log = self.path / "train.log"
        self.plot = self.path / "loss.png"
        self.evaluation = self.path / "evaluation"
        self.clock = self.path / "clock.csv"

    def lock(self) -> Any:
        """Take the folder for this process, until the returned file is closed or the process ends.

        Raises:
            InputError: Another process has it, it cannot be written, or it is no run's.
        """
        self._check()
        try:
            return folder_lock.take(self.path)
        except BlockingIOError:
            raise InputError(
                f"run folder {self.path} is in use by another process; wait for it or choose another --run-dir"
            ) from None
        except OSError as error:
            raise self._unusable(error.strerror) from error

    def _check(self) -> None:
        """Raise an `InputError` unless a run could be written here; changes nothing."""
        if not self._kind(self.path, FOLDER):
            return
        try:
            names = {name for name in os.listdir(self.path) if not name.startswith(".")}
        except OSError as error:
            raise self._unusable(error.strerror) from error
        others = sorted(names - {entry.split("/")[0] for entry in (*FOLDERS, *FILES)})
        if others and not {"config.json", "checkpoints"} & names:
            raise self._unusable(
                f"it is no run folder, and not empty ({', '.join(others[:3])}{', ...'[: 5 * (len(others) > 3)]})"
            )
        for name in FOLDERS:
            self._kind(self.path / name, FOLDER)
        for name in FILES:
            self._kind(self.path / name, FILE)

    def _kind(self, path: Path, kind: str) -> bool:
        """Whether something is there; an `InputError` if it is of another kind or cannot be written to."""
        try:
            found = (
                FOLDER if stat.S_ISDIR(path.stat().st_mode) else FILE if path.is_file() else "neither file nor folder"
            )
        except FileNotFoundError:
            if path.is_symlink():
                raise self._unusable(f"{path.name} is a link to nowhere") from None
            return False
        except OSError as error:
            raise self._unusable(error.strerror) from error
        what = "it" if path == self.path else path.relative_to(self.path)
        if found != kind:
            raise self._unusable(f"{what} is {found} and must be {kind}")
        if not os.access(path, os.W_OK | (os.X_OK if kind == FOLDER else 0)):
            raise self._unusable(f"{what} is write-protected")
        return True

    def _unusable(self, reason: str | None) -> InputError:
        return InputError(f"cannot write to run folder {shown(self.path)}: {reason}; choose another --run-dir")

    def read_config(self) -> Config:
        """The resolved config of the run.

        Raises:
            InputError: There is none, it cannot be read, or it is of another version.
        """
        if not self.has_config():
            raise InputError(f"{self.path} is no run folder: config.json is missing; name the folder of a run")
        return read_json(Config, self.config)

    def has_config(self) -> bool:
        """Whether a run has begun here.

        Raises:
            InputError: The folder cannot be looked into.
        """
        try:
            self.config.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._unusable(error.strerror) from error
        return True

    def images_saved(self) -> int:
        """Images seen at the newest checkpoint, by its name; 0 without one."""
        if not self.checkpoints.is_dir():
            return 0
        found = (CHECKPOINT.fullmatch(name) for name in os.listdir(self.checkpoints))
        return max((int(match[1]) for match in found if match), default=0)

    def write_config(self, config: Config, records: tuple[Path, ...] = ()) -> None:
        """Write the resolved config, and beside it what it ran on and copies of the `records` of its data."""
        replace_file(self.config, (to_json(config) + "\n").encode())
        replace_file(self.environment, (json.dumps(environment(), indent=2) + "\n").encode())
        for record in records:
            replace_file(self.path / record.name, record.read_bytes())


def shown(path: Path) -> str:
    """A path as messages show it."""
    name = str(path)
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."


def environment() -> dict[str, str]:
    """Versions of what the numbers depend on, and the git commit of the code if it is a checkout.

    Nothing tells which machine it is: a kernel's release may hold the name of a site.
    """
    import keras  # Only here: the command line looks at a run's config before it starts Keras.

    versions = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    versions["keras-stylegan"] = __version__
    for package in (keras.backend.backend(), "keras", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    if CHECKOUT is None:
        return versions
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty", "--abbrev=12"]
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
    found = (path for path in models.glob("*/checkpoints/checkpoint_*.npz") if path.is_file())
    checkpoints = sorted(found, key=lambda path: path.stat().st_mtime)
    if not checkpoints:
        raise InputError(f"there is no trained run in {models}/; train one ({program()} train) or name its folder")
    return checkpoints[-1].parents[1]
