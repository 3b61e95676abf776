"""The figure: the quick evaluations of every run over minutes of training and over images."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_stylegan.comparison.results import Result, Standing
from keras_stylegan.evaluation.numbers import direction, title
from keras_stylegan.metrics.metric import Key
from keras_stylegan.training.clock import at, read_clock
from keras_stylegan.training.evaluation_csv import QUICK, read_evaluations

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


def curves(result: Result) -> dict[Key, dict[str, Curve]]:
    """Metric to the curves of one run, by 'minutes' and 'kimg'.

    Raises:
        InputError: evaluation.csv or clock.csv is damaged.
    """
    run = result.run
    rows = read_evaluations(run.path / "evaluation.csv")
    kimg = np.array([row.kimg for row in rows])
    moments = read_clock(run.folder.clock)
    minutes = np.array([at(moments, 1000 * value).training / 60 for value in kimg])
    found = {}
    for key in QUICK:
        values = np.array([row.values[key] for row in rows])
        known = np.isfinite(values)
        if known.any():
            found[key] = {axis: Curve(x[known], values[known]) for axis, x in (("minutes", minutes), ("kimg", kimg))}
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
    keys = [key for key in QUICK if any(key in run for runs in found.values() for run in runs)]
    if not keys:
        return None
    figure = Figure(figsize=(11, 2.6 * len(keys) + 0.4 * (1 + len(found) // 3)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(keys), 2, squeeze=False, sharex="col", sharey="row")
    for row, key in zip(panels, keys, strict=True):
        for axis, by in zip(row, X, strict=True):
            for number, (contender, runs) in enumerate(found.items()):
                style = {
                    "color": COLOURS[number % len(COLOURS)],
                    "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
                }
                _draw(axis, [run[key][by] for run in runs if key in run], contender, style)
            axis.grid(True, color="#dddddd", linewidth=0.6)
            axis.spines[["top", "right"]].set_visible(False)
            axis.set_xlim(left=0)
        row[0].set_title(f"{title(key)}, {direction(key)}", loc="left", fontsize=11, fontweight="bold")
        if key.metric == "frechet":
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
