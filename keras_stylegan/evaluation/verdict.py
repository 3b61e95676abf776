"""The verdict in words: what the numbers say together, the gravest first."""

from typing import Any

from keras_stylegan.evaluation.catalogue import METRICS, class_of, qualifier_of
from keras_stylegan.evaluation.numbers import number

GOOD, NOTICE, BAD = "good", "notice", "bad"
CLOSE_RATIO, FAR_RATIO = 1.5, 3.0
"""A distance up to 1.5 times its floor counts as close to real, beyond 3 times as far from it."""
LOW_SHARE, POOR_SHARE = 0.8, 0.5
"""The same for recall, coverage, precision and accuracies, as a share of what real images reach."""
COLLAPSE_MARGIN = 0.05
"""MS-SSIM this much above the real images' says that variety is missing."""
EXPECTED_DUPLICATES, MANY_DUPLICATES = 0.01, 0.1
"""Share of near duplicates among as many new people, and one that speaks of collapse."""
AUDIT = {
    "copies": (BAD, "The model copies training images"),
    "close": (NOTICE, "Some generated images are closer to training images than new patients are"),
    "undecided": (NOTICE, "The memorisation audit could not decide"),
    "clear": (GOOD, "No sign of memorisation"),
}


def verdict(record: dict[str, Any]) -> list[dict[str, str]]:
    """Sentences for the top of the report.

    Args:
        record: What metrics.json holds.

    Returns:
        Objects with level ('good', 'notice', 'bad') and text; bad ones first.
    """
    lines: list[tuple[str, str]] = []
    lines += _state(record)
    lines += _memorisation(record)
    lines += _fidelity(record)
    lines += _shares(record, "precision", "Plausibility", "of the generated images looks implausible in these features")
    lines += _shares(record, "recall", "Variety", "of the variety of real images is missing")
    lines += _shares(record, "coverage", "Variety", "of the variety of real images is missing")
    lines += _diversity(record)
    lines += _duplicates(record)
    lines += _classes(record)
    lines += [(NOTICE, warning) for warning in record["data"]["warnings"]]
    order = (BAD, NOTICE, GOOD)
    lines.sort(key=lambda line: order.index(line[0]))
    return [{"level": level, "text": _sentence(text)} for level, text in lines]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _state(record):
    if record["status"] == "interrupted":
        yield BAD, "The evaluation was interrupted; what had been measured is here"
    if record["failures"]:
        yield NOTICE, f"Not measured: {', '.join(record['failures'])} (reasons below)"


def _memorisation(record):
    audit = record["audit"]
    if not audit:
        yield NOTICE, "Memorisation was not audited: do not share images of this model"
        return
    level, text = AUDIT[audit["verdict"]]
    if audit["verdict"] == "copies" and not audit["spaces"]["pixel"]["outliers"]:
        text = "Signs of memorisation"
    yield level, f"{text}. {audit['reason']}"


def _fidelity(record):
    for key, measurement in record["metrics"].items():
        if not key.startswith("frechet_") or class_of(key) or measurement["ratio"] is None:
            continue
        ratio = measurement["ratio"]
        level, words = GOOD, "about as close to the held-out images as other real subjects are"
        if ratio > FAR_RATIO:
            level, words = BAD, "clearly distinguishable from real ones"
        elif ratio > CLOSE_RATIO:
            level, words = NOTICE, "near the held-out images, but distinguishable from real ones"
        yield (
            level,
            f"Generated images are {words}: the Fréchet distance ({qualifier_of(key)}) is {number(ratio)} times its "
            "floor",
        )


def _shares(record, metric, title, missing):
    for key, measurement in record["metrics"].items():
        if not key.startswith(metric + "_") or class_of(key) or measurement["ratio"] is None:
            continue
        ratio = measurement["ratio"]
        if ratio >= LOW_SHARE:
            continue
        level = BAD if ratio < POOR_SHARE else NOTICE
        yield (
            level,
            f"{title}: {METRICS[metric].title.lower()} ({qualifier_of(key)}) is {measurement['value']:.2f}, "
            f"where real images reach {measurement['floor']['value']:.2f}: a part {missing}",
        )


def _diversity(record):
    measurement = record["metrics"].get("ms_ssim")
    if not measurement or not measurement["floor"]:
        return
    value, real = measurement["value"], measurement["floor"]["value"]
    if value > real + COLLAPSE_MARGIN:
        yield (
            BAD,
            f"Diversity: generated images resemble each other more than real ones do (MS-SSIM {value:.2f}, real "
            f"{real:.2f})",
        )
    else:
        yield (
            GOOD,
            f"Random pairs of generated images differ no less than real ones (MS-SSIM {value:.2f}, real {real:.2f})",
        )


def _duplicates(record):
    measurement = record["metrics"].get("near_duplicates")
    if measurement and measurement["interval"] and measurement["interval"][0] > EXPECTED_DUPLICATES:
        yield (
            BAD if measurement["value"] > MANY_DUPLICATES else NOTICE,
            f"Diversity: {measurement['value']:.0%} of generated images are as close to another generated one as only "
            f"{EXPECTED_DUPLICATES:.0%} of new people are to any training image",
        )


def _classes(record):
    for key, measurement in record["metrics"].items():
        if not key.startswith("class_agreement_") or class_of(key) or measurement["ratio"] is None:
            continue
        ratio, real = measurement["ratio"], measurement["floor"]["value"]
        if measurement["note"]:
            yield NOTICE, f"Class agreement ({qualifier_of(key)}): {measurement['note']}"
            continue
        if ratio >= LOW_SHARE:
            level, words = GOOD, "Classes are respected"
        else:
            level, words = (BAD if ratio < POOR_SHARE else NOTICE), "Classes are confused"
        yield (
            level,
            f"{words}: the requested class is recognised in {measurement['value']:.0%} of generated and {real:.0%} of "
            f"held-out images ({qualifier_of(key)})",
        )
