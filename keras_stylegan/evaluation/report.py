"""report.html: one file with everything in it, readable on a phone and without a network."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

from keras_stylegan.evaluation import numbers
from keras_stylegan.evaluation.limits import CITE, INTENDED_USE, LIMITS
from keras_stylegan.evaluation.report_style import CSS
from keras_stylegan.evaluation.usefulness import WORDS, cells
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key

PRIVATE = (
    "This file shows images of real people and may name files and subjects of the data: handle it like the data itself."
)
LEVELS = {"good": "✓", "notice": "!", "bad": "✗"}


def report(
    record: dict[str, Any],
    name: str,
    pictures: dict[tuple[str, str], bytes],
    sheets: dict[str, list[tuple[bytes, str]]],
    named: Sequence[str] = (),
) -> str:
    """The report as HTML.

    Args:
        record: What metrics.json holds.
        name: Of the run, for the title.
        pictures: PNG files by kind and what they are of: 'ratios', 'histogram' and 'spectrum' of '', 'shares' of an
            extractor, 'distances' of a space, 'generated' and 'heldout' of a class or ''. Missing ones are left out.
        sheets: Heading to (PNG of two images side by side, caption), closest first.
        named: Lines that name files and subjects of the data, which stand in no other file of an evaluation.
    """
    title = f"Evaluation of {name}"
    body = [
        _header(title, record),
        _section("Verdict", _verdict(record)),
        _section("Numbers", _numbers(record)),
        _section("Plots", _plots(pictures)),
        _section("Pictures", _grids(record, pictures)),
        _section("Memorisation audit", _audit(record, pictures, sheets)),
        _section("Feature maps", _feature_maps(record)),
        _section("Usefulness", _usefulness(record)),
        _section("Data checks", _data(record, named)),
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
    heldout = data["heldout"]
    trained = f"after {run['images_seen'] / 1000:g} kimg of training"
    seen = "of imported weights" if run.get("imported") else trained
    return (
        f"<header><h1>{escape(title)}</h1>"
        f"<p>{evaluation['count']} generated images {seen}, against "
        f"{heldout['images']} images of {heldout['subjects']} {reference}. "
        f"Features: {escape(', '.join(evaluation['features']))}; seed {evaluation['seed']}; no truncation.</p>"
        f'<p class="soft">{escape(evaluation["started"])} · {escape(record["status"])} · '
        f"{record['seconds']:.0f} s</p>"
        + (f'<p class="warning">{PRIVATE}</p>' if data["shows_people"] else "")
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
        _table(numbers.of_group(metrics, ""), explain=True),
    ]
    for name in record["run"]["classes"] if record["run"]["conditional"] else ():
        of_class = numbers.of_group(metrics, name)
        if of_class:
            table = _table(of_class, explain=False)
            parts.append(f"<details><summary>Class {escape(name)}</summary>{table}</details>")
    return "".join(parts) + _failures(record)


def _table(metrics: dict[Key, Any], explain: bool) -> str:
    rows, explained = [], set()
    for key, entry in numbers.ordered(metrics).items():
        metric = METRICS[key.metric]
        floor = entry["floor"]
        if explain and key.metric not in explained:
            explained.add(key.metric)
            meaning = f"{escape(metric.meaning)} ({escape(metric.source)})"
            heading = f"<b>{escape(metric.title)}</b>, {numbers.direction(key)}. {meaning}"
            rows.append(f'<tr class="meaning"><td colspan="5">{heading}</td></tr>')
        first = f"<b>{escape(numbers.title(key))}</b>"
        if not explain:
            first += f" <small>{numbers.direction(key)}</small>"
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


def _plots(pictures: dict[tuple[str, str], bytes]) -> str:
    captions = {
        "ratios": "Distances as multiples of their floors.",
        "shares": "What should be high, beside the values of real subjects",
        "histogram": "Grey values of all pixels.",
        "spectrum": "Radial power spectrum: fine detail is on the right. A drop of the generated curve means blur.",
    }
    figures = [
        _figure(png, caption + (f" ({of})." if of else ""))
        for kind, caption in captions.items()
        for (found, of), png in pictures.items()
        if found == kind
    ]
    return f'<div class="plots">{"".join(figures)}</div>' if figures else ""


def _grids(record: dict[str, Any], pictures: dict[tuple[str, str], bytes]) -> str:
    seed = record["evaluation"]["seed"]
    parts = []
    for (kind, class_name), png in pictures.items():
        of_class = f" of class {class_name}" if class_name else ""
        if kind == "generated":
            parts.append(_figure(png, f"Generated{of_class}: the first latents of seed {seed}, not selected.", True))
        elif kind == "heldout":
            parts.append(_figure(png, f"Held-out real images{of_class}, drawn at random.", True))
    return f'<div class="plots">{"".join(parts)}</div>' if parts else ""


def _audit(
    record: dict[str, Any],
    pictures: dict[tuple[str, str], bytes],
    sheets: dict[str, list[tuple[bytes, str]]],
) -> str:
    audit = record["audit"]
    if not audit:
        return "<p>There was no audit.</p>"
    plots = "".join(
        _figure(png, f"Distance to the nearest training image ({space}).")
        for (kind, space), png in pictures.items()
        if kind == "distances"
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


def _feature_maps(record: dict[str, Any]) -> str:
    rows = [
        f"<tr><td>{escape(peak['layer'])} <small>{peak['height']}×{peak['width']}, {peak['channels']} channels</small>"
        f"</td>{_cell('median', numbers.number(peak['median']))}{_cell('largest', numbers.number(peak['largest']))}"
        f"{_cell('normal noise', numbers.number(peak['normal']))}</tr>"
        for peak in record.get("feature_maps", [])
    ]
    if not rows:
        return ""
    head = "".join(f"<th>{name}</th>" for name in ("layer", "median", "largest", "normal noise"))
    return (
        "<p>The largest activation of every layer of the generator over the layer's standard deviation, per image. "
        "Droplets, the artefact of StyleGAN that StyleGAN2's demodulation removes (Karras et al. 2019, section 2), are "
        "single spikes in the maps of every image: the median is then far above that of independent normal values, and "
        "above the layers around.</p><details><summary>Layers</summary>"
        f'<table class="metrics"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></details>'
    )


def _usefulness(record: dict[str, Any]) -> str:
    parts = []
    names = ("real subjects", "generated per real image", "score", "change by the generated ones")
    for name, task in (record.get("usefulness") or {}).items():
        rows = [
            f"<tr><td>{first}</td>{''.join(_cell(*cell) for cell in zip(names[1:], others, strict=True))}</tr>"
            for first, *others in (cells(row, task) for row in task["rows"])
        ]
        lines = "".join(f"<li>{escape(line)}</li>" for line in task["sentences"])
        head = "".join(f"<th>{title}</th>" for title in names)
        parts.append(
            f"<h3>{escape(name)}: {escape(task['unit'])}, {task['better']} is better</h3>"
            f'<table class="metrics"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
            f"<p>One answer for all images: {numbers.number(task['without_images'])}.</p><ul>{lines}</ul>"
        )
    return f"<p>{escape(WORDS)}</p>{''.join(parts)}" if parts else ""


def _data(record: dict[str, Any], named: Sequence[str]) -> str:
    rows = []
    for name in ("train", "heldout"):
        part = record["data"][name]
        classes = ", ".join(f"{label} {count}" for label, count in part["classes"].items())
        text = f"{part['images']} images of {part['subjects']} subjects ({classes}); fingerprint {part['fingerprint']}"
        label = "training" if name == "train" else "stand-in" if record["data"]["heldout_seen"] else "held-out"
        rows.append(f"<tr><td>{label}</td><td>{escape(text)}</td></tr>")
    warnings = record["data"]["warnings"]
    items = "".join(f"<li>{escape(line)}</li>" for line in (*warnings, *named))
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
