"""The verdict in words: what the numbers say together, the gravest first."""

from typing import Any

from keras_stylegan.evaluation.numbers import number, of_group, title
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key

GOOD, NOTICE, BAD = "good", "notice", "bad"
CLOSE_RATIO, FAR_RATIO = 1.5, 3.0
"""A distance up to 1.5 times its floor counts as close to real, beyond 3 times as far from it."""
LOW_SHARE, POOR_SHARE = 0.8, 0.5
"""The same for shortfalls and for accuracies beyond chance, as a share of what real images reach."""
LEAST_REAL = 0.1
"""Where real images of other subjects fall below this themselves, nothing can be missing."""
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

ENDED = {"interrupted": "was interrupted", "failed": "was ended by an error"}


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
    lines += _projection(record)
    lines += _fidelity(record)
    lines += _shortfalls(record)
    lines += _diversity(record)
    lines += _duplicates(record)
    lines += _classes(record)
    lines += _covariates(record)
    lines += [(NOTICE, warning) for warning in record["data"]["warnings"]]
    order = (BAD, NOTICE, GOOD)
    lines.sort(key=lambda line: order.index(line[0]))
    return [{"level": level, "text": _sentence(text)} for level, text in lines]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _state(record):
    if record["status"] in ENDED:
        yield BAD, f"The evaluation {ENDED[record['status']]}; what had been measured is here"
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


def _projection(record):
    measurement = record["metrics"].get(Key("projection_advantage"))
    if not measurement or not measurement["interval"]:
        return
    low, high = measurement["interval"]
    figures = f"a training image is found nearer than a held-out one in {measurement['value']:.0%} of pairs"
    if low > 0.5:
        yield (
            NOTICE,
            f"The model makes its training subjects better than other people: {figures} [{low:.0%}, {high:.0%}]",
        )
    else:
        yield GOOD, f"Training subjects are found no nearer in the latent space than other people: {figures}"


def _overall(record):
    """The metrics of all images together."""
    return of_group(record["metrics"], "").items()


def _fidelity(record):
    for key, measurement in _overall(record):
        metric, ratio = METRICS[key.metric], measurement["ratio"]
        if metric.on != "features" or metric.better != "lower" or ratio is None:
            continue
        most = (measurement["interval"] or (0, 0))[1] / measurement["floor"]["value"]
        figures = f"the {title(key)} is {number(ratio)} times its floor"
        if ratio > FAR_RATIO:
            yield BAD, f"Generated images are clearly distinguishable from real ones: {figures}"
        elif ratio > CLOSE_RATIO:
            yield NOTICE, f"Generated images are near the held-out ones, but distinguishable from real ones: {figures}"
        elif most > FAR_RATIO:
            yield NOTICE, f"There are too few images to judge them: {figures}, and may be {number(most)} times of it"
        else:
            words = "about as close to the held-out ones as other real subjects are"
            yield GOOD, f"Generated images are {words}: {figures}"


def _shortfalls(record):
    metrics = record["metrics"]
    for key, measurement in _overall(record):
        words = METRICS[key.metric].shortfall
        if not words or not _is_short(measurement):
            continue
        if key.detail == "smooth" and _is_short(metrics.get(key._replace(detail="random"))):
            continue  # It is told there.
        level = BAD if measurement["ratio"] < POOR_SHARE else NOTICE
        text = f"{words}: {title(key).lower()} is {_beside_real(measurement)}"
        smooth = metrics.get(key._replace(detail="smooth"))
        if key.detail == "random" and smooth and smooth["ratio"] is not None:
            text += f"; without texture and background it is {_beside_real(smooth)}: "
            if smooth["ratio"] >= LOW_SHARE:
                # Images that differ in grain alone are not poor ones.
                level, text = NOTICE, text + "it is texture that differs"
            elif 1 - smooth["ratio"] < (1 - measurement["ratio"]) / 2:
                text += "most of it is texture"
            else:
                text += "it is shape that differs, not only texture"
        yield level, text


def _is_short(measurement):
    """Whether a share is clearly below that of real images."""
    if measurement is None or measurement["ratio"] is None:
        return False
    return measurement["ratio"] < LOW_SHARE and measurement["floor"]["value"] >= LEAST_REAL


def _beside_real(measurement):
    return f"{measurement['value']:.2f}, where real images reach {measurement['floor']['value']:.2f}"


def _diversity(record):
    measurement = record["metrics"].get(Key("ms_ssim"))
    if not measurement or not measurement["floor"]:
        return
    value, real = measurement["value"], measurement["floor"]["value"]
    figures = f"(MS-SSIM {value:.2f}, real {real:.2f})"
    if value > real + COLLAPSE_MARGIN:
        yield BAD, f"Diversity: generated images resemble each other more than real ones do {figures}"
    else:
        yield GOOD, f"Random pairs of generated images differ no less than real ones {figures}"


def _duplicates(record):
    measurement = record["metrics"].get(Key("near_duplicates"))
    if measurement and measurement["interval"] and measurement["interval"][0] > EXPECTED_DUPLICATES:
        yield (
            BAD if measurement["value"] > MANY_DUPLICATES else NOTICE,
            f"Diversity: {measurement['value']:.0%} of generated images are as close to another generated one as only "
            f"{EXPECTED_DUPLICATES:.0%} of new people are to any training image",
        )


def _classes(record):
    for key, measurement in _overall(record):
        if key.metric != "class_agreement" or measurement["ratio"] is None:
            continue
        value, real, chance = measurement["value"], measurement["floor"]["value"], 1 / len(record["run"]["classes"])
        if measurement["note"] or real <= chance:
            yield (
                NOTICE,
                f"{title(key)}: {measurement['note'] or 'real images are recognised no better than by chance'}",
            )
            continue
        # By chance some are recognised in any case: what counts is how many more.
        ratio = (value - chance) / (real - chance)
        level = _level(ratio)
        words = "respected" if level == GOOD else "confused"
        yield (
            level,
            f"Classes are {words}: the requested class is recognised in {value:.0%} of generated and {real:.0%} of "
            f"held-out images ({key.detail}; {chance:.0%} by chance)",
        )


def _covariates(record):
    for key, measurement in _overall(record):
        if key.metric != "covariate_agreement" or not measurement["floor"]:
            continue
        if measurement["note"]:
            yield NOTICE, f"{title(key)}: {measurement['note']}"
            continue
        level = _level(measurement["value"] / measurement["floor"]["value"])
        words = "shown" if level == GOOD else "not shown"
        yield level, f"Numbers are {words} as asked for: {title(key)} is {_beside_real(measurement)}"


def _level(ratio):
    """Of what should be as it is in real images, as a share of that."""
    return GOOD if ratio >= LOW_SHARE else BAD if ratio < POOR_SHARE else NOTICE
