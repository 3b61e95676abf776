"""The pictures of the report, as PNG bytes."""

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_stylegan.data.image_files import encode_png, enlarge, tile
from keras_stylegan.data.intensity import to_float
from keras_stylegan.evaluation.numbers import title
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key

GENERATED, REAL, TRAINING = "#d55e00", "#0072b2", "#009e73"
"""Okabe and Ito's palette, told apart by colour-blind readers too."""
LEAST_WIDTH = 192
"""Small images are enlarged to about this many pixels, without smoothing."""
MOST_CURVES = 2000
"""Images whose spectra and intensities are averaged for a curve."""


def picture(image: np.ndarray, width: int = LEAST_WIDTH) -> bytes:
    """One image as PNG, enlarged by a whole factor.

    Args:
        image: (H, W, C) integers.
        width: Wanted width in pixels.
    """
    factor = max(1, round(width / image.shape[1]))
    return encode_png(to_float(image.repeat(factor, axis=0).repeat(factor, axis=1)))


def pair(first: np.ndarray, second: np.ndarray) -> bytes:
    """Two images side by side with a white gap."""
    gap = np.full((first.shape[0], max(1, first.shape[1] // 32), first.shape[2]), np.iinfo(first.dtype).max)
    return picture(np.concatenate([first, gap.astype(first.dtype), second], axis=1), 2 * LEAST_WIDTH)


def grid(images: np.ndarray, columns: int = 8) -> bytes:
    """A grid of images (N, H, W, C), enlarged if they are small."""
    return encode_png(enlarge(tile(to_float(images), columns, pad=1)))


def histogram_plot(generated: np.ndarray, heldout: np.ndarray) -> bytes:
    """Intensity histograms of generated and held-out images."""
    from keras_stylegan.metrics.spectrum import intensity_histogram

    figure, axis = _figure()
    for images, colour, name in ((heldout, REAL, "held-out"), (generated, GENERATED, "generated")):
        levels, share = intensity_histogram(_some(images))
        axis.plot(levels, np.maximum(100 * share, 1e-3), color=colour, label=name, linewidth=1.6)
    axis.set_yscale("log")
    axis.set_xlabel("grey value (−1 black, 1 white)")
    axis.set_ylabel("share of pixels (%, log)")
    return _png(figure, axis)


def spectrum_plot(generated: np.ndarray, heldout: np.ndarray) -> bytes:
    """Radial power spectra of generated and held-out images, with the spread over images."""
    from keras_stylegan.metrics.spectrum import radial_power

    figure, axis = _figure()
    for images, colour, name in ((heldout, REAL, "held-out"), (generated, GENERATED, "generated")):
        frequencies, power = radial_power(_some(images))
        decibel = 10 * np.log10(np.maximum(power, 1e-12))
        axis.plot(frequencies, decibel.mean(axis=0), color=colour, label=f"{name} (mean)", linewidth=1.8)
        low, high = np.percentile(decibel, [5, 95], axis=0)
        axis.fill_between(frequencies, low, high, color=colour, alpha=0.15, linewidth=0)
    axis.set_xlabel("spatial frequency (cycles per pixel)")
    axis.set_ylabel("power (dB); band: 5 to 95 % of images")
    return _png(figure, axis)


def shares_plot(metrics: dict[Key, dict[str, Any]], extractor: str) -> bytes | None:
    """Metrics of which more is better, of all images together, beside those of real ones; None if not measured."""
    shown = {
        METRICS[key.metric].title: entry
        for key, entry in metrics.items()
        if METRICS[key.metric].better == "higher" and key == Key(key.metric, extractor)
    }
    if not shown:
        return None
    figure, axis = _figure(height=0.55 * len(shown) + 1.2)
    for row, entry in enumerate(shown.values()):
        floor = entry["floor"]
        axis.barh(row - 0.2, entry["value"], height=0.36, color=GENERATED, label=None if row else "generated")
        if floor:
            axis.barh(row + 0.2, floor["value"], height=0.36, color=REAL, label=None if row else "real subjects")
            axis.text(floor["value"], row + 0.2, f" {floor['value']:.2f}", va="center", fontsize=9)
        low, high = entry["interval"] or (entry["value"], entry["value"])
        axis.plot([low, high], [row - 0.2] * 2, color="black", linewidth=1.2)
        axis.text(max(high, entry["value"]), row - 0.2, f" {entry['value']:.2f}", va="center", fontsize=9)
    axis.set_yticks(range(len(shown)), list(shown))
    axis.invert_yaxis()
    axis.margins(x=0.15)
    return _png(figure, axis, legend_outside=True)


def ratios_plot(metrics: dict[Key, dict[str, Any]]) -> bytes | None:
    """The ratios of all distances to their floors, of all images together; None if there is none."""
    shown = {
        key: entry["ratio"]
        for key, entry in metrics.items()
        if METRICS[key.metric].better == "lower" and entry["ratio"] is not None and not key.group
    }
    if not shown:
        return None
    figure, axis = _figure(height=0.5 * len(shown) + 1.3)
    axis.barh(range(len(shown)), list(shown.values()), height=0.6, color=GENERATED)
    for row, value in enumerate(shown.values()):
        axis.text(value, row, f" {value:.1f}×", va="center", fontsize=9)
    axis.axvline(1, color=REAL, linewidth=1.6, label="floor: two groups of real subjects")
    axis.set_yticks(range(len(shown)), [title(key) for key in shown])
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.margins(x=0.15)
    axis.set_xlabel("distance / floor")
    return _png(figure, axis, legend_outside=True)


def distances_plot(generated: np.ndarray, null: np.ndarray, threshold: float, unit: str) -> bytes:
    """Distances to the nearest training image: of generated images, and of held-out ones (the null).

    Args:
        generated: (N,) distances.
        null: (M,) distances.
        threshold: The null's first percentile.
        unit: Label of the axis.
    """
    figure, axis = _figure()
    edges = np.linspace(0, np.percentile(np.concatenate([generated, null]), 99.5) * 1.05 + 1e-12, 48)
    for values, colour, name in ((null, REAL, "held-out (null)"), (generated, GENERATED, "generated")):
        density, _ = np.histogram(values, edges, density=True)
        axis.stairs(density, edges, color=colour, label=name, fill=True, alpha=0.3)
        axis.stairs(density, edges, color=colour, linewidth=1.6)
    axis.axvline(threshold, color="black", linestyle="--", linewidth=1.2, label="1st percentile of the null")
    axis.set_xlabel(unit)
    axis.set_ylabel("density")
    return _png(figure, axis)


def _some(images: np.ndarray) -> np.ndarray:
    return images[:: max(1, len(images) // MOST_CURVES)]


def _figure(height: float = 3.4) -> tuple[Figure, Any]:
    figure = Figure(figsize=(6, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(True, color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)
    return figure, axis


def _png(figure: Figure, axis: Any, legend_outside: bool = False) -> bytes:
    if legend_outside:
        axis.legend(frameon=False, fontsize=9, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    else:
        axis.legend(frameon=False, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
