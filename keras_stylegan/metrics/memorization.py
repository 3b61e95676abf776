"""The memorisation audit: are generated images closer to training images than new people are?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.alignment import aligned_nearest
from keras_stylegan.metrics.audit_space import TEST_LEVEL, Space, feature_nearest, make_space
from keras_stylegan.metrics.estimate import Estimate, checked_features, checked_subjects, require_count
from keras_stylegan.metrics.images import check_images, check_same_shape
from keras_stylegan.metrics.neighbours import nearest
from keras_stylegan.metrics.shares import exact_interval, share_estimate, unnoticed_share

LEAST_HELDOUT = 100
"""A first percentile of fewer images is one image or none."""
NAMED = 8
"""Images that the reason names at most."""
LEAST_SUBJECTS = 5
"""Held-out people below which 'clear' is not said."""
MOST_UNNOTICED = 0.05
"""Share of copies that so few generated images may show none of, above which 'clear' is not said: 59 are needed."""


@dataclass(frozen=True)
class Audit:
    """What the audit found.

    Attributes:
        spaces: "pixel" and the name of the feature extractor, each with its `Space`.
        authenticity: Share of generated images that are no closer to their nearest training image than that is to the
            nearest one of another subject (Alaa et al. 2022), by features, without alignment.
        heldout_authenticity: The same for held-out images: what to compare with.
        near_duplicate_share: Share of generated images with another one closer than the pixel threshold.
        near_duplicates: The closest such pairs (first, second, distance).
        unnoticed_share: Share of copies of which so few generated images may show none.
        verdict: 'copies', 'close', 'clear' or 'undecided'.
        reason: The verdict in words with its figures.
    """

    spaces: dict[str, Space]
    authenticity: Estimate
    heldout_authenticity: Estimate
    near_duplicate_share: Estimate
    near_duplicates: list[tuple[int, int, float]]
    unnoticed_share: float
    verdict: str
    reason: str

    def as_dict(self) -> dict:
        """The figures without the per-image arrays, ready for JSON."""
        return {
            "spaces": {name: space.as_dict() for name, space in self.spaces.items()},
            "authenticity": self.authenticity.as_dict(),
            "heldout_authenticity": self.heldout_authenticity.as_dict(),
            "near_duplicate_share": self.near_duplicate_share.as_dict(),
            "near_duplicates": len(self.near_duplicates),
            "unnoticed_share": self.unnoticed_share,
            "verdict": self.verdict,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class AuditFeatures:
    """Features of every set in the audit, from one extractor.

    Attributes:
        name: Name of the extractor.
        generated: (N, D).
        training: (M, D).
        heldout: (K, D).
        generated_flipped: (N, D) of the mirrored images, or None.
        heldout_flipped: (K, D) of the mirrored images, or None.
    """

    name: str
    generated: np.ndarray
    training: np.ndarray
    heldout: np.ndarray
    generated_flipped: np.ndarray | None = None
    heldout_flipped: np.ndarray | None = None


def audit(
    generated: np.ndarray,
    training: np.ndarray,
    heldout: np.ndarray,
    features: AuditFeatures,
    *,
    training_subjects: np.ndarray | None = None,
    heldout_subjects: np.ndarray | None = None,
    max_shift: int = 2,
    flips: bool = True,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> Audit:
    """Compares generated images with training images the way held-out people compare with them.

    Two figures per image and space (pixels after alignment; features): the distance to the nearest training image,
    and its ratio to the distance to the nearest image of any other person. Smooth or average images have small
    distances to everybody; only a copy has a small ratio. Both are judged against the null: the same figures of
    held-out images, by six tests with a false alarm rate of 5% together. The verdict is

    - 'copies' when some ratio of pixels is too small for a new person (see `tail_p_values`; these images are named), or
      significantly more than 1% of the ratios are below the null's 1st percentile (beta-binomial test);
    - 'close' when only the distances are significantly smaller, or single ratios of features are too small. By
      features alone a malformed image can be near to an unusual training image that it does not resemble, so those
      are named as images to look at;
    - 'undecided' when there are too few held-out subjects or generated images and nothing was found;
    - 'clear' otherwise.

    Args:
        generated: (N, H, W, C) generated images.
        training: (M, H, W, C) the images the generator was trained on.
        heldout: (K, H, W, C) images of other people.
        features: Features of the three sets.
        training_subjects: (M,) subjects; None where every image is its own.
        heldout_subjects: (K,) subjects, for the intervals.
        max_shift: Shifts tried each way, in pixels (of at most 64 pixels).
        flips: Try mirrored images.
        seed: Seed of the intervals.
        advance: Called with the number of images done; in all generated twice, held-out once.

    Returns:
        The `Audit`.

    Raises:
        InputError: Fewer than 100 held-out, 2 generated or 2 training images (or subjects), wrong shapes, NaN.
    """
    sets = {"generated images": generated, "training images": training, "held-out images": heldout}
    for name, images in sets.items():
        check_images(images, name)
        check_same_shape(images, training, name, "training images")
    require_count(len(heldout), LEAST_HELDOUT, "the memorisation audit", "held-out images")
    require_count(len(generated), 2, "the memorisation audit", "generated images")
    owners = checked_subjects(training_subjects, len(training), "training images")
    require_count(int(owners.max()) + 1, 2, "the memorisation audit", "training subjects")
    heldout_owners = checked_subjects(heldout_subjects, len(heldout), "held-out images")
    if training_subjects is not None and heldout_subjects is not None:
        shared = np.intersect1d(training_subjects, heldout_subjects)
        if len(shared):
            raise InputError(
                f"the memorisation audit needs held-out people. Received: {len(shared)} subjects that stand in the "
                "training images too"
            )
    _check_features(features, sets)

    options = {"max_shift": max_shift, "flips": flips, "advance": advance}
    pixel = [aligned_nearest(images, training, owners, **options) for images in (generated, heldout)]
    feature = [
        feature_nearest(features.generated, features.generated_flipped, features.training, owners),
        feature_nearest(features.heldout, features.heldout_flipped, features.training, owners),
    ]
    spaces = {
        "pixel": make_space(*pixel, heldout_owners, seed),
        features.name: make_space(*feature, heldout_owners, seed + 1),
    }
    authentic = [_authentic(neighbours, features.training, owners) for neighbours in feature]
    authenticity, heldout_authenticity = (
        share_estimate(values, subjects, len(generated), len(values), seed)
        for values, subjects in zip(authentic, (None, heldout_owners), strict=True)
    )
    duplicate_share, duplicates = _duplicates(generated, len(training), spaces["pixel"].threshold, options, seed)
    unnoticed = unnoticed_share(len(generated))
    verdict, reason = _verdict(spaces, int(heldout_owners.max()) + 1, len(generated), unnoticed)
    return Audit(spaces, authenticity, heldout_authenticity, duplicate_share, duplicates, unnoticed, verdict, reason)


def _check_features(features, sets):
    given = {
        "generated images": [features.generated, features.generated_flipped],
        "training images": [features.training],
        "held-out images": [features.heldout, features.heldout_flipped],
    }
    for name, arrays in given.items():
        for array in arrays:
            if array is not None and len(checked_features(array, name)) != len(sets[name]):
                raise InputError(
                    f"{name}: one feature row per image is needed, {len(sets[name])}. Received: {len(array)}"
                )


def _authentic(neighbours, training, owners):
    """Whether each image is at least as far from its nearest training image as that is from other people's."""
    used, inverse = np.unique(neighbours.indices, return_inverse=True)
    distances, _ = nearest(training[used], training, 1, owners[used], owners)
    return neighbours.distances >= distances[inverse, 0]


def _duplicates(generated, training_count, threshold, options, seed):
    """Share of generated images whose nearest other one is below the threshold, and the closest pairs."""
    count = min(len(generated), training_count)
    chosen = np.sort(np.random.default_rng(seed).choice(len(generated), count, replace=False))
    images, own = generated[chosen], np.arange(count)
    found = aligned_nearest(images, images, own, query_groups=own, other=False, **options)
    close = found.distances < threshold
    # The threshold is that of the nearest of all training images: among fewer images the nearest one is farther.
    note = f"about 0.01 is expected of {training_count} new people, less of fewer"
    # Duplicates come in pairs at least, so that half of the images are independent at most.
    interval = exact_interval(close.sum() / 2, count / 2)
    estimate = Estimate(float(close.mean()), interval, count, 0, seed, note)
    pairs = {}
    for index in np.flatnonzero(close):
        first, second = sorted((int(chosen[index]), int(chosen[found.indices[index]])))
        pairs[first, second] = float(found.distances[index])
    return estimate, [(*pair, distance) for pair, distance in sorted(pairs.items(), key=lambda item: item[1])]


def _verdict(spaces, subject_count, count, unnoticed):
    """'copies', 'close', 'undecided' or 'clear', and why."""
    found = {"copies": [], "close": []}
    for name, space in spaces.items():
        if len(space.outliers):
            shown = ", ".join(str(index) for index in space.outliers[:NAMED])
            named = f"(number {shown}{', …' if len(space.outliers) > NAMED else ''})"
            count, total = len(space.outliers), len(space.generated.distances)
            words = f"{count} of {total} generated images {named} resemble one training subject far more than any other"
            if name == "pixel":
                found["copies"].append(f"{words} ({name}), as no new person does: look at these pairs.")
            else:
                found["close"].append(f"{words} by features ({name}), but not by pixels: look whether they are alike.")
        if space.ratio_p_value < TEST_LEVEL:
            found["copies"].append(
                f"{_percent(space.ratio_share)} of the generated images resemble one training subject, compared with "
                f"all others, more than all but 1% of held-out images do ({name}; p = {space.ratio_p_value:.2g} for "
                "images of new people)."
            )
        if space.p_value < TEST_LEVEL:
            found["close"].append(
                f"{_percent(space.share)} of the generated images lie closer to a training image than all but 1% of "
                f"held-out images do ({name}; p = {space.p_value:.2g} for images of new people)."
            )
    if any(space.p_value < TEST_LEVEL for space in spaces.values()):
        apart = "Apart from those named, no" if any(len(space.outliers) for space in spaces.values()) else "No"
        found["close"].append(
            f"{apart} more of them than expected resemble one subject rather than others: this speaks of smooth or "
            "uniform images, not of copies."
        )
    for verdict, reasons in found.items():
        if reasons:
            return verdict, " ".join(reasons)
    figures = "; ".join(f"{name}: {_percent(space.share)}" for name, space in spaces.items())
    figures = f"Share closer than 99% of held-out images (1% is expected): {figures}."
    limit = (
        f"With {count} generated images, copying of {100 * unnoticed:.2g}% of the images or less could have gone "
        "unnoticed."
    )
    if subject_count < LEAST_SUBJECTS:
        missing = f"There are only {subject_count} held-out subjects, at least {LEAST_SUBJECTS} are needed"
        return "undecided", f"{missing} to say that nothing was copied. {figures} {limit}"
    if unnoticed > MOST_UNNOTICED:
        return "undecided", f"Too few images were generated to say that nothing is copied. {limit} {figures}"
    return "clear", f"Generated images are no closer to training images than held-out people are. {figures} {limit}"


def _percent(share):
    low, high = share.interval
    return f"{share.value:.1%} (95% interval {low:.1%} to {high:.1%})"
