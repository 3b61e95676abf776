"""What generated images change, with intervals over people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_stylegan.metrics.bootstrap import mean_interval
from keras_stylegan.usefulness.learner import Task
from keras_stylegan.usefulness.trials import ONLY, Trial


def gains(task: Task, scores: Mapping[Trial, np.ndarray], subjects: np.ndarray, seed: int = 0) -> list[dict[str, Any]]:
    """A row for every number of subjects and every ratio.

    A score is the mean over repetitions and held-out images; its change is that of the same images against real images
    of as many subjects alone. Intervals are 95 % ones of the bootstrap over held-out subjects: they do not tell of
    other training subjects or other generators.

    Args:
        task: What was learnt.
        scores: (N,) of every trial.
        subjects: (N,) of the held-out images.
        seed: Of the resamples.

    Returns:
        Rows with `subjects`, `ratio` (null: generated images alone), `score`, `interval`, and, but for real images
        alone, `change` and `change_interval` (above 0 is better: accuracy gained, error lost); `spread` is the
        standard deviation of the score over repetitions, null for one.
    """
    repeated: dict[tuple[int, float], list[np.ndarray]] = {}
    for trial, values in scores.items():
        repeated.setdefault((trial.subjects, trial.ratio), []).append(values)
    rows = []
    for (count, ratio), runs in repeated.items():
        mean = np.mean(runs, axis=0)
        each = [float(run.mean()) for run in runs]
        row = {
            "subjects": count,
            "ratio": None if ratio == ONLY else ratio,
            "score": float(mean.mean()),
            "interval": mean_interval(mean, subjects, seed),
            "spread": float(np.std(each, ddof=1)) if len(each) > 1 else None,
        }
        if ratio != 0:
            change = mean - np.mean(repeated[count, 0.0], axis=0)
            change = change if task.classes else -change
            row |= {"change": float(change.mean()), "change_interval": mean_interval(change, subjects, seed)}
        rows.append(row)
    return rows


def sentences(task: Task, rows: Sequence[Mapping[str, Any]], unit: str) -> list[str]:
    """What can be quoted, one line for every number of subjects.

    Args:
        task: What was learnt.
        rows: Of `gains`.
        unit: Of the score, in words: 'accuracy' or 'error of slice'.
    """
    lines = []
    for row in rows:
        if "change" not in row:
            continue
        bounds = row["change_interval"]
        inside = bounds is None or bounds[0] <= 0 <= bounds[1]
        what = "nothing certain" if inside else "a gain" if row["change"] > 0 else "a loss"
        if row["ratio"] is None:
            given = f"Training on generated images in place of the real ones of {row['subjects']} subjects"
        else:
            added = f"{row['ratio']:g} generated image{'' if row['ratio'] == 1 else 's'}"
            given = f"With {row['subjects']} real subjects, adding {added} for every real one"
        shown = f"{row['change'] if task.classes else -row['change']:+.3g}"
        ends = sorted(bounds if task.classes else (-bounds[1], -bounds[0])) if bounds else None
        interval = f" [{ends[0]:+.3g}, {ends[1]:+.3g}]" if ends else ""
        lines.append(f"{given} changes the {unit} by {shown}{interval}: {what}.")
    return lines
