"""report.html: one file with everything in it, readable on a phone and without a network."""

import base64
from html import escape
from typing import Any

from keras_stylegan.evaluation import numbers
from keras_stylegan.evaluation.catalogue import qualifier_of, text_of
from keras_stylegan.evaluation.limits import CITE, INTENDED_USE, LIMITS
from keras_stylegan.evaluation.report_style import CSS

LEVELS = {"good": "✓", "notice": "!", "bad": "✗"}


def report(record: dict[str, Any], pictures: dict[str, bytes], sheets: dict[str, list[tuple[bytes, str]]]) -> str:
    """The report as HTML.

    Args:
        record: What metrics.json holds.
        pictures: PNG files by their place: 'ratios', 'shares_<extractor>', 'histogram', 'spectrum',
            'distances_<space>', 'generated' and 'heldout', the last two followed by '/<class>' for a conditional run.
            Missing ones are left out.
        sheets: Heading to (PNG of two images side by side, caption), closest first.
    """
    run = record["run"]
    title = f"Evaluation of {run['run_dir']}"
    body = [
        _header(title, record),
        _section("Verdict", _verdict(record)),
        _section("Numbers", _numbers(record)),
        _section("Plots", _plots(pictures)),
        _section("Pictures", _grids(record, pictures)),
        _section("Memorisation audit", _audit(record, pictures, sheets)),
        _section("Data checks", _data(record)),
        _section("How to read, cite and use this", _words(record)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _header(title: str, record: dict[str, Any]) -> str:
    run, evaluation, data = record["run"], record["evaluation"], record["data"]
    reference = "training subjects standing in for held-out ones" if data["heldout_seen"] else "held-out subjects"
    heldout, real = data["heldout"], data["shows_people"]
    return (
        f"<header><h1>{escape(title)}</h1>"
        f"<p>{evaluation['count']} generated images after {run['images_seen'] / 1000:g} kimg of training, against "
        f"{heldout['images']} images of {heldout['subjects']} {reference}. "
        f"Features: {escape(', '.join(evaluation['features']))}; seed {evaluation['seed']}; no truncation.</p>"
        f'<p class="soft">{escape(evaluation["started"])} · {escape(record["status"])} · '
        f"{record['seconds']:.0f} s</p>"
        + (
            '<p class="warning">This file shows images of real people: handle it like the data itself.</p>'
            if real
            else ""
        )
        + "</header>"
    )


def _verdict(record: dict[str, Any]) -> str:
    lines = [
        f'<li class="{line["level"]}"><b>{LEVELS[line["level"]]}</b>{escape(line["text"])}</li>'
        for line in record["verdict"]
    ]
    return f'<ul class="verdict">{"".join(lines)}</ul>'


def _numbers(record: dict[str, Any]) -> str:
    metrics = record["metrics"]
    if not metrics:
        return "<p>Nothing was measured.</p>" + _failures(record)
    parts = [
        "<p>The <b>floor</b> is the same number between real images of other subjects and the held-out ones, at the "
        "same size where the data suffices: what a perfect generator of new people would get. The <b>ratio</b> is the "
        "value over the floor. Brackets are 95 % intervals.</p>",
        _table(numbers.of_class(metrics, ""), explain=True),
    ]
    for name in record["run"]["classes"] if record["run"]["conditional"] else ():
        of_class = numbers.of_class(metrics, name)
        if of_class:
            table = _table(of_class, explain=False)
            parts.append(f"<details><summary>Class {escape(name)}</summary>{table}</details>")
    return "".join(parts) + _failures(record)


def _table(metrics: dict[str, Any], explain: bool) -> str:
    rows, explained = [], set()
    for key, entry in numbers.ordered(metrics).items():
        text = text_of(key)
        floor = entry["floor"]
        first = f"<b>{escape(numbers.title(key))}</b> <small>{numbers.direction(key)}</small>"
        if explain and text.title not in explained:
            explained.add(text.title)
            first += f"<br><small>{escape(text.meaning)} ({escape(text.source)})</small>"
        notes = dict.fromkeys(note for note in (entry.get("note"), (floor or {}).get("note")) if note)
        first += "".join(f"<br><small>Note: {escape(note)}.</small>" for note in notes)
        value = f"<span><b>{numbers.number(entry['value'])}</b> <small>{numbers.interval(entry)}</small></span>"
        cells = [f"<td>{first}</td>", _cell("value", value)]
        cells.append(_cell("floor (real)", numbers.number(floor["value"]) if floor else ""))
        cells.append(_cell("ratio", numbers.ratio(entry) if entry["ratio"] is not None else ""))
        cells.append(_cell("N generated / real", numbers.counts(entry)))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("metric", "value", "floor (real)", "ratio", "N generated / real"))
    return f'<table class="metrics"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _cell(label: str, content: str) -> str:
    empty = "" if content else " empty"
    return f'<td class="number{empty}" data-label="{label}">{content or "–"}</td>'


def _failures(record: dict[str, Any]) -> str:
    if not record["failures"]:
        return ""
    items = "".join(f"<li><b>{escape(name)}</b>: {escape(reason)}</li>" for name, reason in record["failures"].items())
    return f"<h3>Not measured</h3><ul>{items}</ul>"


def _image(png: bytes, alt: str, pixels: bool = False) -> str:
    kind = ' class="pixels"' if pixels else ""
    return f'<img{kind} alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _figure(png: bytes, caption: str, pixels: bool = False) -> str:
    return f"<figure>{_image(png, caption, pixels)}<figcaption>{escape(caption)}</figcaption></figure>"


def _plots(pictures: dict[str, bytes]) -> str:
    captions = {
        "ratios": "Distances as multiples of their floors.",
        "shares": "Precision, recall, density and coverage beside those of real subjects",
        "histogram": "Grey values of all pixels.",
        "spectrum": "Radial power spectrum: fine detail is on the right. A drop of the generated curve means blur.",
    }
    figures = []
    for key, caption in captions.items():
        for name, png in pictures.items():
            if name == key:
                figures.append(_figure(png, caption))
            elif key == "shares" and name.startswith("shares_"):
                figures.append(_figure(png, f"{caption} ({qualifier_of('precision' + name[6:])})."))
    return f'<div class="plots">{"".join(figures)}</div>' if figures else ""


def _grids(record: dict[str, Any], pictures: dict[str, bytes]) -> str:
    seed = record["evaluation"]["seed"]
    parts = []
    for name, png in pictures.items():
        kind, _, class_name = name.partition("/")
        of_class = f" of class {class_name}" if class_name else ""
        if kind == "generated":
            parts.append(_figure(png, f"Generated{of_class}: the first latents of seed {seed}, not selected.", True))
        elif kind == "heldout":
            parts.append(_figure(png, f"Held-out real images{of_class}, drawn at random.", True))
    return f'<div class="plots">{"".join(parts)}</div>' if parts else ""


def _audit(record: dict[str, Any], pictures: dict[str, bytes], sheets: dict[str, list[tuple[bytes, str]]]) -> str:
    audit = record["audit"]
    if not audit:
        return "<p>There was no audit.</p>"
    plots = "".join(
        _figure(png, f"Distance to the nearest training image ({name.removeprefix('distances_')}).")
        for name, png in pictures.items()
        if name.startswith("distances_")
    )
    shown = "".join(
        f'<h3>{escape(heading)}</h3><div class="pairs">'
        + "".join(_figure(png, caption, True) for png, caption in pairs)
        + "</div>"
        for heading, pairs in sheets.items()
    )
    return (
        f"<p>{escape(audit['reason'])}</p>"
        "<p>For every generated image the nearest training image is searched, over small shifts and mirroring. The "
        "same is done for the held-out images: people the model cannot have copied. Had it copied training images, "
        "many generated ones would be closer than nearly all held-out ones.</p>"
        "<p>The <b>ratio</b> divides that distance by the one to the nearest image of any other person: an average "
        "image is near to everybody, only a copy is much nearer to one.</p>"
        f'<div class="plots">{plots}</div>'
        "<p>The pairs below were chosen for being alike; the first paragraph says whether that is more than "
        f"chance.</p>{shown}"
    )


def _data(record: dict[str, Any]) -> str:
    rows = []
    for name in ("train", "heldout"):
        part = record["data"][name]
        classes = ", ".join(f"{label} {count}" for label, count in part["classes"].items())
        text = f"{part['images']} images of {part['subjects']} subjects ({classes}); fingerprint {part['fingerprint']}"
        label = "training" if name == "train" else "stand-in" if record["data"]["heldout_seen"] else "held-out"
        rows.append(f"<tr><td>{label}</td><td>{escape(text)}</td></tr>")
    warnings = record["data"]["warnings"]
    items = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    found = f"<ul>{items}</ul>" if items else "<p>No subject stands on both sides, no duplicate was found.</p>"
    return f'<table class="facts"><tbody>{"".join(rows)}</tbody></table>{found}'


def _words(record: dict[str, Any]) -> str:
    limits = "".join(f"<li>{escape(line)}</li>" for line in LIMITS)
    versions = ", ".join(f"{name} {value}" for name, value in record["evaluation"]["versions"].items())
    return (
        f"<h3>Limits</h3><ul>{limits}</ul><h3>Intended use</h3><p>{escape(INTENDED_USE)}</p>"
        f"<h3>How to cite</h3><p>{escape(CITE)}</p>"
        f"<h3>To repeat it</h3><pre>{escape(record['evaluation']['command'])}</pre>"
        f'<p class="soft">{escape(versions)}</p>'
    )
