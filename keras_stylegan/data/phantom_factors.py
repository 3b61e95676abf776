"""Random factors of a brain phantom: drawn here, applied in `phantom`."""

from dataclasses import dataclass

import numpy as np

CLASSES = ("AD", "NC")
"""Class names; a label is an index into this tuple, so label 0 is `"AD"`."""

SUBJECT_FACTORS = (
    "label",
    "ventricle_scale",
    "ventricle_asymmetry",
    "cortical_thickness_mm",
    "sulcal_width_mm",
    "brain_width_mm",
    "brain_length_mm",
    "texture_seed",
)
"""Fields that belong to a subject; every other field is drawn anew for each of its slices."""


@dataclass(frozen=True)
class PhantomFactors:
    """Everything `render` needs: two equal factor sets give two equal images."""

    label: int
    """Index into `CLASSES`."""
    ventricle_scale: float
    """Width of the lateral and third ventricles relative to the normal template, 1 being normal."""
    ventricle_asymmetry: float
    """Left ventricle is `1 + ventricle_asymmetry` and right `1 - ventricle_asymmetry` times as wide."""
    cortical_thickness_mm: float
    """Thickness of the grey ribbon on either wall of a sulcus, measured across it."""
    sulcal_width_mm: float
    """Width of the fluid between the two walls of a sulcus at the brain surface."""
    brain_width_mm: float
    """Left-right extent of the brain at the ventricles."""
    brain_length_mm: float
    """Front-back extent of the brain at the ventricles."""
    texture_seed: int
    """Seed of the folding pattern and of every other smooth random field of the subject."""
    slice_height_mm: float
    """Height of the slice above the lower end of the ventricles."""
    rotation_degrees: float
    """Counter-clockwise in-plane rotation."""
    shift_right_mm: float
    """Displacement of the brain centre towards the right edge of the image."""
    shift_up_mm: float
    """Displacement of the brain centre towards the upper edge of the image."""
    white_intensity: float
    """Noise-free intensity of white matter."""
    grey_intensity: float
    """Noise-free intensity of cortex."""
    fluid_intensity: float
    """Noise-free intensity of cerebrospinal fluid."""
    bias_amplitude: float
    """Largest relative change of intensity made by the bias field, 0 for none."""
    noise_sigma: float
    """Standard deviation of the noise in each of the two receiver channels, 0 for none."""
    noise_seed: int
    """Seed of the noise and of the bias field of this slice."""


def draw_factors(label: int, rng: np.random.Generator) -> PhantomFactors:
    """Draws the factors of one slice of a new subject.

    Alzheimer's disease enlarges the ventricles (Nestor et al., Brain 131, 2008) and thins the cortex. Normal
    thickness lies about the 2.5 mm average of Fischl and Dale (PNAS 97, 2000), and slices that cut the ribbon
    obliquely show more. The size of the class differences and every other range are chosen by eye, to look
    like skull-stripped T1-weighted slices; they are no estimate of any population.

    Args:
        label: Index into `CLASSES`.
        rng: `numpy.random.Generator`. It always advances by the same amount, whatever the label.

    Returns:
        `PhantomFactors`.

    Raises:
        ValueError: If `label` is no index into `CLASSES`.
    """
    if label not in range(len(CLASSES)):
        raise ValueError(f"`label` must be an index into {CLASSES}. Received: label={label}")
    diseased = CLASSES[label] == "AD"
    return PhantomFactors(
        label=int(label),
        ventricle_scale=float(np.exp(rng.normal(np.log(1.75 if diseased else 1.0), 0.2))),
        ventricle_asymmetry=float(np.clip(rng.normal(0.0, 0.06), -0.2, 0.2)),
        cortical_thickness_mm=float(rng.normal(2.3 if diseased else 2.9, 0.18)),
        sulcal_width_mm=float(np.clip(rng.normal(2.6 if diseased else 1.4, 0.3), 0.6, None)),
        brain_width_mm=float(rng.normal(134.0, 3.5)),
        brain_length_mm=float(rng.normal(167.0, 4.0)),
        texture_seed=int(rng.integers(2**31)),
        slice_height_mm=float(rng.uniform(0.0, 40.0)),
        rotation_degrees=float(np.clip(rng.normal(0.0, 2.5), -8.0, 8.0)),
        shift_right_mm=float(np.clip(rng.normal(0.0, 1.5), -4.0, 4.0)),
        shift_up_mm=float(np.clip(rng.normal(0.0, 1.5), -4.0, 4.0)),
        white_intensity=float(rng.uniform(0.8, 0.9)),
        grey_intensity=float(rng.uniform(0.46, 0.58)),
        fluid_intensity=float(rng.uniform(0.08, 0.15)),
        bias_amplitude=float(rng.uniform(0.0, 0.1)),
        noise_sigma=float(rng.uniform(0.01, 0.035)),
        noise_seed=int(rng.integers(2**31)),
    )
