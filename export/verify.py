"""Compares exported ONNX files with the Keras generator that they came from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime

from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import label_array
from keras_stylegan.latent.latents import draw_latents, draw_noise

from .options import ExportOptions

VERIFICATION = "verification"
"""Metadata key of the numbers."""
BATCHES = ((16,), (3, 3, 3, 3, 3, 1), (16,), (3, 3, 3, 3, 3, 1))
"""Batch sizes of the ONNX files, for every 16 latents that Keras gets together."""
LATENTS = 64
TRUNCATIONS = (1.0, 0.7, 0.0)
LIMITS = {"float32": (1e-4, 1e-4), "float16": (2e-2, 2e-3)}
"""Largest and mean error, as shares of the value range."""


@dataclass
class Errors:
    """Errors of one file against Keras, as shares of the value range."""

    largest: float = 0.0
    where: str = ""
    total: float = 0.0
    count: int = 0

    def add(self, errors: np.ndarray, where: str) -> None:
        """Take in the absolute errors of one batch; NaN counts as infinite."""
        errors = np.where(np.isfinite(errors), errors, np.inf)
        if errors.max() > self.largest:
            place = tuple(int(i) for i in np.unravel_index(errors.argmax(), errors.shape))
            self.largest, self.where = float(errors.max()), f"{where}, element {place}"
        self.total += float(errors.sum())
        self.count += errors.size

    @property
    def mean(self) -> float:
        """Mean absolute error."""
        return self.total / max(self.count, 1)


@dataclass
class Report:
    """The result of `verify`."""

    precision: str
    errors: dict[str, Errors] = field(default_factory=dict)

    def text(self) -> str:
        """One line per file."""
        limit, mean = LIMITS[self.precision]
        lines = [
            f"{part}.onnx: largest error {errors.largest:.1e}, mean {errors.mean:.1e} of the value range"
            for part, errors in self.errors.items()
        ]
        return "\n".join([*lines, f"(limits {limit:g} and {mean:g}; {LATENTS} latents per class and truncation)"])

    def numbers(self) -> dict[str, Any]:
        """For the metadata."""
        return {
            "latents": LATENTS,
            "batches": sorted({count for batches in BATCHES for count in batches}),
            "truncation_psi": sorted(TRUNCATIONS),
            "limits": LIMITS[self.precision],
            **{part: {"largest": errors.largest, "mean": errors.mean} for part, errors in self.errors.items()},
        }


def verify(generator: Any, folder: Path, options: ExportOptions) -> Report:
    """Check `generator.onnx`, `mapping.onnx` and `synthesis.onnx` of a folder against Keras.

    64 latents, in batches of 16, 3 and 1, for truncation 0, 0.7 and 1 and every class, with covariates that go from one
    end of their range to the other.

    Args:
        generator: The generator they were made from.
        folder: Of the three files.
        options: The options they were made with.

    Raises:
        InputError: A file is no valid ONNX, does not load, or differs by more than `LIMITS`; the message says where.
    """
    sessions = {part: _load(folder / f"{part}.onnx") for part in ("generator", "mapping", "synthesis")}
    report = Report(options.precision, {part: Errors() for part in sessions})
    w_range = None
    for where, feeds, ws, images in _batches(generator, options):
        # The first batch is not truncated: its styles show the range of w.
        w_range = np.ptp(ws) or 1.0 if w_range is None else w_range
        noise = {name: value for name, value in feeds.items() if name.startswith("noise_")}
        latent = {name: value for name, value in feeds.items() if name not in noise}
        report.errors["mapping"].add(np.abs(_run(sessions["mapping"], latent) - ws) / w_range, where)
        for part, inputs in (("generator", feeds), ("synthesis", {"w": ws, **noise})):
            report.errors[part].add(_image_errors(_run(sessions[part], inputs), images, options), where)
    largest, mean = LIMITS[options.precision]
    for part, errors in report.errors.items():
        if errors.largest > largest or errors.mean > mean:
            raise InputError(
                f"{part}.onnx differs from Keras by up to {errors.largest:.1e} (limit {largest:g}), on average "
                f"{errors.mean:.1e} (limit {mean:g}) of the value range; worst at {errors.where}. Nothing was exported"
            )
    return report


def _load(path):
    try:
        onnx.checker.check_model(path, full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnx and onnxruntime have no common base for "this file is wrong".
        raise InputError(f"{path.name} is not a valid ONNX model: {error}".splitlines()[0]) from error


def _run(session, feeds):
    return session.run(None, feeds)[0]


def _batches(generator, options):
    """(where, inputs for onnxruntime, Keras's styles, Keras's images) for every batch to compare."""
    for label in range(max(generator.c_dim, 1)):
        for truncation_psi in TRUNCATIONS:
            for first, counts in zip(range(0, LATENTS, 16), BATCHES, strict=True):
                feeds, ws, images = _reference(generator, options, range(first, first + 16), label, truncation_psi)
                ends = np.cumsum(counts)
                for start, end in zip(ends - counts, ends, strict=True):
                    where = (
                        f"class {label}, truncation {truncation_psi:g}, latents {first + start} to {first + end - 1}"
                    )
                    # Only the truncation is a scalar.
                    batch = {name: value[start:end] if value.ndim else value for name, value in feeds.items()}
                    yield where, batch, ws[start:end], images[start:end]


def _reference(generator, options, indices, label, truncation_psi):
    """Inputs for onnxruntime, and Keras's styles and images (N, H, W, C), clipped to [-1, 1]."""
    z = draw_latents(0, indices, generator.z_dim)
    feeds = {"z": z, "truncation_psi": np.array(truncation_psi, np.float32)}
    if generator.c_dim:
        feeds["label"] = np.full(len(z), label, np.int64)
    # From the smallest to the largest value of the training images, each covariate in an order of its own.
    steps = np.array(list(indices), np.float64) / (LATENTS - 1)
    numbers = {
        name: spread.minimum + (steps * (2 * place + 1)) % 1.0001 * (spread.maximum - spread.minimum)
        for place, (name, spread) in enumerate(generator.covariates.items())
    }
    if numbers:
        feeds["covariates"] = np.stack(list(numbers.values()), axis=1).astype(np.float32)
    vector = label_array(generator, np.full(len(z), label), numbers)
    noise = options.noise
    if noise == "input":
        sizes = [shape[1:3] for shape in generator.synthesis.noise_shapes(1)]
        noise = draw_noise(0, indices, sizes)
        feeds |= {f"noise_{i}": value for i, value in enumerate(noise)}
    ws = keras.ops.convert_to_numpy(generator.mapping(z, vector, truncation_psi=truncation_psi))
    images = keras.ops.convert_to_numpy(generator.synthesis(ws, noise=noise))
    if not np.isfinite(images).all():
        raise InputError("The run's generator gives values that are not finite: choose an earlier checkpoint")
    return feeds, ws, np.clip(images, -1, 1)


def _image_errors(outputs, images, options):
    """Absolute errors as shares of the value range."""
    if options.output == "uint8":
        expected = (images.transpose(0, 3, 1, 2).astype(np.float64) + 1) * 127.5
        # Rounding to the nearest integer is no error: it moves a value by half a level at most.
        return np.maximum(np.abs(outputs - expected) - 0.5, 0) / 255
    if options.layout == "nchw":
        images = images.transpose(0, 3, 1, 2)
    return np.abs(outputs - images) / 2
