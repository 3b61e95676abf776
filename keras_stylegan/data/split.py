"""The split by subject."""

from dataclasses import replace

import numpy as np

from keras_stylegan.data.file_name import NameReader
from keras_stylegan.data.listing import Listing


def held_out(labels: dict[str, str], share: float, seed: int) -> set[str]:
    """The subjects of the test split: of every class its share, rounded, and at least one of two or more.

    Args:
        labels: Class of each subject.
        share: In [0, 1).
        seed: Another one draws others.
    """
    chosen = set()
    for index, label in enumerate(sorted(set(labels.values()))):
        own = sorted(subject for subject, its in labels.items() if its == label)
        count = min(len(own) - 1, max(1, round(share * len(own)))) if share else 0
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index]))).permutation(len(own))
        chosen |= {own[place] for place in order[:count]}
    return chosen


def divided(listing: Listing, reader: NameReader, share: float, seed: int) -> dict[str, Listing]:
    """The images of a folder without a held-out part as 'train' and 'test', of different subjects.

    Args:
        listing: All images.
        reader: Tells the subject by a file's name; where it does not, the image is its own subject.
        share: Of the subjects, in [0, 1).
        seed: See `held_out`.
    """
    subjects = [reader.read(file.name)[0] or file.name for file in listing.files]
    # A subject may have images of several classes: these together are what it is drawn from.
    labels: dict[str, set[int]] = {}
    for subject, file in zip(subjects, listing.files, strict=True):
        labels.setdefault(subject, set()).add(file.label)
    kinds = {subject: " ".join(map(str, sorted(own))) for subject, own in labels.items()}
    test = held_out(kinds, share, seed)
    files = {"train": [], "test": []}
    for subject, file in zip(subjects, listing.files, strict=True):
        files["test" if subject in test else "train"].append(file)
    return {split: replace(listing, files=own) for split, own in files.items()}
