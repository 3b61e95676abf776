"""Options of the command `usefulness`. No framework is imported, so that the command line can show them at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_stylegan.config.checks import choices, require, require_at_least, require_at_most, require_types
from keras_stylegan.errors import InputError


@dataclass(frozen=True)
class UsefulnessOptions:
    """How many people, how many generated images, and how long is learnt."""

    subjects: tuple[int, ...] = (10, 20, 40, 80)
    """Training subjects whose real images are used, besides all of them; numbers that the run does not have are left
    out."""
    ratios: tuple[float, ...] = (1.0, 2.0)
    """Generated images for every real one."""
    seeds: int = 3
    """Repetitions: each draws other subjects and starts other networks."""
    steps: int = 500
    """Updates of every classifier, of 64 images each, the same with and without generated images."""
    seed: int = 0
    """Of the generated images, the subjects, the networks and the intervals."""
    checkpoint: Literal["newest", "best"] = "newest"
    """The newest checkpoint of the run, or the best one by its evaluations during training."""
    data_path: Path | None = None
    """The images the run was trained on, if they have moved since; by default where the run found them."""
    heldout_path: Path | None = None
    """Folder with images of subjects that the run has not seen; by default test/ of its own data."""
    output_dir: Path | None = None
    """Folder of usefulness.json, usefulness.md and usefulness.png; by default evaluation/ in the run folder."""

    def __post_init__(self) -> None:
        require_types(self)
        require_at_least(self, 1, "seeds", "steps")
        require_at_most(self, 100, "seeds")
        require_at_most(self, 1_000_000, "steps")
        require(0 <= self.seed < 2**64, "seed", "from 0 to 2^64 − 1", self.seed)
        for name, least in (("subjects", 2), ("ratios", 0)):
            values = getattr(self, name)
            good = all(value >= least and value < 1_000_000 and (least or value > 0) for value in values)
            good = good and sorted(set(values)) == list(values)
            expected = "different, growing numbers" + (f" from {least}" if least else " above 0")
            require(good, name, expected, values)
        if not self.ratios:
            raise InputError("ratios must hold at least one number. Received: ()")
        known = choices(UsefulnessOptions)["checkpoint"]
        require(self.checkpoint in known, "checkpoint", "'newest' or 'best'", self.checkpoint)
