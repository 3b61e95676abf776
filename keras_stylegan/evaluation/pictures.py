"""Which pictures the report has, drawn from the images of an evaluation."""

from typing import Any

import numpy as np

from keras_stylegan.evaluation import figures
from keras_stylegan.evaluation.material import Material
from keras_stylegan.metrics.memorization import Audit
from keras_stylegan.training.samples import Samples

GRID = 48
"""Images in a grid."""
COLUMNS = 8
PAIRS = 8
SHEETS = {
    "distance": "Smallest distance ({space}): generated (left) and nearest training image (right)",
    "ratio": "Smallest ratio ({space}): generated images (left) that resemble one person (right) more than any other",
}


def draw_pictures(
    record: dict[str, Any], material: Material, samples: Samples, classes: tuple[str, ...], audit: Audit | None
) -> dict[tuple[str, str], bytes]:
    """PNG files by their place in the report; see `report`."""
    metrics = record["metrics"]
    heldout = material.heldout.images
    drawn: dict[tuple[str, str], bytes | None] = {("ratios", ""): figures.ratios_plot(metrics)}
    for extractor in record["evaluation"]["features"]:
        drawn["shares", extractor] = figures.shares_plot(metrics, extractor)
    drawn["histogram", ""] = figures.histogram_plot(samples.images, heldout)
    drawn["spectrum", ""] = figures.spectrum_plot(samples.images, heldout)
    for name, space in audit.spaces.items() if audit else ():
        drawn["distances", name] = figures.distances_plot(
            space.generated.distances,
            space.heldout.distances,
            space.threshold,
            f"distance to the nearest training image ({name})",
        )
    for label, name in enumerate(classes or ("",)):
        generated = np.flatnonzero(samples.labels["class"] == label) if name else np.arange(len(samples.labels))
        real = np.flatnonzero(material.heldout.labels["class"] == label) if name else np.arange(len(heldout))
        if len(generated):
            drawn["generated", name] = figures.grid(samples.images[generated[:GRID]], COLUMNS)
        if len(real):
            chosen = np.random.default_rng(0).permutation(real)[:GRID]
            drawn["heldout", name] = figures.grid(heldout[chosen], COLUMNS)
    return {name: png for name, png in drawn.items() if png is not None}


def draw_pairs(
    material: Material, samples: Samples, classes: tuple[str, ...], audit: Audit
) -> dict[str, list[tuple[bytes, str]]]:
    """Pairs to look at side by side: heading to (PNG, caption), closest first."""
    train, sheets = material.train, {}
    for by, name in [("distance", "pixel"), *(("ratio", name) for name in audit.spaces)]:
        sheets[SHEETS[by].format(space=name)] = [
            (
                figures.pair(samples.images[found["generated"]], train.images[found["training"]]),
                f"{_name(samples, found['generated'], classes)} · {train.names[found['training']]} · distance "
                f"{found['distance']:.3f}, ratio {found['ratio']:.2f}",
            )
            for found in audit.spaces[name].closest(PAIRS, by)
        ]
    sheets["Generated images that resemble each other most"] = [
        (
            figures.pair(samples.images[first], samples.images[second]),
            f"{_name(samples, first, classes)} · {_name(samples, second, classes)} · distance {distance:.3f}",
        )
        for first, second, distance in audit.near_duplicates[: PAIRS // 2]
    ]
    return {heading: pairs for heading, pairs in sheets.items() if pairs}


def _name(samples: Samples, row: int, classes: tuple[str, ...]) -> str:
    """The number that the audit uses, which is that of the latent unless there are classes."""
    latent = f" ({classes[samples.labels['class'][row]]} latent {samples.indices[row]})" if classes else ""
    return f"number {row}{latent}"
