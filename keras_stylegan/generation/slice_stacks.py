"""Volumes of a run that knows where a slice lies: the slices of one latent, one above the other."""

import time
from typing import Any

import numpy as np
from rich.progress import track

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.geometry import Geometry
from keras_stylegan.data.image_files import save_grid
from keras_stylegan.data.volumes.synthetic import encode_nifti
from keras_stylegan.errors import InputError

POSITION, SHARE = "slice_position_mm", "slice_share"
"""The covariates of prepared datasets: where a slice lies, and which share of the brain's height is below it."""
COLUMNS = 8
"""Slices of a volume in the picture of the volumes."""
SHOWN = 16
"""Volumes in it."""


def positions(asked: Any, geometry: Geometry) -> np.ndarray:
    """Where the slices of a volume lie in mm: over the range of the training images, at their distance.

    Returns:
        (S,), ascending; empty for a run that does not know the position, or where it is given and every image is one
        slice.
    """
    known = {item.name: item for item in asked.trained.covariates}
    if POSITION not in known or POSITION in asked.given:
        return np.zeros(0)
    item, step = known[POSITION], geometry.slice_spacing_mm
    return item.minimum + step * np.arange(int((item.maximum - item.minimum) / step + 1e-6) + 1)


def volume_inputs(asked: Any, number: int, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z (S, z_dim), S times the same, and labels (S, c_dim + K) with the positions.

    The share of the brain's height, if the run is conditioned on it too and it is not given, goes along with the
    position by the quantiles of the training images; all other covariates are those of the image `number`.
    """
    others = {POSITION: heights}
    known = {item.name: item.quantiles[asked.class_of(number) or 0] for item in asked.trained.covariates}
    if SHARE in known and SHARE not in asked.given:
        others[SHARE] = np.interp(heights, known[POSITION], known[SHARE])
    z, label = asked.inputs(range(number, number + 1))
    label = np.repeat(label, len(heights), axis=0)
    for place, name in enumerate(known):
        if name in others:
            label[:, asked.trained.generator.c_dim + place] = others[name]
    return np.repeat(z, len(heights), axis=0), label


def write_volumes(renderer: Any, asked: Any, options: Any, geometry: Geometry, heights: np.ndarray) -> str:
    """Writes `options.count` volumes `<name>.nii.gz` and `grid.png` with some slices of the first; the line to say.

    Args:
        renderer: Draws the slices; the noise is the same in all slices of a volume.
        asked: `AskedImages`; image number n becomes volume number n.
        options: `GenerateOptions`.
        geometry: Of the training images.
        heights: Of `positions`.

    Raises:
        InputError: The generator gives values that are not finite, or a file cannot be written.
    """
    weights, rows = asked.trained.weights_sha256, []
    start = time.perf_counter()
    for number in track(range(options.count), description="Volumes", total=options.count):
        (index,) = asked.indices(range(number, number + 1))
        slices = renderer.images(renderer.styles(*volume_inputs(asked, number, heights)), [index] * len(heights))
        if not np.isfinite(slices).all():
            raise InputError("The run's generator gives values that are not finite: choose an earlier checkpoint.")
        record = {
            "weights_sha256": weights,
            "seed": options.seed,
            "index": index,
            "label": asked.class_name(number),
            "covariates": {name: float(value[0]) for name, value in asked.covariates(range(number, number + 1)).items()
                           if name not in (POSITION, SHARE)},
            "truncation_psi": options.truncation_psi,
        }  # fmt: skip
        content = encode_nifti(slices, geometry, record, first_mm=float(heights[0]))
        replace_file(options.output_dir / f"{asked.name(number)}.nii.gz", content, sync=False)
        if number < SHOWN:
            rows.append(slices[np.round(np.linspace(0, len(slices) - 1, COLUMNS)).astype(int)])
    seconds = time.perf_counter() - start
    save_grid(options.output_dir / "grid.png", np.concatenate(rows), COLUMNS)
    return (
        f"{options.count} volumes of {len(heights)} slices, {heights[0]:g} to {heights[-1]:g} mm, in {seconds:.1f} s: "
        f"{asked.name(0)}.nii.gz ..., {COLUMNS} slices of each in grid.png"
    )
