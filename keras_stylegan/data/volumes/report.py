"""What is said of a prepared dataset."""

import math
from collections import Counter
from collections.abc import Sequence

from keras_stylegan.data.source import SPLITS
from keras_stylegan.data.volumes.parts import Parts
from keras_stylegan.data.volumes.pictures import is_picture
from keras_stylegan.data.volumes.scan import Found, Placed, Scan
from keras_stylegan.data.volumes.slices import WHITE

LEAST_RANGE = 0.25
"""Pictures that use less of the 16 bits than this are nearly black."""
TILTED_DEGREES = 5


def report(parts: Parts, found: Found, splits: Sequence[str]) -> list[str]:
    """Lines for a person.

    Args:
        parts: The dataset, done.
        found: What was found, also scans that were refused.
        splits: The split of each scan.
    """
    options, placed = parts.options, parts.placed
    height, width = options.size
    classes = sorted({own.scan.label for own in placed})
    people = {split: {own.scan.subject for own in placed if own.split == split} for split in SPLITS}
    lines = []
    for split in SPLITS:
        counts = Counter(dict.fromkeys(classes, 0))
        for own in placed:
            if own.split == split:
                counts[own.scan.label] += len(own.known.digests)
        shown = ", ".join(f"{name} {count}" for name, count in counts.items())
        lines.append(
            f"{split}: {counts.total()} slices {height}x{width} uint16 of {len(people[split])} subjects; {shown}."
        )
    lines += _alike(classes)
    lost = _lost(found.scans, splits, placed)
    if any(own.scan.split for own in placed):
        lines.append("The split is that of the source's folders.")
        shared = people["train"] & people["test"]
        if shared:
            lines.append(
                f"Warning: {len(shared)} subjects stand in both: training refuses the dataset unless it is told "
                "--data.allow-shared-subjects. If these are no subjects, read names by --name-pattern."
            )
    elif options.test_share and not people["test"] and not lost:
        lines.append("Warning: no class has two subjects, so none is held out.")
    if lost:
        lines.append(
            f"Warning: because of refusals {' and '.join(lost)}: prepare the source anew without the volumes that "
            "refused.csv names, or with them repaired, and others are drawn."
        )
    tilt = max((own.known.tilt_degrees for own in placed if own.known.tilt_degrees > TILTED_DEGREES), default=0)
    if tilt:
        lines.append(f"Warning: volumes are tilted by up to {round(tilt, 1):g} degrees; their slices are not turned.")
    pictures = all(is_picture(own.scan.files[0]) for own in placed)
    lines += _unknown(placed, found.covariates, pictures)
    lines += found.lines
    if options.window is None and pictures:
        most = max(int(own.max()) for own in parts.images().values())
        if most < LEAST_RANGE * WHITE:
            lines.append(f"Warning: the values end at {most} of {WHITE}: make them white by --window 0 {most}.")
    return lines


def _alike(classes: Sequence[str]) -> list[str]:
    """What is said of classes that are the same but for upper and lower case: likely one class, written twice."""
    spellings: dict[str, list[str]] = {}
    for name in classes:
        spellings.setdefault(name.casefold(), []).append(name)
    shown = "; ".join(" and ".join(own) for own in spellings.values() if len(own) > 1)
    return [f"Warning: classes differ by upper and lower case only: {shown}. Are they one?"] if shown else []


def _unknown(placed: Sequence[Placed], covariates: Sequence[str], pictures: bool) -> list[str]:
    """What is said of subjects without a number for a covariate, in one of their scans or in all."""
    subjects = {own.scan.subject for own in placed}
    lacking = []
    for name in covariates:
        count = len({own.scan.subject for own in placed if math.isnan(own.scan.covariates.get(name, math.nan))})
        # Names of pictures need not tell a slice.
        if count and not (pictures and count == len(subjects)):
            lacking.append(f"{name}: no number for {count} of {len(subjects)} subjects")
    if not lacking:
        return []
    return [f"Warning: {'; '.join(lacking)}. --model.covariates wants one for every training image."]


def _lost(scans: Sequence[Scan], splits: Sequence[str], placed: Sequence[Placed]) -> list[str]:
    """In words, of which classes no subject is trained on or held out because others were refused."""
    lost = []
    for label in sorted({own.scan.label for own in placed}):
        # What the source says of the split is taken as it is.
        before = {split for scan, split in zip(scans, splits, strict=True) if (scan.label, scan.split) == (label, None)}
        left = {own.scan.subject: own.split for own in placed if (own.scan.label, own.scan.split) == (label, None)}
        for split, words in (("train", "left to train on"), ("test", "held out")):
            # One subject alone is trained on, as if the others had not been there.
            if split in before and left and split not in left.values() and (split == "train" or len(left) > 1):
                lost.append(f"no subject of {label} is {words}")
    return lost
