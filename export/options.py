"""Options of the command `export`. Standard library only, so that the command line can show them at once."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_stylegan.config.checks import choices, require

OPSETS = range(13, 19)
"""ONNX operator sets that the converter writes and the checks cover."""


@dataclass(frozen=True)
class ExportOptions:
    """What the ONNX files are to look like. Inputs and outputs stay float32 unless `output` says otherwise."""

    format: Literal["onnx", "huggingface", "medigan", "monai"] = "onnx"
    """'onnx': ONNX files and a .keras file. Or a folder for Hugging Face, medigan or MONAI, with a model card."""
    output_dir: Path | None = None
    """Folder of the files; by default `export/` in the run folder, or export/<format>/."""
    dataset: str | None = None
    """What the training images are called in cards, such as 'ADNI' or an identifier at Hugging Face."""
    page: bool = False
    """Also write generator.html: one file that draws images in a browser, without a server or a network."""
    noise: Literal["const", "none", "input"] = "const"
    """Noise of the synthesis network: its fixed maps, none, or inputs noise_0, noise_1, ... of the graph."""
    layout: Literal["nhwc", "nchw"] = "nhwc"
    """Axes of the images: (N, H, W, C) or (N, C, H, W)."""
    output: Literal["float32", "uint8"] = "float32"
    """Pixels: float32 in [-1, 1], or uint8 in 0-255, then always RGB and (N, 3, H, W), as torch-fidelity reads it."""
    precision: Literal["float32", "float16"] = "float32"
    """Weights and arithmetic. float16 is half the size and meant for GPUs; inputs and outputs stay float32."""
    opset: int = 17
    """Version of the ONNX operator set: a lower one runs in older runtimes."""
    pixel_size_mm: float | None = None
    """Side of a pixel of the generated images in mm: it goes into the metadata. By default that of the training set,
    if it was made of volumes."""

    def __post_init__(self) -> None:
        for name, legal in choices(ExportOptions).items():
            require(getattr(self, name) in legal, name, f"one of {legal}", getattr(self, name))
        require(self.opset in OPSETS, "opset", f"from {OPSETS[0]} to {OPSETS[-1]}", self.opset)
        for name in ("format", "layout", "output", "precision") if self.page else ():
            default = getattr(ExportOptions, name)
            require(getattr(self, name) == default, name, f"{default!r} for a page", getattr(self, name))
        size = self.pixel_size_mm
        require(size is None or 0 < size < math.inf, "pixel_size_mm", "a number above 0", size)
