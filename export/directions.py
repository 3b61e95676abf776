"""Walks along the directions that `python run.py directions` found and measured: numpy alone.

from .runtime import OnnxGenerator
from .directions import read_directions
generator = OnnxGenerator("generator.onnx")
found = read_directions("directions.json", generator.metadata["weights_sha256"])
images = generator.synthesize(found["slice"].moved(w, 2.0))
"""

import base64
import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

DIRECTIONS = "directions.json"
"""In the folder of the graphs, where the runtime looks, and in that of a run's `directions`."""
FORMAT = "keras-stylegan directions 1"
LARGEST = 64 * 2**20
"""Bytes; a file of hundreds of directions has one."""
MOST = 10
"""Standard deviations that a command line can walk: far beyond all styles."""


class DirectionError(ValueError):
    """A file of directions that cannot be used: one line that says what is wrong and what to do."""


class Direction(NamedTuple):
    """One direction; 1 is a standard deviation of the styles along it, and -3 to 3 is where styles are."""

    name: str
    kind: str
    """'sefa', 'pca' or 'supervised'."""
    target: str
    """The factor that a supervised one is to change; "" for others."""
    layers: tuple[int, int]
    """(first, end): the styles `first` to `end` - 1 are moved."""
    vector: np.ndarray
    """(w_dim,) float32."""
    effects: dict[str, dict[str, float]]
    """Factor to what -2 to +2 changes of it, in its standard deviations among the model's images: `value`, its 95 %
    interval `low` and `high`, and `chance`: what 95 of 100 directions without meaning stay below."""
    verdict: str
    """The same in words."""

    def moved(self, w: np.ndarray, amount: float | np.ndarray) -> np.ndarray:
        """Styles (N, num_ws, w_dim) moved by an amount, or by one each (N,)."""
        result = np.array(w, np.float32)
        if result.ndim != 3 or result.shape[2] != len(self.vector) or result.shape[1] < self.layers[1]:
            expected = f"(N, at least {self.layers[1]}, {len(self.vector)})"
            raise DirectionError(f"w must be of shape {expected}. Received: {result.shape}")
        amounts = np.broadcast_to(np.asarray(amount, np.float32), (len(result),))
        if not np.isfinite(amounts).all():
            raise DirectionError(f"the amount must be finite. Received: {amount!r}")
        result[:, slice(*self.layers)] += amounts[:, None, None] * self.vector
        return result


def read_directions(path: str | Path, weights_sha256: str | None = None) -> dict[str, Direction]:
    """The directions of a file by their names.

    Args:
        path: directions.json.
        weights_sha256: Of the generator that is to walk them (`OnnxGenerator.metadata`); None checks nothing.

    Raises:
        DirectionError: No such file, a damaged one, or one of another model.
    """
    if not os.path.isfile(path):
        raise DirectionError(f"there is no file {str(path)[:200]}; `python run.py directions` writes directions.json")
    if os.path.getsize(path) > LARGEST:
        raise DirectionError(f"{path} is too large to be a file of directions")
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ValueError("format")
        size, styles = int(record["w_dim"]), int(record["num_ws"])
        found = [_direction(entry, size, styles) for entry in record["directions"]]
        weights = str(record["weights_sha256"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DirectionError(f"{path} is damaged, or no directions.json of this version; make it again") from error
    if weights_sha256 not in (None, weights):
        raise DirectionError(f"{path} has the directions of another model: find those of this one, or copy its file")
    return {direction.name: direction for direction in found}


def walk(texts: Sequence[str], path: str | Path, weights_sha256: str) -> Callable[[np.ndarray], np.ndarray]:
    """The walk that a command line asks for.

    Args:
        texts: NAME=AMOUNT each; the amount in standard deviations, from -10 to 10.
        path: See `read_directions`.
        weights_sha256: See `read_directions`.

    Returns:
        Function of styles (N, num_ws, w_dim) that gives the moved ones.

    Raises:
        DirectionError: See `read_directions`; also a name that the file does not have, or no such amount.
    """
    found = read_directions(path, weights_sha256)
    steps = []
    for text in texts:
        name, _, amount = text.rpartition("=")
        if name not in found:
            raise DirectionError(
                f"--direction must be NAME=AMOUNT, and NAME one of {', '.join(found)}. Received: {text[:200]!r}"
            )
        try:
            steps.append((found[name], float(amount)))
        except ValueError:
            steps.append((found[name], math.nan))
        # Not a number is in no range.
        if not -MOST <= steps[-1][1] <= MOST:
            raise DirectionError(
                f"--direction {name}: the amount must be a number from -{MOST} to {MOST}. Received: {amount[:200]!r}"
            )

    def moved(w: np.ndarray) -> np.ndarray:
        for direction, amount in steps:
            w = direction.moved(w, amount)
        return w

    return moved


def _direction(entry: Any, size: int, styles: int) -> Direction:
    vector = np.frombuffer(base64.b64decode(entry["vector"], validate=True), "<f4")
    first, end = map(int, entry["layers"])
    if vector.shape != (size,) or not np.isfinite(vector).all() or not 0 <= first < end <= styles:
        raise ValueError(entry["name"])
    effects = {str(name): {str(key): float(v) for key, v in found.items()} for name, found in entry["effects"].items()}
    texts = (str(entry[key]) for key in ("name", "kind", "target"))
    return Direction(*texts, (first, end), vector, effects, str(entry["verdict"]))
