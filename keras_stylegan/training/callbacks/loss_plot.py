"""The curves of log.csv as a picture, redrawn while the run goes on."""

import io
import time
from pathlib import Path

import keras
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_stylegan.atomic import replace_file
from keras_stylegan.errors import InputError
from keras_stylegan.losses.penalties import PENALTIES
from keras_stylegan.training.augmenter import COLUMNS as COLUMNS_OF_AUGMENTATION
from keras_stylegan.training.evaluation_csv import COLUMNS, read_evaluations
from keras_stylegan.training.kimg_schedule import SCHEDULED
from keras_stylegan.training.log_csv import read_log

PANELS = (
    ("Losses", "loss", ("d_loss", "g_loss"), "linear"),
    ("Scores of the discriminator", "mean score (logit)", ("real_score", "fake_score"), "linear"),
    ("Penalties (before their weights)", "penalty", tuple(penalty.name for penalty in PENALTIES), "log"),
    ("Path length of the generator", "path length", ("path_length",), "linear"),
    ("Augmentation", "share", COLUMNS_OF_AUGMENTATION, "linear"),
    ("Schedules", "value", tuple(name for name in SCHEDULED if name not in COLUMNS_OF_AUGMENTATION), "log"),
    ("Progressive growing", "resolution", ("resolution",), "linear"),
    ("Progressive growing: fade of the last resolution", "α", ("alpha",), "linear"),
)
"""Title, label of the y axis, columns of log.csv, scale."""
EVALUATION_PANEL = (
    "Quick evaluation",
    "share (1 is best)",
    ("covered_variance", "precision_random", "recall_random", "coverage_random"),
    "linear",
)
"""Of evaluation.csv. The covered variance shows a want of variety before the others do."""
LABELS = {
    "d_loss": "discriminator",
    "g_loss": "generator",
    "real_score": "real images",
    "fake_score": "generated images",
    "path_length": "path length",
    "covered_variance": "covered variance",
    "precision_random": "precision",
    "recall_random": "recall",
    "coverage_random": "coverage",
    "r1_gamma": "γ of R1",
    "r2_gamma": "γ of R2",
    "learning_rate_factor": "rate factor",
    "beta_2": "β₂",
    "ema_kimg": "half-life (kimg)",
    "augment_strength": "strength",
    "augment_sign": "mean sign",
    "resolution": "resolution",
    "alpha": "α",
} | {penalty.name: penalty.label for penalty in PENALTIES}
STEPS = ("resolution",)
"""Columns whose value holds for a whole interval, and jumps."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
"""Okabe and Ito's palette, told apart by colour-blind readers too."""


class LossPlot(keras.callbacks.Callback):
    """Redraws loss.png from log.csv when there is a new row, at most twice a minute, and at the end.

    Args:
        run_dir: Folder of log.csv and loss.png.
        seconds: Least time between two drawings; longer where a drawing takes more than a hundredth of it.
    """

    def __init__(self, run_dir: Path, seconds: float = 30.0):
        super().__init__()
        self.run_dir = Path(run_dir)
        self.seconds = seconds
        self._drawn_size = 0
        self._due_at = -float("inf")

    def on_train_batch_end(self, batch, logs=None):
        """Draws if there is something new and it is time."""
        if time.monotonic() >= self._due_at:
            self._draw_if_new()

    def on_train_end(self, logs=None):
        """Draws the whole run."""
        self._draw_if_new()

    def _draw_if_new(self):
        log = self.run_dir / "log.csv"
        size = log.stat().st_size if log.exists() else 0
        start = time.monotonic()
        if size != self._drawn_size and draw_loss_plot(log, self.run_dir / "loss.png"):
            end = time.monotonic()
            self._drawn_size, self._due_at = size, end + max(self.seconds, 100 * (end - start))


def draw_loss_plot(log: Path, picture: Path) -> bool:
    """Draws the curves of a log, and below them those of evaluation.csv if that is beside it.

    Args:
        log: log.csv of a run.
        picture: PNG to write.

    Returns:
        False if the log has no row yet; then nothing is written.

    Raises:
        InputError: The log is damaged, or the picture cannot be written.
    """
    names, rows = read_log(log)
    if not rows:
        return False
    logged = {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}
    evaluated = _evaluations(log.parent / "evaluation.csv")
    panels = [
        (columns, title, unit, present, scale)
        for columns, (title, unit, names, scale) in [
            *((logged, panel) for panel in PANELS),
            (evaluated, EVALUATION_PANEL),
        ]
        if (present := [name for name in names if name in columns and np.isfinite(columns[name]).any()])
    ]
    figure = Figure(figsize=(9, 2.9 * max(1, len(panels))), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(max(1, len(panels)), 1, sharex=True, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=False):
        _draw_panel(axis, *panel)
    axes[-1].set_xlabel("real images shown (thousands)")
    figure.align_ylabels()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    replace_file(picture, buffer.getvalue())
    return True


def _evaluations(path):
    try:
        rows = read_evaluations(path)
    except InputError:
        # Told where it is continued; a plot can do without.
        return {}
    columns = {str(key): np.array([row.values[key] for row in rows]) for key in COLUMNS}
    return columns | {"kimg": np.array([row.kimg for row in rows])}


def _draw_panel(axis, columns, title, unit, names, scale):
    for name, colour in zip(names, COLOURS, strict=False):
        known = np.isfinite(columns[name])
        kimg, values = columns["kimg"][known], columns[name][known]
        if name in STEPS:
            axis.step(kimg, values, where="pre", color=colour, linewidth=1.6, label=LABELS[name])
            axis.set_yticks(np.unique(values))
            continue
        window = len(values) // 50
        if window > 1:
            axis.plot(kimg, values, color=colour, linewidth=0.6, alpha=0.35)
            kimg, values = _moving_average(kimg, window), _moving_average(values, window)
        marker = "o" if len(values) < 20 else None
        axis.plot(kimg, values, color=colour, linewidth=1.6, marker=marker, markersize=3, label=LABELS[name])
    if scale == "log" and all((columns[name][np.isfinite(columns[name])] > 0).all() for name in names):
        axis.set_yscale("log")
    axis.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axis.set_ylabel(unit)
    axis.grid(True, color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_xlim(left=0)
    if len(names) > 1:
        axis.legend(frameon=False, ncols=len(names), loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1)


def _moving_average(values, window):
    return np.convolve(values, np.full(window, 1 / window), mode="valid")
