"""The figure: the quick evaluations of every run over minutes of training and over images."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_stylegan.comparison.results import Result, Standing
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.training.clock import at, read_clock

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette, told apart by colour-blind readers too; further contenders are dashed."""
DASHES = ("-", "--", ":", "-.")
X = {"minutes": "minutes of training", "kimg": "real images shown (thousands)"}
POINTS = 100
"""Places at which the curves of several seeds are averaged."""


class Curve(NamedTuple):
    """One metric of one run."""

    x: np.ndarray
    """(N,) increasing."""
    y: np.ndarray
    """(N,)."""


def read_evaluations(path: Path) -> dict[str, np.ndarray]:
    """Column to values (N,) of evaluation.csv; nothing if there is none.

    Raises:
        InputError: It is no table of numbers.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        values = np.array([list(map(float, row)) for row in rows]).reshape(len(rows), len(header))
        if "kimg" not in header:
            raise ValueError("no column kimg")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path} is damaged: move it away. Received: {error}") from error
    return dict(zip(header, values.T, strict=True))


def curves(result: Result) -> dict[str, dict[str, Curve]]:
    """Metric to the curves of one run, by 'minutes' and 'kimg'. Distances to training images are left out."""
    run = result.run
    columns = read_evaluations(run.path / "evaluation.csv")
    kimg = columns.pop("kimg", np.empty(0))  # Without a row so far there is no file.
    moments = read_clock(run.folder.clock)
    minutes = np.array([at(moments, 1000 * value).training / 60 for value in kimg])
    found = {}
    for name, values in columns.items():
        known = np.isfinite(values)
        if "/" not in name and known.any():
            found[name] = {axis: Curve(x[known], values[known]) for axis, x in (("minutes", minutes), ("kimg", kimg))}
    return found


def mean_and_band(of_seeds: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where all seeds have been: x, mean, least and largest, each (N,)."""
    if len(of_seeds) == 1:
        ((x, y),) = of_seeds
        return x, y, y, y
    first, last = max(curve.x[0] for curve in of_seeds), min(curve.x[-1] for curve in of_seeds)
    x = np.linspace(first, max(first, last), POINTS)
    values = np.array([np.interp(x, curve.x, curve.y) for curve in of_seeds])
    return x, values.mean(axis=0), values.min(axis=0), values.max(axis=0)


def draw(standings: Sequence[Standing]) -> bytes | None:
    """The figure as PNG: a row for every metric, minutes on the left and images on the right; None without a point."""
    found = {standing.name: [curves(result) for result in standing.results] for standing in standings}
    names = list(dict.fromkeys(name for runs in found.values() for run in runs for name in run))
    if not names:
        return None
    figure = Figure(figsize=(11, 2.6 * len(names) + 0.4 * (1 + len(found) // 3)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(names), 2, squeeze=False, sharex="col", sharey="row")
    for row, name in zip(panels, names, strict=True):
        for axis, by in zip(row, X, strict=True):
            for number, (contender, runs) in enumerate(found.items()):
                style = {
                    "color": COLOURS[number % len(COLOURS)],
                    "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
                }
                _draw(axis, [run[name][by] for run in runs if name in run], contender, style)
            axis.grid(True, color="#dddddd", linewidth=0.6)
            axis.spines[["top", "right"]].set_visible(False)
            axis.set_xlim(left=0)
        row[0].set_title(_title(name), loc="left", fontsize=11, fontweight="bold")
        if name.startswith("frechet"):
            row[0].set_yscale("log")
    for axis, label in zip(panels[-1], X.values(), strict=True):
        axis.set_xlabel(label)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=3, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(axis, of_seeds: list[Curve], label: str, style: dict) -> None:
    # An empty line keeps the contender in the legend.
    x, mean, low, high = mean_and_band(of_seeds) if of_seeds else [np.empty(0)] * 4
    axis.plot(x, mean, label=label, linewidth=1.8, **style)
    if len(of_seeds) > 1:
        axis.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)
    for curve in of_seeds:
        axis.plot(curve.x, curve.y, color=style["color"], linewidth=0.6, alpha=0.6, marker="o", markersize=3)


def _title(name: str) -> str:
    metric = max((known for known in METRICS if f"{name}_".startswith(f"{known}_")), key=len, default=None)
    if metric is None:
        return name
    detail, better = name[len(metric) + 1 :], METRICS[metric].better
    words = {"lower": "lower is better", "higher": "higher is better", "equal": "should equal real images"}[better]
    return f"{METRICS[metric].title}{f' ({detail})' if detail else ''}, {words}"
