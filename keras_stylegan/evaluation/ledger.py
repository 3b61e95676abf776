"""The results of an evaluation while they come in: metrics.json, and the row of evaluations.csv.

metrics.json is rewritten after every measurement, so that an interrupted run keeps what it has. Its keys are stable:

- `format`: 1, raised when a key changes its meaning; `status`: 'running', 'interrupted', 'partial' (something could
  not be measured) or 'complete'; `seconds`.
- `run`: run_dir, images_seen, checkpoint, classes, conditional, resolution, channels.
- `evaluation`: count, seed, features (names of the extractors), truncation_psi, noise, started, versions.
- `data`: source ('folder', 'cifar10', 'phantom'); `train` and `heldout` with images, subjects, classes (name to
  count), fingerprint; `heldout_seen` (true when training subjects stand in for held-out ones); `warnings`.
- `metrics`: `<metric>_<extractor>[/<class>]` to an object with value, interval (95 %, or null), generated_count,
  reference_count, seed, note, floor (the same between real images of disjoint subjects; null or an object with value,
  low, high, repeats, ...) and ratio (value / floor, or null).
- `failures`: what could not be measured to the reason.
- `audit`: the memorisation audit; its `verdict` is 'copies', 'close', 'clear' or 'undecided'. `spaces` has, for pixels
  and for features, the shares, their p-values and `outliers`: numbers (from 0 on, class after class) of single images
  with a ratio too small for a new person.
- `verdict`: list of {level: 'good' | 'notice' | 'bad', text}.
"""

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.errors import InputError

FORMAT = 1


class Ledger:
    """Collects measurements and keeps metrics.json true.

    Args:
        path: metrics.json.
        header: Its parts `run`, `evaluation` and `data`.
        say: Called with a line for every measurement.
    """

    def __init__(self, path: Path, header: dict[str, Any], say: Callable[[str], None] = print) -> None:
        self.path = Path(path)
        self.say = say
        self._start = time.perf_counter()
        self.record: dict[str, Any] = {
            "format": FORMAT,
            "status": "running",
            "seconds": 0.0,
            **header,
            "metrics": {},
            "failures": {},
            "audit": None,
            "verdict": [],
        }
        self.save()

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """Key to measurement."""
        return self.record["metrics"]

    def attempt(self, name: str, measure: Callable[[], None]) -> bool:
        """Runs a measurement that enters its results itself; one that the input does not allow is noted and passed.

        Args:
            name: What is measured, for the line on the screen and for `failures`.
            measure: Calls `enter`.

        Returns:
            Whether it succeeded.
        """
        start = time.perf_counter()
        try:
            measure()
        except InputError as error:
            self.record["failures"][name] = str(error)
            self.say(f"{name}: not measured: {error}")
            return False
        finally:
            self.save()
        self.say(f"{name}: {time.perf_counter() - start:.1f} s")
        return True

    def enter(self, key: str, measurement: dict[str, Any], floor: dict[str, Any] | None = None) -> None:
        """Adds one measurement.

        Args:
            key: See the module.
            measurement: value, interval, generated_count, reference_count, seed, note.
            floor: value and what else is known of the same between real images.
        """
        ratio = None
        # The floor of an unbiased distance is 0 but for chance: a ratio to it means nothing.
        if floor is not None and floor["value"] > 0 and not key.startswith("kernel"):
            ratio = measurement["value"] / floor["value"]
        self.metrics[key] = {**measurement, "floor": floor, "ratio": ratio}

    def finish(self, status: str) -> None:
        """Sets the status and writes for the last time."""
        self.record["status"] = status
        self.save()

    def save(self) -> None:
        """Writes metrics.json."""
        self.record["seconds"] = round(time.perf_counter() - self._start, 1)
        replace_file(self.path, (to_json(self.record) + "\n").encode())


def to_json(record: Any) -> str:
    """Indented standard JSON: numpy numbers become numbers, values that are not finite become null."""
    return json.dumps(_plain(record), indent=2, allow_nan=False, ensure_ascii=False)


def _plain(item: Any) -> Any:
    if isinstance(item, dict):
        return {str(key): _plain(value) for key, value in item.items()}
    if isinstance(item, list | tuple | np.ndarray):
        return [_plain(value) for value in item]
    if isinstance(item, np.generic):
        item = item.item()
    if isinstance(item, float):
        return item if np.isfinite(item) else None
    return item if isinstance(item, int | str | bool | type(None)) else str(item)


def append_row(path: Path, record: dict[str, Any]) -> None:
    """Appends one evaluation to evaluations.csv.

    The columns are those the file has, then the metrics that are new; earlier rows get empty cells for them.

    Args:
        path: evaluations.csv.
        record: What metrics.json holds.

    Raises:
        InputError: The file cannot be written or is not a table.
    """
    run, evaluation = record["run"], record["evaluation"]
    row = {
        "started": evaluation["started"],
        "status": record["status"],
        "run_dir": run["run_dir"],
        "images_seen": run["images_seen"],
        "checkpoint": run["checkpoint"],
        "count": evaluation["count"],
        "seed": evaluation["seed"],
        "heldout_images": record["data"]["heldout"]["images"],
        "heldout_seen": record["data"]["heldout_seen"],
        "audit": (record["audit"] or {}).get("verdict", ""),
    }
    for key, measurement in record["metrics"].items():
        row[key] = measurement["value"]
        row[f"{key}:ratio"] = measurement["ratio"]
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        rows = []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table ({error}): move it away") from error
    if any(None in old for old in rows):
        raise InputError(f"{path} cannot be read as a table (a row has more cells than the header): move it away")
    columns = list(dict.fromkeys([*(rows[0] if rows else ()), *row]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    writer.writerow({key: "" if value is None else value for key, value in row.items()})
    replace_file(path, text.getvalue().encode())
