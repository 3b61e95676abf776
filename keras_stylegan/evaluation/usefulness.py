"""The result of `usefulness` as a table, a figure and words: for its own files, the report and the model card."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.numbers import interval, number

FORMAT = 1
FILE = "usefulness.json"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's palette, told apart by colour-blind readers too."""
LABELS = {None: "generated alone", 0: "real alone"}
WORDS = (
    "Classifiers trained on real images of some training subjects, with and without generated images, tested on "
    "held-out subjects; the same number of updates for all. The generator has seen all training subjects. Brackets are "
    "95 % intervals of the bootstrap over held-out subjects, of one comparison at a time."
)


def read_usefulness(folder: Path, weights_sha256: str) -> dict[str, Any] | None:
    """The result in the folder of an evaluation if it is of these weights, else None.

    Raises:
        InputError: The file is damaged.
    """
    path = folder / FILE
    try:
        record = json.loads(path.read_bytes())
        same = record["format"] == FORMAT and record["run"]["weights_sha256"] == weights_sha256
        return record if same and record["tasks"] else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: delete it, or run `usefulness` again") from error


def markdown(tasks: Mapping[str, Any]) -> str:
    """The table and the sentences, for every task."""
    parts = [WORDS]
    for name, task in tasks.items():
        parts += [
            f"### {name}: {task['unit']}, {task['better']} is better",
            "| real subjects | generated per real image | score | change by the generated ones |\n|---|---|---|---|\n"
            + "\n".join(f"| {' | '.join(cells(row, task))} |" for row in task["rows"]),
            f"One answer for all images: {number(task['without_images'])}.",
            "\n".join(f"- {line}" for line in task["sentences"]),
        ]
    return "\n\n".join(parts) + "\n"


def cells(row: Mapping[str, Any], task: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """A row of the table, as text; a change has the sign of the score."""
    subjects = str(row["subjects"]) if row["ratio"] is not None else f"0 (of {row['subjects']})"
    ratio = "generated alone" if row["ratio"] is None else number(row["ratio"])
    score = f"{number(row['score'])} {interval(row)}".strip()
    if "change" not in row:
        return subjects, ratio, score, "–"
    sign = 1 if task["better"] == "higher" else -1
    bounds = row["change_interval"]
    shown = {"interval": sorted(sign * bound for bound in bounds) if bounds else None}
    return subjects, ratio, score, f"{number(sign * row['change'])} {interval(shown)}".strip()


def plot(tasks: Mapping[str, Any]) -> bytes:
    """PNG: the score over the number of real subjects, a line for every ratio."""
    figure = Figure(figsize=(max(8.0, 5.0 * len(tasks)), 3.9), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(tasks), squeeze=False)[0]
    for axis, task in zip(panels, tasks.values(), strict=True):
        ratios = dict.fromkeys(row["ratio"] for row in task["rows"])
        for place, ratio in enumerate(ratios):
            rows = [row for row in task["rows"] if row["ratio"] == ratio]
            # Side by side, so that intervals do not hide one another.
            x = [row["subjects"] * 1.03 ** (place - len(ratios) / 2) for row in rows]
            y = np.array([row["score"] for row in rows])
            low, high = np.transpose([row["interval"] or (row["score"],) * 2 for row in rows])
            label = LABELS.get(ratio, f"real + {ratio or 0:g} × generated")
            errors = np.maximum(0, [y - low, high - y])
            axis.errorbar(x, y, errors, color=COLOURS[place % len(COLOURS)], label=label, marker="o", markersize=4,
                          capsize=2, linewidth=1.4)  # fmt: skip
        title = f"{task['unit']}\n({task['better']} is better"
        ends = np.array([end for row in task["rows"] for end in (row["interval"] or [row["score"]])])
        constant, spread = task["without_images"], np.ptp(ends)
        if ends.min() - spread <= constant <= ends.max() + spread:
            axis.axhline(constant, color="#777777", linestyle=":", linewidth=1.2, label="one answer for all")
        else:  # Far off it would leave no room for the differences.
            title += f"; one answer for all: {constant:.3g}"
        axis.set_xscale("log")
        counts = sorted({row["subjects"] for row in task["rows"]})
        axis.set_xticks(counts, [str(count) for count in counts])
        axis.minorticks_off()
        axis.set_xlabel("real training subjects")
        axis.set_title(f"{title})", loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(True, color="#dddddd", linewidth=0.6)
    shown = {label: handle for axis in panels for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(shown.values(), shown, loc="outside lower center", ncols=len(shown), frameon=False, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
