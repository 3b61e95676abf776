"""Options of the command `evaluate`. No framework is imported, so that the command line can show them at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_stylegan.config.checks import choices, require
from keras_stylegan.config.limits import MOST_EVALUATED
from keras_stylegan.errors import InputError

EXTRACTORS = ("random", "smooth", "domain", "inception")
"""Feature extractors by name; any other one is an ONNX file."""

MOST_PROJECTED = 10_000


@dataclass(frozen=True)
class EvaluateOptions:
    """What to measure, and against what. Images are generated without truncation, as the model learned them."""

    count: int = 5000
    """Images to generate. A conditional model's are shared by the classes as the held-out images are."""
    seed: int = 0
    """Seed of the latents and of all random draws of the metrics. Feature extractors are the same for every seed."""
    features: tuple[str, ...] = ("random", "smooth")
    """Feature extractors: 'random' (untrained, needs no download), 'smooth' (the same without texture and background:
    what both miss is shape), 'domain' (trained on the run's own training images), 'inception' (ImageNet; downloads its
    weights unless --weights is given), or the path of an ONNX file."""
    weights: Path | None = None
    """File with the weights of 'inception'."""
    checkpoint: Literal["newest", "best"] = "newest"
    """The newest checkpoint of the run, or the best one by its evaluations during training."""
    projected: int = 0
    """Training, held-out and generated images, as many of each, that are projected into the latent space to see whether
    the model makes its training subjects better than other people. Off by default: it takes seconds an image."""
    data_path: Path | None = None
    """The images the run was trained on, if they have moved since; by default where the run found them."""
    heldout_path: Path | None = None
    """Folder with images of subjects that the run has not seen; by default test/ of its own data."""
    output_dir: Path | None = None
    """Folder of report.html, metrics.json and MODEL_CARD.md; by default evaluation/ in the run folder."""

    def __post_init__(self) -> None:
        require(self.count >= 1, "count", "at least 1", self.count)
        require(self.count <= MOST_EVALUATED, "count", f"at most {MOST_EVALUATED:,}", self.count)
        require(0 <= self.seed < 2**64, "seed", "from 0 to 2^64 − 1", self.seed)
        legal = self.projected == 0 or 2 <= self.projected <= MOST_PROJECTED
        require(legal, "projected", f"0, or from 2 to {MOST_PROJECTED:,}", self.projected)
        if not self.features:
            raise InputError(f"features must name at least one extractor of {EXTRACTORS} or an ONNX file. Received: ()")
        for name in self.features:
            known = name in EXTRACTORS or name.endswith(".onnx")
            require(known, "features", f"of {EXTRACTORS} or paths of .onnx files", name)
        if len(set(self.features)) < len(self.features):
            raise InputError(f"features must name every extractor once. Received: {self.features!r}")
        require(
            self.checkpoint in choices(EvaluateOptions)["checkpoint"],
            "checkpoint",
            "'newest' or 'best'",
            self.checkpoint,
        )
