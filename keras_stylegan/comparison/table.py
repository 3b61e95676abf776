"""The table: on the terminal, as CSV, JSON and Markdown."""

import csv
import dataclasses
import io
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from keras_stylegan.comparison.decision import Decision
from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.comparison.results import Spread, Standing, floor, keys
from keras_stylegan.config.public import public
from keras_stylegan.evaluation.numbers import number
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key

FORMAT = 1
REAL = "real images"
SHOWN = ("frechet", "precision", "recall", "coverage")
"""Metrics of the terminal and of Markdown, for every extractor; CSV and JSON have all."""
WITHOUT_EXTRACTOR = {"covered_variance": "covered variance ↑", "near_duplicates": "near duplicates ↓"}
"""Those of the table of runs, with their headings."""


def rows(standings: Sequence[Standing], shown: Sequence[Key]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of some metrics, the floors last; a cell is the mean, in brackets the least and the largest."""
    lines = [[standing.name, *(_cell(standing.of(key)) for key in shown)] for standing in standings]
    floors = [floor(standings, key) for key in shown]
    if any(value is not None for value in floors):
        lines.append([REAL, *map(number, floors)])
    return ["", *(heading(key) for key in shown)], lines


def tables(standings: Sequence[Standing]) -> list[tuple[list[str], list[list[str]]]]:
    """Header and rows of every table for a person: the runs, then one for every extractor."""
    lines = []
    for standing in standings:
        done = sum(result.failure is None and result.record is not None for result in standing.results)
        spreads = [standing.kimg, standing.minutes, standing.other_minutes, standing.seconds_per_kimg]
        spreads += [standing.of(Key(name)) for name in WITHOUT_EXTRACTOR]
        means = [number(found and found.mean) for found in spreads]
        lines.append([standing.name, f"{done} of {len(standing.results)}", *means, standing.audit or "–"])
    header = ["", "seeds", "kimg", "minutes", "others", "s/kimg", *WITHOUT_EXTRACTOR.values(), "audit"]
    measured = keys(standings)
    details = dict.fromkeys(key.detail for key in measured if key.metric == SHOWN[0])
    shown = [[key for key in measured if key.detail == detail and key.metric in SHOWN] for detail in details]
    return [(header, lines), *(rows(standings, of_extractor) for of_extractor in shown)]


def heading(key: Key) -> str:
    """'Fréchet distance random ↓'."""
    arrow = {"lower": " ↓", "higher": " ↑"}.get(METRICS[key.metric].better, "")
    return f"{METRICS[key.metric].title} {key.detail}{arrow}"


def terminal(standings: Sequence[Standing]) -> list[Table]:
    """For rich."""
    found = []
    for header, lines in tables(standings):
        table = Table(header_style="bold")
        for column, name in enumerate(header):
            table.add_column(name, justify="left" if column == 0 else "right", overflow="fold")
        for line in lines:
            table.add_row(*line, style="dim" if line[0] == REAL else None)
        found.append(table)
    return found


def markdown(standings: Sequence[Standing], decision: Decision | None) -> str:
    """As Markdown, with what is to be said of the runs."""
    text = []
    for header, lines in tables(standings):
        text += [f"| {' | '.join(['contender', *header[1:]])} |", "|---" * len(header) + "|"]
        text += [*(f"| {' | '.join(line)} |" for line in lines), ""]
    text += ["Means over the seeds; in brackets the least and the largest. Minutes are of training alone; others are "]
    text += ["start-up, compilation, quick evaluations and checkpoints.", ""]
    return "\n".join([*text, *(f"- {remark}" for remark in remarks(standings, decision))]) + "\n"


def remarks(standings: Sequence[Standing], decision: Decision | None) -> list[str]:
    """What the table does not say: failures, early ends, and who is first."""
    said = []
    for standing in standings:
        for result in standing.results:
            where = f"{result.run.name} at {result.moment.images / 1000:g} kimg"
            if result.failure is not None:
                said.append(f"{where} {result.failure.kind}: {result.failure.reason}")
            elif result.complete:
                said.append(f"{where} reached the end of its experiment (--training.total-kimg makes it longer)")
    records = [result.record for standing in standings for result in standing.results if result.record]
    missing = {
        f"not measured: {name}: {reason}": 0 for record in records for name, reason in record["failures"].items()
    }
    said += list(missing)
    return said + ([] if decision is None else [decision.reason])


def as_csv(standings: Sequence[Standing]) -> str:
    """A row for every contender, and one of the floors; a metric has its mean, least, largest and number of seeds."""
    names = ["kimg", "training_minutes", "other_minutes", "seconds_per_kimg", *map(str, keys(standings))]
    columns = ["contender", "seeds", *(f"{name}{end}" for name in names for end in ("", ":low", ":high", ":seeds"))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, "audit", "failures"])
    for standing in standings:
        spreads = [standing.kimg, standing.minutes, standing.other_minutes, standing.seconds_per_kimg]
        spreads += [standing.of(key) for key in keys(standings)]
        cells = [cell for spread in spreads for cell in (spread or [""] * 4)]
        failures = [f"{r.run.name}: {r.failure.reason}" for r in standing.results if r.failure is not None]
        writer.writerow([standing.name, len(standing.results), *cells, standing.audit, "; ".join(failures)])
    floors = [floor(standings, key) for key in keys(standings)]
    cells = [cell for value in floors for cell in ("" if value is None else value, "", "", "")]
    writer.writerow([REAL, "", *[""] * 16, *cells, "", ""])
    return text.getvalue()


def as_json(standings: Sequence[Standing], options: CompareOptions, decision: Decision | None) -> dict[str, Any]:
    """Everything, without a path: metrics of every run and over the seeds, floors, failures, and the decision."""
    measured = keys(standings)
    return {
        "format": FORMAT,
        "options": public(options),
        "contenders": [
            {
                "name": standing.name,
                "kimg": _dict(standing.kimg),
                "training_minutes": _dict(standing.minutes),
                "other_minutes": _dict(standing.other_minutes),
                "seconds_per_kimg": _dict(standing.seconds_per_kimg),
                "metrics": {str(key): _dict(standing.of(key)) for key in measured},
                "audit": standing.audit or None,
                "runs": [
                    {
                        "name": result.run.name,
                        "seed": result.run.seed,
                        "kimg": result.moment.images / 1000,
                        "training_seconds": result.moment.training,
                        "other_seconds": result.moment.other,
                        "metrics": {str(key): entry["value"] for key, entry in result.metrics.items()},
                        "audit": result.audit,
                        "complete": result.complete,
                        "failure": None if result.failure is None else dataclasses.asdict(result.failure),
                    }
                    for result in standing.results
                ],
            }
            for standing in standings
        ],
        "real": {str(key): floor(standings, key) for key in measured},
        "decision": None if decision is None else dataclasses.asdict(decision),
    }


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    if spread.count == 1:
        return number(spread.mean)
    return f"{number(spread.mean)} ({number(spread.low)}–{number(spread.high)})"


def _dict(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else spread._asdict()
