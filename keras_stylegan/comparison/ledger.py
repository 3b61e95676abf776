"""What is known of every run besides its folder: how it ended."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from keras_stylegan.atomic import replace_file
from keras_stylegan.comparison.contender import Run
from keras_stylegan.errors import InputError
from keras_stylegan.training.clock import Moment, at, read_clock
from keras_stylegan.typed_json import read_json, to_json

DIVERGED, CRASHED = "diverged", "crashed"


@dataclass(frozen=True)
class Failure:
    """Why a run trains or is evaluated no more."""

    kind: str
    """'diverged': another try would end the same way. 'crashed': one may not."""
    reason: str
    """One line."""


@dataclass(frozen=True)
class _Content:
    """The file ledger.json."""

    failures: dict[str, Failure] = field(default_factory=dict)
    complete: tuple[str, ...] = ()


class Ledger:
    """ledger.json, and the clocks and checkpoints of the runs. Written after every event.

    Args:
        path: The file; need not exist yet.

    Raises:
        InputError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        content = read_json(_Content, self.path) if self.path.exists() else _Content()
        self.failures = dict(content.failures)
        self._complete = set(content.complete)

    def fail(self, run: Run, kind: str, reason: str) -> None:
        """Note that a run has failed."""
        self.failures[run.name] = Failure(kind, reason)
        self._save()

    def complete(self, run: Run) -> None:
        """Note that a run has reached the end of its experiment."""
        self._complete.add(run.name)
        self._save()

    def is_complete(self, run: Run) -> bool:
        """Whether a run has reached the end of its experiment, before that of the comparison."""
        return run.name in self._complete

    def ended(self, run: Run) -> bool:
        """Whether a run trains no more."""
        return run.name in self.failures or run.name in self._complete

    def try_crashed_again(self) -> list[str]:
        """Forget the runs that crashed, as the reason may be gone; returns their names."""
        names = [name for name, failure in self.failures.items() if failure.kind == CRASHED]
        for name in names:
            del self.failures[name]
        if names:
            self._save()
        return names

    def _save(self) -> None:
        content = _Content(self.failures, tuple(sorted(self._complete)))
        replace_file(self.path, (to_json(content) + "\n").encode())


def progress(run: Run) -> Moment:
    """How far the newest checkpoint of a run is; 0 where there is none.

    Raises:
        InputError: clock.csv is damaged.
    """
    return at(read_clock(run.folder.clock), run.folder.images_saved())


def evaluated(run: Run, count: int) -> dict | None:
    """What metrics.json says of the newest state of a run; None if it is not evaluated to the end, or otherwise.

    Args:
        run: The run.
        count: Generated images: values of another number cannot be compared.

    Raises:
        InputError: metrics.json is damaged.
    """
    path = run.folder.evaluation / "metrics.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        finished = record["status"] in ("complete", "partial") and record["evaluation"]["count"] == count
        return record if finished and record["run"]["images_seen"] == progress(run).images else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: move it away. Received: {error}") from error
