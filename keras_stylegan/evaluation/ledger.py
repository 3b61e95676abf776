"""The results of an evaluation while they come in: metrics.json, and the row of evaluations.csv.

metrics.json is rewritten after every measurement, so that an interrupted run keeps what it has. Its keys are stable:

- `format`: 2, raised when a key changes its meaning; `status`: 'running', 'interrupted', 'failed' (an error ended it),
  'partial' (something could not be measured) or 'complete'; `seconds`.
- `run`: weights_sha256 (as in generate.json), images_seen, imported (true where nobody knows how it was trained),
  checkpoint, classes, conditional, resolution, channels.
- `evaluation`: count, seed, features (names of the extractors), truncation_psi, noise, started, versions, command.
- `data`: source ('folder', 'cifar10', 'phantom'); `train` and `heldout` with images, subjects, classes (name to
  count), class_subjects (name to subjects), fingerprint; `heldout_seen` (true when training subjects stand in for
  held-out ones); `warnings`.
- `metrics`: the text of a `Key` to an object with the key's parts (metric, detail: extractor or level, group: class),
  value, interval (95 %, or null), generated_count, reference_count, seed, note, floor (the same between real images of
  disjoint subjects; null or an object with value, low, high, repeats, ...) and ratio (value / floor, or null).
- `failures`: what could not be measured to the reason.
- `audit`: the memorisation audit; its `verdict` is 'copies', 'close', 'clear' or 'undecided'. `spaces` has, for pixels
  and for features, the shares, their p-values and `outliers`: numbers (from 0 on, class after class) of single images
  with a ratio too small for a new person. `covariates`: of a run with some, what these images were drawn for (number to
  name to value; held-out images have it).
- `feature_maps`: a list with an object per layer of the generator, coarse to fine: layer, height, width, channels, and
  of max |x| / σ(x) over an image's map the median and largest of some images, and normal: that of N(0, 1) values.
- `usefulness`: null, or what the command `usefulness` found for these weights: class or covariate to an object with
  unit, better, without_images, rows (see `usefulness.gains`) and sentences.
- `verdict`: list of {level: 'good' | 'notice' | 'bad', text}.

The file is meant to be shared: it holds no path, no name of a file or subject of the data, no host and no user.
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
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.metric import Key

FORMAT = 2
FIXED_COLUMNS = ("started", "status", "weights_sha256", "images_seen", "checkpoint", "count", "seed")
"""Of evaluations.csv, beside others."""


class Ledger:
    """Collects measurements and keeps metrics.json true.

    Args:
        path: metrics.json.
        header: Its parts `run`, `evaluation` and `data`.
        say: Called with a line for every measurement.

    Attributes:
        current: What is measured at present, or was at last.
    """

    def __init__(self, path: Path, header: dict[str, Any], say: Callable[[str], None] = print) -> None:
        self.path = Path(path)
        self.say = say
        self.current = ""
        self._start = time.perf_counter()
        self.record: dict[str, Any] = {
            "format": FORMAT,
            "status": "running",
            "seconds": 0.0,
            **header,
            "metrics": {},
            "failures": {},
            "audit": None,
            "feature_maps": [],
            "usefulness": None,
            "verdict": [],
        }
        self.save()

    @property
    def metrics(self) -> dict[Key, dict[str, Any]]:
        """Key to measurement."""
        return self.record["metrics"]

    def attempt(self, name: str, measure: Callable[[], None]) -> bool:
        """Runs a measurement that enters its results itself; one that the input does not allow is noted and passed.

        Any other error is noted by its kind alone, since its text may name files of the data, and goes on.

        Args:
            name: What is measured, for the line on the screen and for `failures`.
            measure: Calls `enter`.

        Returns:
            Whether it succeeded.
        """
        start, self.current = time.perf_counter(), name
        try:
            measure()
        except InputError as error:
            self.record["failures"][name] = str(error)
            self.say(f"{name}: not measured: {error}")
            return False
        except Exception as error:
            self.record["failures"][name] = f"ended by an error ({type(error).__name__})"
            raise
        finally:
            self.save()
        self.say(f"{name}: {time.perf_counter() - start:.1f} s")
        return True

    def enter(self, key: Key, estimate: Estimate) -> None:
        """Adds one measurement, in place of an earlier one of the same key."""
        floor, ratio = estimate.floor, None
        if floor is not None and floor.value > 0 and METRICS[key.metric].has_ratio:
            ratio = estimate.value / floor.value
        self.metrics[key] = {**key._asdict(), **estimate.as_dict(), "ratio": ratio}

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
    fixed = (evaluation["started"], record["status"], run["weights_sha256"], run["images_seen"], run["checkpoint"])
    row = {
        **dict(zip(FIXED_COLUMNS, (*fixed, evaluation["count"], evaluation["seed"]), strict=True)),
        "heldout_images": record["data"]["heldout"]["images"],
        "heldout_seen": record["data"]["heldout_seen"],
        "audit": (record["audit"] or {}).get("verdict", ""),
    }
    for key, measurement in record["metrics"].items():
        row[str(key)] = measurement["value"]
        row[f"{key}:ratio"] = measurement["ratio"]
    rows = read_rows(path)
    columns = list(dict.fromkeys([*(rows[0] if rows else ()), *row]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    writer.writerow({key: "" if value is None else value for key, value in row.items()})
    replace_file(path, text.getvalue().encode())


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of evaluations.csv; none if it is not there yet.

    Raises:
        InputError: It cannot be read, or is not such a table.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows, header = list(reader), reader.fieldnames or ()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError(f"{path} cannot be read as a table ({reason}): move it away") from error
    if not header:
        return []
    missing = [name for name in FIXED_COLUMNS if name not in header]
    if missing:
        raise InputError(f"{path} cannot be read as a table (it has no column {missing[0]!r}): move it away")
    if any(None in row or None in row.values() for row in rows):
        raise InputError(f"{path} cannot be read as a table (a row has other cells than the header): move it away")
    return rows
